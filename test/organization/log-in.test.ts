import { describe, expect, test } from 'vitest';
import { execute } from '../database.ts';
import { type Answer, cookiePair, type TestServer } from '../server.ts';
import { rows } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import {
  challenge,
  failure,
  goodPassword,
  inEnglish,
  invalidCredentials,
  invalidInput,
  loggedIn,
  logIn,
  me,
  path,
  refreshWith,
  registered,
  startOrganization,
} from './people.ts';

const ada = 'ada@example.com';

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startOrganization(settings);
  const person = await registered(server, ada);
  return { server, person, user: person.answer.body.data.user, userId: person.answer.body.data.user.id.slice('user_'.length) };
};

const wrongly = async (server: TestServer, times: number, email = ada, cookie?: string) => {
  const answers: Answer[] = [];
  for (let time = 0; time < times; time += 1) answers.push(await logIn(server, email, { password: 'a guess', cookie }));
  return answers;
};

/** Everything of an answer that a stranger could compare. */
const visible = ({ status, body, headers, cookies }: Answer) => {
  const compared = Object.fromEntries([...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'));
  return { status, body, cookies, headers: compared };
};

test('S2.50 S2.54 S2.55 S2.56 S2.166 logging in answers with the user, without createdAt, and both tokens', async () => {
  const { server, user } = await startWithAda();
  server.advance({ minutes: 3 });
  const answer = await logIn(server, ada);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    success: true,
    data: {
      user: { id: user.id, email: ada, name: '山田太郎', role: 'user', organizationId: user.organizationId },
      token: { token: expect.any(String), refreshToken: expect.any(String), expiresAt: '2030-01-15T09:18:00.000Z' },
    },
  });
  const { token } = answer.body.data;
  expect(decodeToken(token.token).claims).toMatchObject({ sub: user.id, role: 'user', organizationId: user.organizationId });
  expect(decodeToken(token.refreshToken).claims).toMatchObject({ sub: user.id, type: 'refresh' });
  expect((await me(server, { token: token.token })).status).toBe(200);
});

test.each([
  ['S2.13 without rememberMe', 604_800, undefined],
  ['S2.53 with rememberMe false', 604_800, false],
  ['S2.14 S2.62 with rememberMe true', 2_592_000, true],
])('%s the refresh and CSRF cookies and the refresh token last %i seconds', async (_, seconds, rememberMe) => {
  const { server } = await startWithAda();
  const { answer, accessToken, refreshToken, csrfToken } = await loggedIn(server, ada, { rememberMe });
  expect(answer.cookies).toEqual([
    `access_token=${accessToken}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=900`,
    `refresh_token=${refreshToken}; Path=/api/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=${seconds}`,
    `csrf_token=${csrfToken}; Path=/; Secure; SameSite=Strict; Max-Age=${seconds}`,
    expect.stringMatching(/^tegata_device=v1\.[\w.-]+; Path=\/api\/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=34560000$/),
  ]);
  expect(decodeToken(refreshToken).claims.exp).toBe(server.now() / 1000 + seconds);
  server.advance({ seconds: seconds - 1 });
  expect((await refreshWith(server, refreshToken)).status).toBe(200);
});

test('X31 a remembered session stays remembered through its refreshes', async () => {
  const { server } = await startWithAda();
  const { refreshToken } = await loggedIn(server, ada, { rememberMe: true });
  server.advance({ days: 29 });
  const answer = await refreshWith(server, refreshToken);
  expect(answer.cookies[1]).toMatch(/; Max-Age=2592000$/);
});

test('lifetimes are the configured ones', async () => {
  const { server } = await startWithAda({ TEGATA_ACCESS_TTL: '5m', TEGATA_REFRESH_TTL: '1d', TEGATA_REMEMBER_TTL: '2d' });
  const { answer } = await loggedIn(server, ada);
  expect(answer.body.data.token.expiresAt).toBe('2030-01-15T09:05:00.000Z');
  expect(answer.cookies[0]).toMatch(/; Max-Age=300$/);
  expect(answer.cookies[1]).toMatch(/; Max-Age=86400$/);
  expect((await loggedIn(server, ada, { rememberMe: true })).answer.cookies[1]).toMatch(/; Max-Age=172800$/);
});

