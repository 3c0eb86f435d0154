import { domainToASCII } from 'node:url';
import { expect } from 'vitest';
import { openMailSink } from '../../../packages/server/src/mail/testing/mail-sink.ts';
import { rawRequest, sendRaw } from '../../raw-http.ts';
import { type Answer, startServer, type TestServer } from '../../server.ts';
import { addEmail, forgot, goodPassword, register, registered, resend } from '../../standard/people.ts';
import { rows } from '../../standard/stored.ts';
import { ada } from './ada.ts';
import type { Check } from './check.ts';

const startWithSink = async () => {
  const sink = await openMailSink();
  const server = await startServer({
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
    MAIL_FROM: 'Tegata <no-reply@example.com>',
    TEGATA_CONTRACTS: 'standard,cookie,bearer',
  });
  return { server, sink };
};

/** Every call that mails to an address that it is given. */
const mailing = (server: TestServer, token: string): ((email: string) => Promise<Answer>)[] => [
  (email) => register(server, email),
  (email) => server.call('POST', '/auth/signup', { body: { email, password: goodPassword } }),
  (email) => server.call('POST', '/api/auth/register', { body: { email, password: goodPassword, name: 'Ada' } }),
  (email) => forgot(server, email),
  (email) => server.call('POST', '/auth/forgot-password', { body: { email } }),
  (email) => resend(server, email),
  (email) => addEmail(server, token, email),
];

/** Nobody but people whose address is stored was mailed to, one at a time. */
const expectOwnersAlone = (server: TestServer, recipients: string[][]) => {
  const known = rows(server, 'select email from user_emails union select email from one_time_tokens').map(({ email }) => email);
  for (const to of recipients) {
    expect(to).toHaveLength(1);
    const [local, domain = ''] = String(to[0]).split('@');
    expect(known).toContain(`${local}@${domainToASCII(domain)}`);
  }
};

const refusedEverywhere = (addresses: readonly string[]) => async (): Promise<void> => {
  const { server, sink } = await startWithSink();
  const signed = await server.call('POST', '/auth/signup', { body: { email: ada, password: goodPassword } });
  const token = signed.cookies[0]?.split(';')[0]?.slice('access_token='.length) ?? '';
  await server.engine.mailWorker.drain();
  const before = sink.received.length;
  for (const address of addresses) {
    for (const call of mailing(server, token)) {
      const { status } = await call(address);
      expect([200, 400, 422], address).toContain(status);
    }
  }
  await server.engine.mailWorker.drain();
  expect(sink.received.slice(before).map(({ recipients }) => recipients)).toEqual([]);
  expect(rows(server, 'select email from user_emails')).toEqual([{ email: ada }]);
  await sink.close();
};

