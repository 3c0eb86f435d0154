import { expect, test } from 'vitest';
import type { TestServer } from '../server.ts';
import { count, rows } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import {
  ada,
  asBrowser,
  cookiesOf,
  failure,
  goodPassword,
  inJapanese,
  invalid,
  knownDeviceCookie,
  me,
  personOf,
  sessionCookies,
  signedUp,
  signIn,
  signUp,
  startCookie,
  verified,
} from './people.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const post = (server: TestServer, body: unknown, headers: Record<string, string> = {}) =>
  server.call('POST', '/auth/signup', { body, headers });

test('S0.5 S0.15 S0.21 signing up makes the user, logs in at once and answers with the three cookies', async () => {
  const server = await startCookie();
  const answer = await signUp(server, ada, { body: { name: 'Ada Lovelace' } });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    user: {
      id: expect.stringMatching(uuid),
      email: ada,
      name: 'Ada Lovelace',
      is_active: true,
      email_verified: false,
      created_at: '2030-01-15T09:00:00.000Z',
      updated_at: '2030-01-15T09:00:00.000Z',
    },
    message: 'Registration successful',
    expires_in: 900,
    csrf_token: expect.any(String),
  });
  expect(answer.cookies).toEqual([...sessionCookies(), knownDeviceCookie]);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const person = personOf(answer);
  expect(person.csrfToken).toBe(answer.body.csrf_token);
  expect((await me(server, asBrowser(person))).body).toEqual({ user: answer.body.user });
});

test('no access and no refresh token is in the body, only in HttpOnly cookies', async () => {
  const server = await startCookie();
  const { answer, accessToken, refreshToken } = await signedUp(server, ada);
  const body = JSON.stringify(answer.body);
  expect(body).not.toContain(accessToken);
  expect(body).not.toContain(refreshToken);
  expect(body).not.toContain(accessToken.split('.')[2]);
});

test('S0.13 S0.14 S0.16 the access token is a JWT of 15 minutes, the refresh token one of 7 days, of one session', async () => {
  const server = await startCookie();
  const person = await signedUp(server, ada);
  const access = decodeToken(person.accessToken);
  const now = server.now() / 1000;
  expect(access.header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]{8,}$/) });
  expect(access.claims).toEqual({
    iss: 'tegata',
    aud: 'tegata-api',
    sub: person.userId,
    iat: now,
    exp: now + 15 * 60,
    jti: expect.stringMatching(uuid),
    sid: expect.stringMatching(uuid),
    gen: 0,
  });
  const refreshing = decodeToken(person.refreshToken);
  expect(refreshing.header.typ).toBe('rt+jwt');
  expect(refreshing.claims).toMatchObject({ sub: person.userId, exp: now + 7 * 86_400, sid: access.claims.sid });
});

test('S0.17 S0.19 the session is in the database; the password is there as an Argon2id hash alone', async () => {
  const server = await startCookie();
  const person = await signedUp(server, ada);
  const { sid } = decodeToken(person.refreshToken).claims;
  expect(rows(server, 'select id, user_id from sessions')).toEqual([{ id: sid, user_id: person.userId }]);
  const [credential] = rows(server, 'select password_hash from password_credentials');
  expect(credential?.password_hash).toMatch(/^\$argon2id\$v=19\$/);
});

test('the address is unverified until the mailed link is used; signing in never waits for that', async () => {
  const server = await startCookie();
  const person = await signedUp(server, ada);
  expect((await signIn(server, ada)).body.user).toMatchObject({ is_active: true, email_verified: false });
  await verified(server, ada);
  expect((await me(server, asBrowser(person))).body.user).toMatchObject({ is_active: true, email_verified: true });
});

test.each([
  ['Grace.Hopper@Example.com', 'grace.hopper'],
  ['x@example.com', 'x'],
  [`${'n'.repeat(64)}@example.com`, 'n'.repeat(64)],
])('without a name %s is called %s', async (email, name) => {
  const server = await startCookie();
  expect((await signUp(server, email)).body.user.name).toBe(name);
});

test('the address is trimmed and lower-cased, the name trimmed', async () => {
  const server = await startCookie();
  const answer = await signUp(server, '  ADA@Example.COM ', { body: { name: '  Ada  ' } });
  expect(answer.body.user).toMatchObject({ email: ada, name: 'Ada' });
});

test('S0.5 an address that has an account is a conflict, in any spelling, and the account stays as it is', async () => {
  const server = await startCookie();
  await signUp(server, ada);
  for (const email of [ada, 'ADA@EXAMPLE.COM', ` ${ada}`]) {
    const again = await signUp(server, email, { body: { password: 'a different password' } });
    expect([again.status, again.body]).toEqual([409, failure('conflict', 'email address is already registered')]);
    expect(again.cookies).toEqual([]);
  }
  expect(count(server, 'users')).toBe(1);
  expect((await signIn(server, ada)).status).toBe(200);
});