test('every log-in starts a session of its own, whatever the browser brought along', async () => {
  const { server, person } = await startWithAda();
  const cookie = [person.accessCookie, person.refreshCookie, person.csrfCookie].join('; ');
  const again = await loggedIn(server, ada, { cookie });
  expect(decodeToken(again.accessToken).claims.sid).not.toBe(decodeToken(person.accessToken).claims.sid);
  expect(again.csrfToken).not.toBe(person.csrfToken);
});

test.each<[string, unknown, Record<string, string>]>([
  ['S2.51 no address', { password: 'x' }, { email: 'メールアドレスを入力してください' }],
  ['S2.51 what is no address', { email: 'ada', password: 'x' }, { email: 'メールアドレスの形式が正しくありません' }],
  ['S2.52 no password', { email: ada }, { password: 'パスワードを入力してください' }],
  ['S2.52 an empty password', { email: ada, password: '' }, { password: 'パスワードを入力してください' }],
  ['a password that is no text', { email: ada, password: { $ne: '' } }, { password: 'パスワードを入力してください' }],
  ['a password of 5000 characters', { email: ada, password: 'x'.repeat(5000) }, { password: 'パスワードが長すぎます' }],
  [
    'S2.53 rememberMe that is no boolean',
    { email: ada, password: 'x', rememberMe: 'yes' },
    { rememberMe: 'rememberMe には true または false を指定してください' },
  ],
])('S2.43 %s is 422', async (_, body, details) => {
  const { server } = await startWithAda();
  const answer = await server.call('POST', path('login'), { body });
  expect([answer.status, answer.body]).toEqual([422, invalidInput(details)]);
});

test('X21 log-in never applies the password policy: a short password is a wrong one', async () => {
  const { server } = await startWithAda();
  expect((await logIn(server, ada, { password: 'x' })).body).toEqual(invalidCredentials);
});

test('S2.57 S2.60 S2.188 wrong password, unknown address, and accounts that may not log in are one answer, byte for byte, for one hash each', async () => {
  const { server } = await startWithAda();
  const statuses = ['pending', 'suspended', 'deactivated'] as const;
  for (const status of statuses) {
    const { answer } = await registered(server, `${status}@example.com`);
    const userId = answer.body.data.user.id.slice('user_'.length);
    execute(server, 'delete from active_users where user_id = ?', userId);
    execute(server, 'update users set inactive_reason = ? where id = ?', status, userId);
  }
  const { answer } = await registered(server, 'provider@example.com');
  execute(server, 'delete from password_credentials where user_id = ?', answer.body.data.user.id.slice('user_'.length));

  const refused = async (email: string, password: string) => {
    const before = server.engine.hashingCounts().completed;
    const refusal = await logIn(server, email, { password });
    return { ...visible(refusal), hashes: server.engine.hashingCounts().completed - before };
  };
  const unknown = await refused('nobody@example.com', goodPassword);
  expect(unknown).toMatchObject({ status: 401, body: invalidCredentials, cookies: [], hashes: 1 });
  expect(unknown.headers['www-authenticate']).toBe(challenge);
  expect(await refused(ada, 'not the password')).toEqual(unknown);
  for (const who of [...statuses, 'provider']) {
    expect({ who, ...(await refused(`${who}@example.com`, goodPassword)) }).toEqual({ who, ...unknown });
    expect({ who, ...(await refused(`${who}@example.com`, 'not the password')) }).toEqual({ who, ...unknown });
  }
  const english = await logIn(server, ada, { password: 'not the password', headers: inEnglish });
  expect(english.body).toEqual(failure('INVALID_CREDENTIALS', 'The email address or password is incorrect'));
});