export const mailChecks: Check[] = [
  {
    title: 'no header of a request changes where a mailed link leads, nor that of somebody else’s mail',
    ids: ['adv-025', 'adv-026'],
    run: async () => {
      const server = await startServer({ TEGATA_URL: 'https://auth.example.com' });
      await registered(server, ada);
      await registered(server, 'eve@example.com');
      const evil = ['Host: evil.example', 'X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example;proto=http'];
      const more = ['X-Original-Host: evil.example', 'X-Host: evil.example', 'X-Forwarded-Server: evil.example'];
      const odd = [
        'X-Forwarded-Proto: http',
        'X-Forwarded-Prefix: //evil.example',
        'X-Original-URL: //evil.example/',
        'Origin: https://auth.example.com',
      ];
      const body = (email: string) => JSON.stringify({ email });
      const ask = (target: string, email: string, headers: string[]) =>
        sendRaw(
          server,
          rawRequest(
            `POST ${target}`,
            ['Content-Type: application/json', `Content-Length: ${body(email).length}`, ...headers],
            body(email),
          ),
        );
      const path = '/api/v1/auth/password/forgot';
      await Promise.all(
        [...evil, ...more, ...odd].flatMap((header) => [ask(path, 'eve@example.com', [header]), ask(path, ada, [])]),
      );
      await ask(path, ada, [...evil, ...more]);
      await ask(`http://evil.example${path}`, ada, ['Host: evil.example']);
      const mails = [...(await server.mails(ada)), ...(await server.mails('eve@example.com'))];
      expect(mails.length).toBeGreaterThan(10);
      for (const { links, text, html } of mails) {
        expect(text + html).not.toContain('evil.example');
        for (const link of links) expect(new URL(link).origin).toBe('https://auth.example.com');
      }
    },
  },
  {
    title: 'an address that only looks like a stored one is mailed nothing, or is that one',
    ids: ['adv-027'],
    run: async () => {
      const { server, sink } = await startWithSink();
      for (const email of ['mike@example.com', 'kate@example.com', 'strasse@example.com', 'file@example.com'])
        await register(server, email);
      await server.engine.mailWorker.drain();
      const before = sink.received.length;
      const alike = [
        'm\u0131ke@example.com',
        'M\u0130KE@example.com',
        '\u212aate@example.com',
        '\uff4bate@example.com',
        'kate@\uff45xample.com',
        'stra\u00dfe@example.com',
        '\ufb01le@example.com',
        'm\u0456ke@example.com',
        'kate@ex\u0430mple.com',
      ];
      for (const email of alike) {
        for (const answer of [await forgot(server, email), await resend(server, email), await register(server, email)])
          expect(answer.status).toBeLessThan(500);
      }
      await server.engine.mailWorker.drain();
      const sent = sink.received.slice(before);
      expectOwnersAlone(
        server,
        sent.map(({ recipients }) => recipients),
      );
      // The Kelvin sign is canonically a K; nobody else's mailbox is reached by another spelling.
      for (const { recipients } of sent) expect(recipients[0]).not.toMatch(/^(mike|file|strasse)@/);
      await sink.close();
    },
  },
  {
    title: 'a quoted local part is refused by every call that mails',
    ids: ['adv-028', 'adv-029'],
    run: refusedEverywhere([
      '"attacker@evil.test x"@victim.test',
      '"e@evil.test"@victim.test',
      '"e@evil.test,"@victim.test',
      'e@evil.test,victim@victim.test',
      '"a\\"b@evil.test"@victim.test',
      "'e@evil.test'@victim.test",
    ]),
  },
  {
    title: 'an international domain reaches the mail server in its one ASCII form, or is refused',
    ids: ['adv-030'],
    run: async () => {
      const { server, sink } = await startWithSink();
      const given = [
        'ada@b\u00fccher.example',
        'mia@xn--bcher-kva.example',
        'eva@\u4f8b\u3048.\u30c6\u30b9\u30c8',
        'bad@xn--a.example',
        'bad@exa\u00admple.com',
        'bad@example\u3002com',
        'bad@fa\u00df.example',
        'bad@\u2100.example',
        'bad@\uff0e\uff0eexample.com',
      ];
      for (const email of given) await register(server, email);
      await server.engine.mailWorker.drain();
      const stored = rows(server, 'select email from user_emails order by email').map(({ email }) => email);
      expect(stored).toEqual(['ada@xn--bcher-kva.example', 'eva@xn--r8jz45g.xn--zckzah', 'mia@xn--bcher-kva.example']);
      expectOwnersAlone(
        server,
        sink.received.map(({ recipients }) => recipients),
      );
      expect(sink.received).toHaveLength(3);
      await sink.close();
    },
  },
  {
    title: 'comments and folded domains are refused by every call that mails',
    ids: ['adv-031'],
    run: refusedEverywhere([
      '"user"@example.com(x)evil.com',
      'user@example.com(x)evil.com',
      'user(x)@example.com',
      '(x)user@example.com',
      'user@(x)example.com',
      'user@example.com\r\n .evil.com',
      'user@example\r\n .com',
      'user@[127.0.0.1]',
    ]),
  },
  {
    title: 'line breaks and NUL in a name add no header to a mail',
    ids: ['adv-032'],
    run: async () => {
      const { server, sink } = await startWithSink();
      const names = [
        'Ada\r\nBcc: eve@evil.example',
        'Ada\nX-Evil: 1',
        'Ada\r\n\r\n<h1>evil</h1>',
        'Ada\0',
        'Ada\u2028Bcc: eve@evil.example',
        'Ada\u0085X-Evil: 1',
        '"Ada" <eve@evil.example>',
      ];
      let taken = 0;
      for (const [index, name] of names.entries()) {
        const email = `ada${index}@example.com`;
        const { status } = await server.call('POST', '/api/v1/auth/register', { body: { email, password: goodPassword, name } });
        expect([201, 400]).toContain(status);
        if (status === 201) taken += 1;
        await forgot(server, email);
      }
      await server.engine.mailWorker.drain();
      expect(sink.received.length).toBeGreaterThanOrEqual(taken);
      expectOwnersAlone(
        server,
        sink.received.map(({ recipients }) => recipients),
      );
      for (const { raw } of sink.received) {
        const head = raw.slice(0, raw.indexOf('\r\n\r\n'));
        expect(head).not.toMatch(/^(bcc|cc|x-evil)\s*:/im);
        expect(head).not.toContain('evil.example');
        expect(raw).not.toContain('<h1>evil');
      }
      await sink.close();
    },
  },
];
