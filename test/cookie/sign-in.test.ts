import { expect, test } from 'vitest';
import { execute } from '../database.ts';
import { type Answer, cookiePair, type TestServer } from '../server.ts';
import { count, rows } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import {
  ada,
  asBrowser,
  challenge,
  failure,
  forgotPassword,
  goodPassword,
  inJapanese,
  invalid,
  invalidCredentials,
  knownDeviceCookie,
  mailedToken,
  me,
  otherPassword,
  personOf,
  resetPassword,
  sessionCookies,
  signedIn,
  signedUp,
  signIn,
  startCookie,
  wrongPassword,
} from './people.ts';

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startCookie(settings);
  return { server, person: await signedUp(server, ada) };
};

/** Everything of an answer that a stranger could compare. */
const visible = ({ status, body, headers, cookies }: Answer) => {
  const compared = Object.fromEntries([...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'));
  return { status, body, cookies, headers: compared };
};

const withWrongPassword = { body: { password: wrongPassword } };

const fail = async (server: TestServer, email: string, times: number, options: { cookie?: string } = {}) => {
  for (let turn = 1; turn <= times; turn += 1) {
    const answer = await signIn(server, email, { ...withWrongPassword, ...options });
    expect({ turn, status: answer.status, body: answer.body }).toEqual({ turn, status: 401, body: invalidCredentials });
  }
};

const locked = (time: string) => failure('forbidden', `Too many failed attempts. Please try again in ${time}`);

test('S0.6 S0.15 S0.21 the right password gives the user and the three cookies of a new session', async () => {
  const { server, person } = await startWithAda();
  const answer = await signIn(server, ada);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    user: person.answer.body.user,
    message: 'Login successful',
    expires_in: 900,
    csrf_token: expect.any(String),
  });
  expect(answer.cookies).toEqual([...sessionCookies(), knownDeviceCookie]);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const second = personOf(answer);
  expect(second.csrfToken).toBe(answer.body.csrf_token);
  expect(JSON.stringify(answer.body)).not.toContain(second.accessToken);
  expect(JSON.stringify(answer.body)).not.toContain(second.refreshToken);
  expect(decodeToken(second.accessToken).claims.sid).not.toBe(decodeToken(person.accessToken).claims.sid);
  expect((await me(server, asBrowser(second))).status).toBe(200);
  expect((await me(server, asBrowser(person))).status).toBe(200);
});

test('remember_me makes refresh and CSRF cookie last 30 days; the access token keeps its 15 minutes', async () => {
  const { server } = await startWithAda();
  const remembered = await signIn(server, ada, { body: { remember_me: true } });
  expect(remembered.cookies).toEqual([...sessionCookies({ refreshSeconds: 2_592_000 }), knownDeviceCookie]);
  expect(remembered.body.expires_in).toBe(900);
  const { refreshToken } = personOf(remembered);
  expect(decodeToken(refreshToken).claims.exp).toBe(server.now() / 1000 + 2_592_000);
  const usual = await signIn(server, ada, { body: { remember_me: false } });
  expect(usual.cookies).toEqual([...sessionCookies(), knownDeviceCookie]);
});

test('a session that ends before its access token would says so in cookies and expires_in', async () => {
  const server = await startCookie({ TEGATA_REFRESH_TTL: '5m' });
  const { answer } = await signedUp(server, ada);
  expect(answer.cookies).toEqual([...sessionCookies({ refreshSeconds: 300, accessSeconds: 300 }), knownDeviceCookie]);
  expect(answer.body.expires_in).toBe(300);
});

test('unknown address, wrong password and what is no address are one answer, byte for byte', async () => {
  const { server } = await startWithAda();
  const wrong = await signIn(server, ada, withWrongPassword);
  expect([wrong.status, wrong.body]).toEqual([401, invalidCredentials]);
  expect(wrong.headers.get('www-authenticate')).toBe(challenge);
  expect(wrong.cookies).toEqual([]);
  for (const email of ['nobody@example.com', 'no address', 'x'.repeat(2000)]) {
    expect(visible(await signIn(server, email, withWrongPassword))).toEqual(visible(wrong));
  }
  expect(visible(await signIn(server, ada, { body: { password: '' } }))).toEqual(visible(wrong));
});

test('suspended, deactivated and pending users, and those without a password, are told nothing, even behind the right one', async () => {
  const server = await startCookie({ TEGATA_CONTRACTS: 'cookie,standard' });
  await signedUp(server, ada);
  const wrong = visible(await signIn(server, ada, withWrongPassword));
  for (const status of ['suspended', 'deactivated'] as const) {
    const { userId } = await signedUp(server, `${status}@example.com`);
    await server.engine.auth.setUserStatus({ userId, status });
  }
  await server.call('POST', '/api/v1/auth/register', {
    body: { email: 'pending@example.com', password: goodPassword, name: 'P' },
  });
  const provider = await signedUp(server, 'provider@example.com');
  execute(server, 'delete from password_credentials where user_id = ?', provider.userId);
  for (const who of ['suspended', 'deactivated', 'pending', 'provider']) {
    const answer = await signIn(server, `${who}@example.com`);
    expect({ who, ...visible(answer) }).toEqual({ who, ...wrong });
  }
});

