import { expect } from 'vitest';
import * as cookie from '../../cookie/people.ts';
import { type Answer, cookiePair, startServer } from '../../server.ts';
import {
  addEmail,
  addedEmail,
  emailsOf,
  forgot,
  goodPassword,
  loggedIn,
  logIn,
  makePrimary,
  me,
  refresh,
  register,
  tokenFor,
  undoEmailChange,
  verifyEmail,
} from '../../standard/people.ts';
import { rows } from '../../standard/stored.ts';
import { decodeToken, tokenIn } from '../../standard/tokens.ts';
import { operationsOf } from '../operations.ts';
import { ada, adaOn, reset } from './ada.ts';
import type { Check } from './check.ts';

const adaIn = async (settings: Record<string, string> = {}) => {
  const on = await adaOn(settings);
  return { ...on, ...(await loggedIn(on.server, ada)) };
};

export const sessionChecks: Check[] = [
  {
    title: 'of 32 refreshes at once of one token one lineage lives, and none of it after reuse',
    ids: ['adv-001', 'adv-002', 'adv-003', 'adv-004'],
    run: async () => {
      for (let round = 0; round < 3; round += 1) {
        const { server, refreshCookie } = await adaIn();
        const answers = await server.atOnce(32, () => refresh(server, refreshCookie));
        const served = answers.filter(({ status }) => status === 200);
        expect(served.length).toBeGreaterThan(0);
        for (const { status } of answers) expect([200, 401]).toContain(status);
        const successors = new Set(served.map((answer) => cookiePair(answer, 'refresh_token')));
        expect(successors.size).toBe(1);
        const [successor = ''] = successors;
        const next = await refresh(server, successor);
        expect(next.status).toBe(200);
        server.advance({ seconds: 11 });
        // Reuse: whatever came out of the race is dead, the branch that lost as well.
        expect((await refresh(server, refreshCookie)).status).toBe(401);
        for (const token of [...successors, cookiePair(next, 'refresh_token')])
          expect((await refresh(server, token)).status).toBe(401);
        for (const answer of [...served, next]) expect((await me(server, answer.body.data.access_token)).status).toBe(401);
      }
    },
  },
  {
    title: 'of 16 uses at once of a mailed secret one changes something',
    ids: ['adv-005', 'adv-006'],
    run: async () => {
      const { server } = await adaIn();
      await forgot(server, ada);
      const token = await tokenFor(server, ada, 'reset-password');
      const passwords = Array.from({ length: 16 }, (_, index) => `a new password ${index}`);
      const answers = await server.atOnce(16, (index) => reset(server, { token, password: passwords[index] ?? '' }));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const winner = answers.findIndex(({ status }) => status === 200);
      expect((await logIn(server, ada, { password: passwords[winner] ?? '' })).status).toBe(200);
      // A code: whoever was second is told that it is done, once in the log, and nobody gets a session by it.
      await register(server, 'mia@example.com');
      const { code = '' } = await server.newestMail('mia@example.com');
      const codes = await server.atOnce(16, () => verifyEmail(server, { email: 'mia@example.com', code }));
      for (const { cookies, body } of codes)
        expect([cookies, /access_token|eyJ/.test(JSON.stringify(body))]).toEqual([[], false]);
      const events = rows(server, "select id from audit_events where type = 'email.verified'");
      expect(events).toHaveLength(2);
      expect(rows(server, "select * from one_time_tokens where purpose = 'verify_email' and used_at is null")).toEqual([]);
    },
  },
  {
    title: 'a token confirms only the address that it was mailed to, however requests are mixed',
    ids: ['adv-007'],
    run: async () => {
      const { server, accessToken } = await adaIn();
      const wanted = ['one@example.com', 'two@example.com', 'three@example.com'];
      await server.atOnce(6, (index) => addEmail(server, accessToken, wanted[index % 3] ?? ''));
      const proved: string[] = [ada];
      for (const email of wanted) {
        if ((await server.mails(email)).length === 0) continue;
        const token = await tokenFor(server, email, 'verify-email');
        expect((await verifyEmail(server, { token })).status).toBe(200);
        proved.push(email);
        const verified = (await emailsOf(server, accessToken)).filter((each) => each.verified).map((each) => each.email);
        expect(verified.toSorted()).toEqual(proved.toSorted());
      }
      expect(proved.length).toBeGreaterThan(1);
    },
  },
  {
    title: 'a token of one kind is refused by every call that takes another kind',
    ids: ['adv-038'],
    run: async () => {
      const { server, accessToken, refreshCookie } = await adaIn();
      await addedEmail(server, accessToken, 'second@example.com');
      const second = (await emailsOf(server, accessToken)).find(({ email }) => email === 'second@example.com');
      await makePrimary(server, accessToken, second?.id ?? '');
      await addEmail(server, accessToken, 'third@example.com');
      await forgot(server, ada);
      const tokens: Record<string, string> = {
        access: accessToken,
        refresh: tokenIn(refreshCookie),
        verify: await tokenFor(server, 'third@example.com', 'verify-email'),
        reset: await tokenFor(server, ada, 'reset-password'),
        undo: await tokenFor(server, ada, 'undo-email'),
        session: decodeToken(accessToken).claims.sid,
      };
      const calls: Record<string, (token: string) => Promise<Answer>> = {
        access: (token) => me(server, token),
        refresh: (token) => refresh(server, `refresh_token=${token}`),
        verify: (token) => verifyEmail(server, { token }),
        undo: (token) => undoEmailChange(server, token),
        reset: (token) => reset(server, { token, password: 'another good password' }),
      };
      for (const [call, use] of Object.entries(calls))
        for (const [kind, token] of Object.entries(tokens))
          if (kind !== call) expect([400, 401], `${kind} as ${call}`).toContain((await use(token)).status);
      expect((await me(server, accessToken)).status).toBe(200);
    },
  },
  {
    title: 'after a change or a reset of the password no earlier refresh token works',
    ids: ['adv-044'],
    run: async () => {
      const { server, accessToken, refreshCookie } = await adaIn();
      const others = [await loggedIn(server, ada), await loggedIn(server, ada, { remember: true })];
      const change = { current_password: goodPassword, new_password: 'another good password' };
      expect((await server.call('POST', '/api/v1/auth/password/change', { token: accessToken, body: change })).status).toBe(200);
      for (const other of others) expect((await refresh(server, other.refreshCookie)).status).toBe(401);
      await forgot(server, ada);
      const token = await tokenFor(server, ada, 'reset-password');
      expect((await reset(server, { token, password: 'yet another password' })).status).toBe(200);
      expect((await refresh(server, refreshCookie)).status).toBe(401);
      expect((await me(server, accessToken)).status).toBe(401);
    },
  },
  {
    title: 'a forged cookie ends nobody’s session',
    ids: ['adv-045'],
    run: async () => {
      const server = await startServer({ TEGATA_CONTRACTS: 'cookie' });
      const person = await cookie.signedUp(server, ada);
      const { sid } = decodeToken(person.accessToken).claims;
      const [head, payload] = person.accessToken.split('.');
      for (const value of [
        sid,
        `${head}.${payload}.`,
        `${head}.${payload}.${'A'.repeat(43)}`,
        'null',
        '%00',
        '__proto__',
        person.userId,
      ]) {
        for (const name of ['access_token', 'refresh_token']) {
          await cookie.signOut(server, { cookie: `${name}=${value}` });
          await cookie.signOutEverywhere(server, { cookie: `${name}=${value}` });
        }
      }
      expect((await cookie.me(server, { cookie: person.accessCookie })).status).toBe(200);
    },
  },
  {
    title: 'nothing that can be read or computed without the server’s secret is a session',
    ids: ['adv-046'],
    run: async () => {
      const { server, userId, accessToken } = await adaIn({ TEGATA_CONTRACTS: 'standard,cookie' });
      const { sid, jti, sub } = decodeToken(accessToken).claims;
      const json = JSON.stringify({ sub, sid, exp: 9_999_999_999 });
      const made = [userId, sid, jti, ada, `${userId}:${sid}`, json].flatMap((text) => [
        text,
        Buffer.from(text).toString('base64'),
        Buffer.from(text).toString('base64url'),
      ]);
      for (const value of made) {
        expect((await me(server, value)).status).toBe(401);
        expect((await server.call('GET', '/auth/me', { cookie: `access_token=${value}` })).status).toBe(401);
        expect((await refresh(server, `refresh_token=${value}`)).status).toBe(401);
      }
      // Tokens of one moment share nothing that tells one from another.
      const ids = new Set<string>();
      for (let round = 0; round < 9; round += 1) ids.add(decodeToken((await loggedIn(server, ada)).accessToken).claims.jti);
      expect(ids.size).toBe(9);
    },
  },
  {
    title: 'a malformed, oversized or doubled cookie is nobody, and never an error of ours',
    ids: ['adv-047'],
    run: async () => {
      const server = await startServer({ TEGATA_CONTRACTS: 'cookie' });
      const { accessCookie } = await cookie.signedUp(server, ada);
      const headers = [
        'access_token',
        'access_token="',
        'access_token=%',
        'access_token=%00',
        '=;=',
        `${accessCookie}; ${accessCookie}`,
        `access_token=${'x'.repeat(9000)}`,
        'access_token=é',
      ];
      for (const header of headers) expect((await cookie.me(server, { cookie: header })).status, header.slice(0, 40)).toBe(401);
    },
  },
  {
    title: 'no cache keeps an answer with a cookie or a token',
    ids: ['adv-048'],
    run: async () => {
      const { server, answer, refreshCookie, accessToken } = await adaIn({ TEGATA_CONTRACTS: 'standard,cookie,bearer' });
      const signed = await cookie.signUp(server, 'mia@example.com');
      const refreshed = await refresh(server, refreshCookie);
      const answers = [answer, signed, refreshed, await cookie.signOut(server, cookie.asBrowser(cookie.personOf(signed)))];
      for (const operation of await operationsOf(server)) {
        if (operation.path === '/api/v1/revocations') continue;
        answers.push(
          await server.call(operation.method, operation.path, {
            token: accessToken,
            ...(operation.bodyType ? { body: {} } : {}),
          }),
        );
      }
      for (const each of answers) {
        const bears = each.cookies.length > 0 || /access_token|"token"|email/.test(JSON.stringify(each.body));
        if (bears) expect(each.headers.get('cache-control')).toBe('no-store');
      }
      expect(answers.filter(({ cookies }) => cookies.length > 0).length).toBeGreaterThan(3);
    },
  },
  {
    title: 'no token of any kind comes before the address is proved, where it must be',
    ids: ['adv-049'],
    run: async () => {
      const server = await startServer();
      const answers = [await register(server, ada), await logIn(server, ada), await logIn(server, ada, { remember: true })];
      answers.push(await refresh(server, 'refresh_token='));
      await forgot(server, ada);
      for (const { status, cookies, body } of answers) {
        expect([201, 401, 403]).toContain(status);
        expect(cookies.filter((set) => !set.startsWith('tegata_device='))).toEqual([]);
        expect(JSON.stringify(body)).not.toMatch(/access_token|eyJ/);
      }
      expect(rows(server, 'select id from sessions')).toEqual([]);
    },
  },
];
