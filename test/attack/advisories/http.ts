import { expect } from 'vitest';
import * as cookie from '../../cookie/people.ts';
import { rawRequest, sendRaw } from '../../raw-http.ts';
import { startServer } from '../../server.ts';
import { goodPassword, loggedIn, logIn, me, registered } from '../../standard/people.ts';
import { count } from '../../standard/stored.ts';
import { operationsOf } from '../operations.ts';
import { ada } from './ada.ts';
import type { Check } from './check.ts';

const body = JSON.stringify({ email: ada, password: 'not the password' });
const json = ['Content-Type: application/json', `Content-Length: ${body.length}`];

const oddAddresses = [
  'a',
  '',
  ' ',
  'unknown',
  '203.0.113.7:99999',
  '1'.repeat(300),
  '::1%eth0',
  '[::1]',
  '0x7f.1',
  '__proto__',
  "' or 1=1",
  Array(300).fill('1.2.3.4').join(','),
  ',,,',
  '\u00e9',
];

export const httpChecks: Check[] = [
  {
    title: 'no other spelling of a path gets round its limit: it is the same path, or none',
    ids: ['adv-065'],
    run: async () => {
      const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
      const [prefix, last] = ['/api/v1/auth', 'login'];
      const spellings = [
        `/${prefix}/${last}`,
        `${prefix}//${last}`,
        `${prefix}/./${last}`,
        `${prefix}/x/../${last}`,
        `${prefix}/${last}/`,
        `${prefix}/%6Cogin`,
        `${prefix}%2Flogin`,
        `${prefix}/LOGIN`,
        `${prefix}/${last};x`,
        `${prefix}/${last}?x`,
        `${prefix}/${last}%00`,
        `${prefix}/${last}#x`,
        `http://localhost${prefix}/${last}`,
        `${prefix}/${last}%20`,
        `\\api\\v1\\auth\\login`,
      ];
      let evaluated = 0;
      for (let turn = 0; turn < 4; turn += 1) {
        for (const target of spellings) {
          const before = server.engine.hashingCounts().completed;
          const answers = await sendRaw(server, rawRequest(`POST ${target}`, json, body));
          for (const { status } of answers) expect([400, 401, 403, 404, 405, 429], target).toContain(status);
          evaluated += server.engine.hashingCounts().completed - before;
        }
      }
      // The limit of ten a minute, whatever they were spelled like; nobody is there, and so is the lock of five.
      expect(evaluated).toBeLessThanOrEqual(10);
      expect((await sendRaw(server, rawRequest(`POST ${prefix}/${last}`, json, body)))[0]?.status).toBe(429);
    },
  },
  {
    title: 'a forwarded address that cannot be read neither lets in nor breaks anything',
    ids: ['adv-066'],
    run: async () => {
      for (const trusted of ['', '127.0.0.1']) {
        const server = await startServer({ TEGATA_RATE_LIMITS: 'on', ...(trusted ? { TEGATA_TRUSTED_PROXIES: trusted } : {}) });
        await registered(server, ada);
        const statuses: number[] = [];
        for (const address of oddAddresses) {
          const headers = [...json, `X-Forwarded-For: ${address}`];
          const [answer] = await sendRaw(server, rawRequest('POST /api/v1/auth/login', headers, body));
          statuses.push(answer?.status ?? 0);
        }
        for (const status of statuses) expect([401, 403, 429]).toContain(status);
        expect(statuses).toContain(429);
      }
    },
  },
  {
    title: 'who is no trusted proxy cannot leave the bucket by saying it came from elsewhere',
    ids: ['adv-067'],
    run: async () => {
      const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
      const names = [
        'x-forwarded-for',
        'forwarded',
        'x-real-ip',
        'cf-connecting-ip',
        'true-client-ip',
        'x-client-ip',
        'x-cluster-client-ip',
        'fastly-client-ip',
      ];
      const statuses: number[] = [];
      for (let turn = 0; turn < 40; turn += 1) {
        const headers = Object.fromEntries(
          names.map((name) => [name, name === 'forwarded' ? `for=203.0.113.${turn}` : `203.0.113.${turn}`]),
        );
        statuses.push((await logIn(server, `nobody${turn}@example.com`, { headers })).status);
      }
      expect(statuses.filter((status) => status === 401)).toHaveLength(10);
      expect(statuses.filter((status) => status === 429)).toHaveLength(30);
    },
  },
  {
    title: 'a body that does not say application/json is not read, however that is written',
    ids: ['adv-068', 'adv-069', 'adv-072'],
    run: async () => {
      const server = await startServer({ TEGATA_CONTRACTS: 'standard,cookie,bearer' });
      const types = [
        'text/plain',
        'TEXT/PLAIN',
        'application/x-www-form-urlencoded',
        'Application/X-WWW-Form-Urlencoded',
        'multipart/form-data; boundary=x',
        'Multipart/Form-Data; boundary=x',
        'application/jsonx',
        'application/json, text/plain',
        'text/plain; a=application/json',
        'text/plain,application/json',
        ';application/json',
        'application',
        '/json',
        'application/ json',
        'application/json\ttext/plain',
        'application/json x',
      ];
      for (const operation of (await operationsOf(server)).filter(
        ({ bodyType, method }) => bodyType === 'application/json' && method !== 'GET',
      )) {
        for (const type of [...types, undefined]) {
          const made = JSON.stringify({
            email: 'new@example.com',
            password: goodPassword,
            name: 'Ada',
            new_password: goodPassword,
            current_password: goodPassword,
            token: 'x',
          });
          const headers = [...(type === undefined ? [] : [`Content-Type: ${type}`]), `Content-Length: ${made.length}`];
          const [answer] = await sendRaw(server, rawRequest(`${operation.method} ${operation.path}`, headers, made));
          const isPage = answer?.headers.some(([name, value]) => name === 'content-type' && value.startsWith('text/html'));
          if (!isPage) expect([415, 401, 400], `${operation.path} as ${type}`).toContain(answer?.status);
        }
      }
      expect(count(server, 'users')).toBe(0);
      // What says so in other letters is read, and validated as ever.
      for (const type of [
        'application/json',
        'Application/JSON',
        'application/json;charset=utf-8',
        'application/json ; charset="utf-8"',
        '\tapplication/json',
      ]) {
        const wrong = JSON.stringify({ email: 'no address', password: 5 });
        const [answer] = await sendRaw(
          server,
          rawRequest('POST /api/v1/auth/register', [`Content-Type: ${type}`, `Content-Length: ${wrong.length}`], wrong),
        );
        expect(answer?.status, type).toBe(400);
        expect(JSON.parse(answer?.body ?? '{}').error.code).toBe('VALIDATION_ERROR');
      }
    },
  },
  {
    title: 'names of prototypes as header, parameter, cookie, member and claim are only names',
    ids: ['adv-070'],
    run: async () => {
      const server = await startServer({ TEGATA_CONTRACTS: 'standard,cookie,bearer' });
      await registered(server, ada);
      const { accessToken } = await loggedIn(server, ada);
      const names = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__'];
      for (const operation of await operationsOf(server)) {
        if (operation.path === '/api/v1/revocations') continue;
        for (const name of names) {
          const text = `{"${name}":{"isAdmin":true,"email":"${ada}"},"email":{"${name}":1},"password":"${name}"}`;
          const path = `${operation.path.replace(/google|01990000-[\w-]+/, name)}?${name}=1&${name}[x]=1&constructor[prototype][x]=1`;
          const headers = { 'content-type': 'application/json', [name.toLowerCase()]: '1', 'x-csrf-token': name };
          const logsOut = /logout|signout|DELETE/.test(`${operation.path} ${operation.method}`);
          const answer = await server.call(operation.method, path, {
            ...(logsOut ? {} : { token: accessToken }),
            headers,
            cookie: `${name}=1; access_token=${name}`,
            ...(operation.method === 'GET' ? {} : { body: text }),
          });
          expect(answer.status, `${operation.method} ${path}`).toBeLessThan(500);
          const typed = await server.call(operation.method, operation.path, {
            headers: { 'content-type': name },
            ...(operation.method === 'GET' ? {} : { body: '{}' }),
          });
          expect(typed.status).toBeLessThan(500);
        }
      }
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
      expect((await me(server, accessToken)).status).toBe(200);
    },
  },
  {
    title: 'the CSRF token of one session is refused with the cookies of another',
    ids: ['adv-071'],
    run: async () => {
      const server = await startServer({ TEGATA_CONTRACTS: 'cookie' });
      const person = await cookie.signedUp(server, ada);
      const eve = await cookie.signedUp(server, 'eve@example.com');
      const again = await cookie.signedIn(server, ada);
      for (const other of [eve, again]) {
        const cookies = [person.accessCookie, person.refreshCookie, other.csrfCookie].join('; ');
        const headers = { 'x-csrf-token': other.csrfToken };
        for (const call of [cookie.signOut, cookie.signOutEverywhere, cookie.refresh])
          expect((await call(server, { cookie: cookies, headers })).status).toBe(403);
        expect((await cookie.deleteAccount(server, cookie.goodPassword, { cookie: cookies, headers })).status).toBe(403);
      }
      expect((await cookie.me(server, { cookie: person.accessCookie })).status).toBe(200);
    },
  },
];
