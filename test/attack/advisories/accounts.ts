import { expect } from 'vitest';
import { execute } from '../../database.ts';
import { startServer, type TestServer } from '../../server.ts';
import {
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
  registered,
  resend,
  tokenFor,
  verifyEmail,
} from '../../standard/people.ts';
import { rows } from '../../standard/stored.ts';
import { ada, adaOn, reset } from './ada.ts';
import { type Check, visible } from './check.ts';

const wrongPassword = 'not the password';
const hashesOf = async <Value>(server: TestServer, work: () => Promise<Value>): Promise<{ hashes: number; value: Value }> => {
  const before = server.engine.hashingCounts().completed;
  const value = await work();
  return { hashes: server.engine.hashingCounts().completed - before, value };
};
const setPrimary = async (server: TestServer, token: string, email: string) => {
  const { emailId } = await addedEmail(server, token, email);
  await makePrimary(server, token, emailId);
};

/** Every call that checks a password: five wrong ones lock all of them, and then the right one is refused too. */
const checksOfPasswords = (server: TestServer, token: string): Record<string, (password: string) => Promise<number>> => ({
  'log-in': async (password) => (await logIn(server, ada, { password })).status,
  change: async (current_password) =>
    (
      await server.call('POST', '/api/v1/auth/password/change', {
        token,
        body: { current_password, new_password: 'another good password' },
      })
    ).status,
  delete: async (password) => (await server.call('DELETE', '/api/v1/me', { token, body: { password } })).status,
});

/** One address of each class that must not be told from the others. */
const classes = async (server: TestServer) => {
  await registered(server, ada);
  const provider = await registered(server, 'provider@example.com');
  execute(server, 'delete from password_credentials where user_id = ?', provider.userId);
  const suspended = await registered(server, 'suspended@example.com');
  await server.engine.auth.setUserStatus({ userId: suspended.userId, status: 'suspended' });
  await register(server, 'pending@example.com');
  return ['nobody@example.com', ada, 'provider@example.com', 'suspended@example.com', 'pending@example.com'];
};