test('also with account hints off: being logged in would tell anyway', async () => {
  const server = await startCookie({ TEGATA_ACCOUNT_HINTS: 'off' });
  await signUp(server, ada);
  expect((await signUp(server, ada)).status).toBe(409);
});

test('twenty parallel sign-ups of one address leave one user with one session; the others are conflicts', async () => {
  const server = await startCookie();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, turn) =>
      signUp(server, turn % 2 ? ada : 'Ada@Example.com', { body: { name: `Ada ${turn}` } }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
  for (const table of ['users', 'user_emails', 'password_credentials', 'sessions', 'active_users']) {
    expect([table, count(server, table)]).toEqual([table, 1]);
  }
});

const required = [
  { field: 'email', message: 'email is required' },
  { field: 'password', message: 'password is required' },
];

test.each<[string, Record<string, unknown>, { field: string; message: string }[]]>([
  ['nothing', {}, required],
  ['other types', { email: 1, password: ['x'], name: {} }, [...required, { field: 'name', message: 'name must be text' }]],
  ['null', { email: null, password: null }, required],
  ['an empty address', { email: '', password: goodPassword }, [{ field: 'email', message: 'email is required' }]],
  ['no address', { email: 'ada', password: goodPassword }, [{ field: 'email', message: 'email is not a valid address' }]],
  [
    'two mistakes',
    { email: 'ada@', password: 'short' },
    [
      { field: 'email', message: 'email is not a valid address' },
      { field: 'password', message: 'password must be at least 8 characters' },
    ],
  ],
  [
    'a short password',
    { email: ada, password: '1234567' },
    [{ field: 'password', message: 'password must be at least 8 characters' }],
  ],
  ['257 bytes', { email: ada, password: 'é'.repeat(129) }, [{ field: 'password', message: 'password is too long' }]],
  ['5000 letters', { email: ada, password: 'x'.repeat(5000) }, [{ field: 'password', message: 'password is too long' }]],
  ['a common password', { email: ada, password: 'password1' }, [{ field: 'password', message: 'password is too common' }]],
  ['the address', { email: ada, password: ada }, [{ field: 'password', message: 'password must not be your email address' }]],
  [
    'half a character',
    { email: ada, password: 'abcdefgh\ud800' },
    [{ field: 'password', message: 'password contains characters that are not valid text' }],
  ],
  [
    'an empty name',
    { email: ada, password: goodPassword, name: ' ' },
    [{ field: 'name', message: 'name must be 1 to 100 characters' }],
  ],
  [
    'a long name',
    { email: ada, password: goodPassword, name: 'あ'.repeat(101) },
    [{ field: 'name', message: 'name must be 1 to 100 characters' }],
  ],
  [
    'a line break in the name',
    { email: ada, password: goodPassword, name: 'Ada\nBcc: x' },
    [{ field: 'name', message: 'name must not contain control characters' }],
  ],
])('%s is a validation error that names the field, and makes nobody', async (_, body, errors) => {
  const server = await startCookie();
  const answer = await post(server, body);
  expect([answer.status, answer.body]).toEqual([400, invalid(...errors)]);
  expect(answer.cookies).toEqual([]);
  expect(count(server, 'users')).toBe(0);
});

test.each(['Password123!', 'NewPassword123!'])('%s is acceptable: there are no rules of composition', async (password) => {
  const server = await startCookie();
  expect((await signUp(server, ada, { body: { password } })).status).toBe(201);
});

test('unknown fields are ignored: nobody makes themselves verified or chooses an id', async () => {
  const server = await startCookie();
  const wish = { id: 'mine', is_active: false, email_verified: true, role: 'admin', created_at: '1970-01-01T00:00:00.000Z' };
  const { body } = await signUp(server, ada, { body: wish });
  expect(body.user).toMatchObject({ is_active: true, email_verified: false, created_at: '2030-01-15T09:00:00.000Z' });
  expect(body.user.id).not.toBe('mine');
  expect(body.user).not.toHaveProperty('role');
});

test('signing up makes a new session whatever cookies come along, and is in Japanese where that is preferred', async () => {
  const server = await startCookie();
  const first = await signedUp(server, ada);
  const answer = await signUp(server, 'grace@example.com', { cookie: cookiesOf(first), headers: inJapanese });
  expect(answer.body.message).toBe('登録が完了しました');
  const second = personOf(answer);
  expect(decodeToken(second.accessToken).claims.sid).not.toBe(decodeToken(first.accessToken).claims.sid);
  expect((await me(server, { cookie: first.accessCookie })).body.user.email).toBe(ada);
  const again = await signUp(server, ada, { headers: inJapanese });
  expect(again.body).toEqual(failure('conflict', 'このメールアドレスは既に登録されています'));
  const [mail] = await server.mails('grace@example.com');
  expect(mail?.subject).toMatch(/[\u3040-\u30ff]/);
});