test.each<[string, unknown, { field: string; message: string }[]]>([
  [
    'nothing',
    {},
    [
      { field: 'email', message: 'email is required' },
      { field: 'password', message: 'password is required' },
    ],
  ],
  ['an object as password', { email: ada, password: { $ne: '' } }, [{ field: 'password', message: 'password is required' }]],
  ['a list as address', { email: [ada], password: goodPassword }, [{ field: 'email', message: 'email is required' }]],
  [
    'a word for remember_me',
    { email: ada, password: goodPassword, remember_me: 'yes' },
    [{ field: 'remember_me', message: 'remember_me must be true or false' }],
  ],
  ['a novel as password', { email: ada, password: 'x'.repeat(4097) }, [{ field: 'password', message: 'password is too long' }]],
])('%s is a validation error and no log-in', async (_, body, errors) => {
  const { server } = await startWithAda();
  const answer = await server.call('POST', '/auth/signin', { body });
  expect([answer.status, answer.body]).toEqual([400, invalid(...errors)]);
  expect(answer.cookies).toEqual([]);
});

test('the password policy is not applied at sign-in: a short one is wrong, not invalid', async () => {
  const { server } = await startWithAda();
  const answer = await signIn(server, ada, { body: { password: 'x' } });
  expect([answer.status, answer.body]).toEqual([401, invalidCredentials]);
});

test('five failures lock the address; the answer says in how many minutes to come back, and that is the truth', async () => {
  const { server } = await startWithAda();
  await fail(server, ada, 5);
  const sixth = await signIn(server, ada);
  expect([sixth.status, sixth.body]).toEqual([403, locked('15 minutes')]);
  expect(sixth.cookies).toEqual([]);
  server.advance({ minutes: 14 });
  expect((await signIn(server, ada)).body).toEqual(locked('1 minute'));
  server.advance({ seconds: 59 });
  expect((await signIn(server, ada)).body).toEqual(locked('1 minute'));
  server.advance({ seconds: 1 });
  expect((await signIn(server, ada)).status).toBe(200);
});

test('each further lock is twice as long; the text is in the language asked for', async () => {
  const { server } = await startWithAda();
  await fail(server, ada, 5);
  server.advance({ minutes: 15 });
  await fail(server, ada, 5);
  expect((await signIn(server, ada)).body).toEqual(locked('30 minutes'));
  const answer = await signIn(server, ada, { headers: inJapanese });
  expect(answer.body).toEqual(failure('forbidden', 'ログインの失敗が続きました。30分後に再試行してください'));
});

test('unknown addresses lock the same way, byte for byte', async () => {
  const { server } = await startWithAda();
  await fail(server, ada, 5);
  await fail(server, 'nobody@example.com', 5);
  expect(visible(await signIn(server, 'nobody@example.com'))).toEqual(visible(await signIn(server, ada)));
});

test('a browser that has signed up or in before is counted apart: a stranger cannot lock its owner out', async () => {
  const { server, person } = await startWithAda();
  const other = await signedIn(server, ada);
  await fail(server, ada, 5);
  for (const { answer } of [person, other]) {
    const cookie = cookiePair(answer, 'tegata_device');
    const back = await signIn(server, ada, { cookie });
    expect(back.status).toBe(200);
    expect(cookiePair(back, 'tegata_device')).toBe(cookie);
  }
  expect((await signIn(server, ada, { cookie: 'tegata_device=v1.forged' })).status).toBe(403);
});

test('a completed reset lifts the lock', async () => {
  const { server } = await startWithAda();
  await fail(server, ada, 5);
  await forgotPassword(server, ada);
  expect((await resetPassword(server, await mailedToken(server, ada))).status).toBe(200);
  expect((await signIn(server, ada, { body: { password: otherPassword } })).status).toBe(200);
});

test('stale cookies of any kind are ignored, and no CSRF token is needed', async () => {
  const { server, person } = await startWithAda();
  const cookies = ['access_token=x', 'access_token=a; access_token=b', `${person.accessCookie}x; csrf_token=y`];
  for (const cookie of cookies) expect((await signIn(server, ada, { cookie })).status).toBe(200);
  expect((await signIn(server, ada, { headers: { authorization: 'Bearer nonsense' } })).status).toBe(200);
});

test('an eleventh session ends the least recently used one', async () => {
  const { server, person } = await startWithAda();
  for (let turn = 0; turn < 10; turn += 1) {
    server.advance({ seconds: 1 });
    await signedIn(server, ada);
  }
  expect((await me(server, asBrowser(person))).status).toBe(401);
  expect(rows(server, 'select id from sessions where ended_at is null')).toHaveLength(10);
  expect(count(server, 'sessions')).toBe(11);
});