export const accountChecks: Check[] = [
  {
    title: 'of 40 wrong passwords at once five are evaluated, and then the right one is refused',
    ids: ['adv-008', 'adv-009', 'adv-011'],
    run: async () => {
      const { server } = await adaOn();
      const { hashes, value: answers } = await hashesOf(server, () =>
        server.atOnce(40, () => logIn(server, ada, { password: wrongPassword })),
      );
      expect(hashes).toBe(5);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
      expect((await logIn(server, ada)).status).toBe(403);
    },
  },
  {
    title: 'every call that checks a password counts, and is refused while the address is locked',
    ids: ['adv-010', 'adv-017'],
    run: async () => {
      for (const name of ['log-in', 'change', 'delete']) {
        const { server } = await adaOn({ TEGATA_CONTRACTS: 'standard,cookie,bearer' });
        const { accessToken } = await loggedIn(server, ada);
        const calls = checksOfPasswords(server, accessToken);
        const { hashes } = await hashesOf(server, () =>
          server.atOnce(20, () => calls[name]?.(wrongPassword) ?? Promise.reject()),
        );
        expect(hashes, name).toBe(5);
        // Strangers and a session of the owner are counted apart, or a stranger could lock the owner out of their own account.
        for (const other of name === 'log-in' ? ['log-in'] : ['change', 'delete'])
          expect([403, 429], `${name}, then ${other}`).toContain(await calls[other]?.(goodPassword));
        if (name !== 'log-in') continue;
        const atOthers = [
          await server.call('POST', '/auth/signin', { body: { email: ada, password: goodPassword } }),
          await server.call('POST', '/api/auth/login', { body: { email: ada, password: goodPassword } }),
        ];
        for (const { status, cookies } of atOthers) expect([status >= 400, cookies]).toEqual([true, []]);
      }
    },
  },
  {
    title: 'all spellings of an address share one count of failures, and one mailbox',
    ids: ['adv-012', 'adv-013'],
    run: async () => {
      const { server } = await adaOn();
      const spellings = ['ADA@example.com', ' ada@example.com', 'Ada@EXAMPLE.com ', '\tada@example.com\n', 'aDa@Example.Com'];
      const { hashes } = await hashesOf(server, async () => {
        for (const email of [...spellings, ...spellings]) await logIn(server, email, { password: wrongPassword });
      });
      expect(hashes).toBe(5);
      expect((await logIn(server, ada)).status).toBe(403);
      // What is only alike is another address, and no way to more tries.
      expect((await logIn(server, 'ada+x@example.com', { password: wrongPassword })).status).toBe(401);
    },
  },
  {
    title: 'a stranger cannot keep the owner out: a known device and a reset get in while it is locked',
    ids: ['adv-014'],
    run: async () => {
      const { server } = await adaOn();
      const { deviceCookie, accessToken } = await loggedIn(server, ada);
      const fail = () => logIn(server, ada, { password: wrongPassword });
      for (let turn = 0; turn < 50; turn += 1) await fail();
      expect((await logIn(server, ada)).status).toBe(403);
      expect((await logIn(server, ada, { cookie: deviceCookie })).status).toBe(200);
      expect((await me(server, accessToken)).status).toBe(200);
      await forgot(server, ada);
      const token = await tokenFor(server, ada, 'reset-password');
      expect((await reset(server, { token, password: 'another good password' })).status).toBe(200);
      expect((await logIn(server, ada, { password: 'another good password' })).status).toBe(200);
      for (let turn = 0; turn < 20; turn += 1) await fail();
      server.advance({ days: 1, minutes: 1 });
      expect((await logIn(server, ada, { password: 'another good password' })).status).toBe(200);
    },
  },
  {
    title: 'who is suspended gets no token by any way, also one that was begun before',
    ids: ['adv-015'],
    run: async () => {
      const { server, userId } = await adaOn();
      const { accessToken, refreshCookie } = await loggedIn(server, ada);
      await forgot(server, ada);
      const token = await tokenFor(server, ada, 'reset-password');
      await server.engine.auth.setUserStatus({ userId, status: 'suspended' });
      expect((await me(server, accessToken)).status).toBe(401);
      expect((await refresh(server, refreshCookie)).status).toBeGreaterThanOrEqual(400);
      const done = await reset(server, { token, password: 'another good password' });
      expect(done.cookies).toEqual([]);
      for (const password of [goodPassword, 'another good password'])
        expect((await logIn(server, ada, { password })).status).not.toBe(200);
      const ways = [await resend(server, ada), await forgot(server, ada)];
      for (const { cookies, body } of ways)
        expect([cookies, JSON.stringify(body)]).toEqual([[], expect.not.stringContaining('token')]);
      expect(rows(server, 'select id from sessions where ended_at is null')).toEqual([]);
    },
  },
  {
    title: 'wrong codes count: after five the right one is worth nothing',
    ids: ['adv-016'],
    run: async () => {
      const server = await startServer();
      await register(server, ada);
      const { code = '' } = await server.newestMail(ada);
      const wrong = code === '000000' ? '000001' : '000000';
      const answers = await server.atOnce(20, () => verifyEmail(server, { email: ada, code: wrong }));
      for (const { status } of answers) expect([400, 429]).toContain(status);
      expect((await verifyEmail(server, { email: ada, code })).status).not.toBe(200);
      // The link of the same mail still works: a stranger's guesses do not keep the owner from it.
      expect((await verifyEmail(server, { token: await tokenFor(server, ada, 'verify-email') })).status).toBe(200);
    },
  },
  {
    title: 'unknown, known, without a password, suspended and pending: one hash and one answer each',
    ids: ['adv-018', 'adv-019', 'adv-020'],
    run: async () => {
      const server = await startServer({ TEGATA_ACCOUNT_HINTS: 'off' });
      const seen = [];
      for (const email of await classes(server)) {
        const { hashes, value } = await hashesOf(server, () => logIn(server, email, { password: wrongPassword }));
        seen.push({ hashes, ...visible(value) });
      }
      expect(seen[0]).toMatchObject({ hashes: 1, status: 401 });
      for (const each of seen) expect(each).toEqual(seen[0]);
    },
  },
  {
    title: 'with the mail server away, forgotten passwords are answered alike for everybody',
    ids: ['adv-021'],
    run: async () => {
      const server = await startServer({ SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' });
      await server.call('POST', '/api/v1/auth/register', { body: { email: ada, password: goodPassword, name: 'Ada' } });
      await server.engine.mailWorker.drain().catch(() => {});
      const answers = [
        await forgot(server, ada),
        await forgot(server, 'nobody@example.com'),
        await resend(server, ada),
        await resend(server, 'nobody@example.com'),
      ];
      await server.engine.mailWorker.drain().catch(() => {});
      expect(visible(answers[0]!)).toEqual(visible(answers[1]!));
      expect(visible(answers[2]!)).toEqual(visible(answers[3]!));
      for (const { status } of answers) expect(status).toBe(200);
    },
  },
  {
    title: 'with hints off, no call tells whether an address has an account',
    ids: ['adv-022'],
    run: async () => {
      const server = await startServer({ TEGATA_ACCOUNT_HINTS: 'off' });
      const emails = await classes(server);
      const calls = {
        forgot: (email: string) => forgot(server, email),
        resend: (email: string) => resend(server, email),
        'log-in': (email: string) => logIn(server, email, { password: wrongPassword }),
        register: (email: string) =>
          server.call('POST', '/api/v1/auth/register', { body: { email, password: 'a password of a stranger', name: 'Eve' } }),
      };
      for (const [name, call] of Object.entries(calls)) {
        const seen = [];
        for (const email of emails) {
          const answer = visible(await call(email));
          if (answer.body?.data?.user_id) answer.body.data.user_id = 'new in every answer';
          seen.push(answer);
        }
        for (const each of seen) expect(each, name).toEqual(seen[0]);
      }
    },
  },
  {
    title: 'the answer to a forgotten password holds nothing of the user or the token',
    ids: ['adv-023'],
    run: async () => {
      const { server, userId } = await adaOn({ TEGATA_CONTRACTS: 'standard,cookie' });
      const answers = [await forgot(server, ada), await server.call('POST', '/auth/forgot-password', { body: { email: ada } })];
      const token = await tokenFor(server, ada, 'reset-password');
      for (const { status, body, headers } of answers) {
        const text = JSON.stringify([body, [...headers]]);
        expect(status).toBe(200);
        for (const secret of [token, userId, ada, 'expires']) expect(text).not.toContain(secret);
      }
    },
  },
  {
    title: 'no order of calls without the mailed token sets a password',
    ids: ['adv-024'],
    run: async () => {
      const { server, userId } = await adaOn({ TEGATA_CONTRACTS: 'standard,cookie' });
      await forgot(server, ada);
      const password = 'the attacker chose this';
      const bodies: unknown[] = [
        ...[
          {},
          { password },
          { token: '', password },
          { token: null, password },
          { token: [], password },
          { token: {}, password },
          { token: true, password },
        ],
        ...[
          { token: userId, password },
          { token: ada, password },
          { email: ada, password },
          { user_id: userId, password, token: 'x' },
        ],
        ...[
          { token: 'x'.repeat(43), password },
          { token: '__proto__', password },
          { token: '%00', password },
          { step: 'done', verified: true, password, email: ada },
        ],
        ...[[], 'text', 0, null, { token: { $ne: '' }, password }, { token: ['x', 'y'], password, email: ada }],
      ];
      for (let turn = 0; turn < 3; turn += 1) {
        for (const body of bodies) {
          for (const path of ['/api/v1/auth/password/reset', '/auth/reset-password']) {
            for (const query of ['', '?token=', `?token=${userId}`, '?step=2']) {
              const given =
                typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body, new_password: password } : body;
              const { status } = await server.call('POST', path + query, { body: given });
              expect([400, 401, 422], JSON.stringify(body)).toContain(status);
            }
          }
        }
        await forgot(server, ada);
        await server.call('GET', '/auth/reset-password?token=x');
      }
      expect((await logIn(server, ada)).status).toBe(200);
      expect((await logIn(server, ada, { password })).status).toBe(401);
    },
  },
  {
    title: 'a link to reset is dead once the address has changed',
    ids: ['adv-033'],
    run: async () => {
      const { server } = await adaOn();
      const { accessToken } = await loggedIn(server, ada);
      await forgot(server, ada);
      const token = await tokenFor(server, ada, 'reset-password');
      await setPrimary(server, accessToken, 'new@example.com');
      await server.call(
        'DELETE',
        `/api/v1/me/emails/${(await emailsOf(server, accessToken)).find(({ email }) => email === ada)?.id}`,
        { token: accessToken },
      );
      expect((await reset(server, { token, password: 'the attacker chose this' })).status).toBe(400);
      expect((await logIn(server, 'new@example.com')).status).toBe(200);
    },
  },
  {
    title: 'ids of other people in a path reveal and change nothing; there is no id of an organization to be given',
    ids: ['adv-064'],
    run: async () => {
      const { server } = await adaOn();
      const own = await loggedIn(server, ada);
      await registered(server, 'eve@example.com');
      const eve = await loggedIn(server, 'eve@example.com');
      const [session] = (await server.call('GET', '/api/v1/auth/sessions', { token: own.accessToken })).body.data;
      const [email] = await emailsOf(server, own.accessToken);
      for (const [method, path] of [
        ['DELETE', `/api/v1/auth/sessions/${session?.id}`],
        ['DELETE', `/api/v1/me/emails/${email?.id}`],
        ['POST', `/api/v1/me/emails/${email?.id}/primary`],
      ] as const)
        expect((await server.call(method, path, { token: eve.accessToken })).status).toBe(404);
      expect((await me(server, own.accessToken)).body.data.email).toBe(ada);
      const organization = await startServer({ TEGATA_CONTRACTS: 'organization' });
      const { paths } = (await organization.call('GET', '/openapi.json')).body;
      expect(Object.keys(paths).filter((path) => /organi[sz]ation|tenant|member|team|invit/i.test(path))).toEqual([]);
      const body = { email: 'mia@example.com', password: goodPassword, name: '美亜', organizationName: '株式会社' };
      const made = await organization.call('POST', '/api/auth/register', {
        body: { ...body, organizationId: 'x', tenantId: 'x' },
      });
      expect(made.status).toBe(201);
      expect(JSON.stringify(made.body)).not.toContain('"x"');
    },
  },
  {
    title: 'with bcrypt, a password over 72 bytes is refused, and none is cut short',
    ids: ['adv-073'],
    run: async () => {
      const server = await startServer({ TEGATA_PASSWORD_HASH: 'bcrypt' });
      const base = 'a1b2c3d4e'.repeat(8);
      expect((await register(server, ada, `${base}X`)).status).toBe(400);
      await registered(server, 'mia@example.com', base);
      for (const password of [`${base}X`, `${base}Y`, base.slice(0, -1), `${base}\0`])
        expect((await logIn(server, 'mia@example.com', { password })).status).not.toBe(200);
      expect((await logIn(server, 'mia@example.com', { password: base })).status).toBe(200);
      const argon = await startServer();
      await registered(argon, ada, `${base}X`);
      expect((await logIn(argon, ada, { password: `${base}Y` })).status).toBe(401);
      expect((await logIn(argon, ada, { password: `${base}X` })).status).toBe(200);
    },
  },
  {
    title: 'of passwords of 256 bytes and more only the exact one logs in',
    ids: ['adv-074'],
    run: async () => {
      const long = 'a1b2c3d4e5f6g7h8'.repeat(16);
      expect(Buffer.byteLength(long)).toBe(256);
      const server = await startServer();
      await registered(server, ada, long);
      expect((await register(server, 'mia@example.com', `${long}x`)).status).toBe(400);
      for (const password of [long.slice(0, 255), `${long}x`, long.slice(0, 72), `${long.slice(0, 255)}X`])
        expect((await logIn(server, ada, { password })).status).not.toBe(200);
      expect((await logIn(server, ada, { password: long })).status).toBe(200);
    },
  },
  {
    title: 'no password, an empty one or one of another type never logs in, and is never an error of ours',
    ids: ['adv-075'],
    run: async () => {
      const { server, userId } = await adaOn({ TEGATA_CONTRACTS: 'standard,cookie,bearer' });
      const provider = await registered(server, 'provider@example.com');
      execute(server, 'delete from password_credentials where user_id = ?', provider.userId);
      const { accessToken } = await loggedIn(server, ada);
      for (const password of ['', ' ', null, undefined, [], {}, 0, false, true, [goodPassword], { length: 20 }, '\0']) {
        for (const email of [ada, 'provider@example.com', 'nobody@example.com']) {
          for (const path of ['/api/v1/auth/login', '/auth/signin', '/api/auth/login']) {
            const { status, cookies } = await server.call('POST', path, { body: { email, password } });
            expect([400, 401, 403, 422, 429]).toContain(status);
            expect(cookies.filter((set) => !set.startsWith('tegata_device'))).toEqual([]);
          }
        }
        expect((await server.call('DELETE', '/api/v1/me', { token: accessToken, body: { password } })).status).toBeLessThan(500);
        const change = { current_password: password, new_password: 'another good password' };
        expect((await server.call('POST', '/api/v1/auth/password/change', { token: accessToken, body: change })).status).not.toBe(
          200,
        );
      }
      expect(rows(server, 'select id from users').map(({ id }) => id)).toContain(userId);
    },
  },
];