describe('the lock', () => {
  const locked = (minutes: number, until: string) =>
    failure('ACCOUNT_LOCKED', `ログイン試行回数が多すぎます。${minutes}分後に再試行してください`, { lockedUntil: until });

  test('S2.58 S2.59 S2.61 S2.121 S2.190 five failures in a row lock the address for 15 minutes, also for the right password', async () => {
    const { server } = await startWithAda();
    expect((await wrongly(server, 5)).map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    const hashes = server.engine.hashingCounts().completed;
    for (const password of ['a guess', goodPassword]) {
      const answer = await logIn(server, ada, { password });
      expect([answer.status, answer.body]).toEqual([403, locked(15, '2030-01-15T09:15:00.000Z')]);
      expect(answer.cookies).toEqual([]);
    }
    expect(server.engine.hashingCounts().completed).toBe(hashes);
  });

  test('S2.58 the minutes are the real ones, rounded up, and the lock ends when it says', async () => {
    const { server } = await startWithAda();
    await wrongly(server, 5);
    const until = '2030-01-15T09:15:00.000Z';
    const told = async (seconds: number, minutes: number) => {
      server.advance({ seconds });
      expect((await logIn(server, ada)).body).toEqual(locked(minutes, until));
    };
    await told(0, 15);
    await told(1, 15);
    await told(59, 14);
    await told(1, 14);
    await told(13 * 60 - 2, 2);
    await told(1, 1);
    const english = await logIn(server, ada, { headers: inEnglish });
    expect(english.body.error.message).toBe('Too many login attempts. Please try again in 1 minute');
    await told(59, 1);
    server.advance({ seconds: 1 });
    expect((await logIn(server, ada)).status).toBe(200);
  });

  test('S2.122 each further lock is twice as long, up to a day', async () => {
    const { server } = await startWithAda();
    for (const minutes of [15, 30, 60, 120, 240, 480, 960, 1440, 1440]) {
      await wrongly(server, 5);
      const answer = await logIn(server, ada);
      const until = new Date(server.now() + minutes * 60_000).toISOString();
      expect([answer.status, answer.body]).toEqual([403, locked(minutes, until)]);
      server.advance({ minutes });
    }
    const english = await wrongly(server, 5).then(() => logIn(server, ada, { headers: inEnglish }));
    expect(english.body.error.message).toBe('Too many login attempts. Please try again in 1440 minutes');
  });

  test('a success in between starts the count over', async () => {
    const { server } = await startWithAda();
    await wrongly(server, 4);
    await loggedIn(server, ada);
    await wrongly(server, 4);
    expect((await logIn(server, ada)).status).toBe(200);
  });

  test('V20 unknown addresses lock the same way, in whatever spelling, and nobody else is locked', async () => {
    const { server } = await startWithAda();
    const nobody = await wrongly(server, 6, 'Nobody@Example.com');
    const known = await wrongly(server, 6);
    expect(nobody.map(visible)).toEqual(known.map(visible));
    expect(nobody.at(-1)?.status).toBe(403);
    await registered(server, 'bob@example.com');
    expect((await logIn(server, 'bob@example.com')).status).toBe(200);
  });

  test('V20 a browser that has logged in before is counted apart: a stranger cannot lock the owner out, nor the owner’s browser guess on', async () => {
    const { server } = await startWithAda();
    const { answer } = await loggedIn(server, ada);
    const cookie = cookiePair(answer, 'tegata_device');
    await wrongly(server, 6);
    expect((await logIn(server, ada)).status).toBe(403);
    expect((await logIn(server, ada, { cookie })).status).toBe(200);
    await wrongly(server, 5, ada, cookie);
    expect((await logIn(server, ada, { cookie })).status).toBe(403);
  });

  test('it stays on when rate limits are off, and the threshold is the configured one', async () => {
    const { server } = await startWithAda({ TEGATA_LOCKOUT_THRESHOLD: '2', TEGATA_LOCKOUT_DURATION: '90s' });
    await wrongly(server, 2);
    expect((await logIn(server, ada)).body).toEqual(locked(2, '2030-01-15T09:01:30.000Z'));
  });
});

test('S2.18 a stale token or cookie of somebody else does not matter to logging in', async () => {
  const { server } = await startWithAda();
  const options = { token: 'stale', cookie: 'access_token=stale; refresh_token=stale; csrf_token=stale' };
  expect((await logIn(server, ada, options)).status).toBe(200);
});

test('logging in from another site’s page is 403: nobody is logged in to a stranger’s account', async () => {
  const { server } = await startWithAda({ TEGATA_URL: 'https://auth.example.com' });
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'same-site' }]) {
    const answer = await logIn(server, ada, { headers: headers as Record<string, string> });
    expect([answer.status, answer.body.error.code]).toEqual([403, 'PERMISSION_DENIED']);
    expect(answer.cookies).toEqual([]);
  }
  expect((await logIn(server, ada, { headers: { origin: 'https://auth.example.com' } })).status).toBe(200);
});

test('at most ten sessions: one more ends the one that was used least lately', async () => {
  const { server, person } = await startWithAda();
  for (let session = 0; session < 10; session += 1) {
    server.advance({ seconds: 1 });
    await loggedIn(server, ada);
  }
  expect(rows(server, 'select count(*) as n from sessions where ended_at is null')).toEqual([{ n: 10 }]);
  expect((await me(server, { token: person.accessToken })).status).toBe(401);
});
