import { expect, test } from 'vitest';
import { cookiePair, type TestServer } from '../server.ts';
import * as standard from '../standard/people.ts';
import { count } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import {
  failure,
  loggedIn,
  logIn,
  me,
  path,
  refreshWith,
  register,
  registered,
  requestReset,
  startOrganization,
} from './people.ts';

// Two doors over one engine: one set of people, each door with its own paths, shapes and presets.

const ada = 'ada@example.com';

const startBoth = (): Promise<TestServer> => startOrganization({ TEGATA_CONTRACTS: 'standard,organization' });

test('who registered at the other door logs in here, as a plain user of no organization', async () => {
  const server = await startBoth();
  const { userId } = await standard.registered(server, ada);
  const { answer, accessToken, refreshToken } = await loggedIn(server, ada);
  const user = { id: `user_${userId}`, email: ada, name: 'Ada Lovelace', role: 'user', organizationId: null };
  expect(answer.body.data.user).toEqual(user);
  expect(decodeToken(accessToken).claims).toMatchObject({ sub: user.id, role: 'user', organizationId: null });
  expect((await me(server, { token: accessToken })).body.data.user).toEqual({ ...user, organization: null });
  expect((await refreshWith(server, refreshToken)).status).toBe(200);
  expect(count(server, 'organizations')).toBe(0);
});

test('who registered there and has not verified the address is not let in here either, and not told why', async () => {
  const server = await startBoth();
  await standard.register(server, ada);
  expect((await logIn(server, ada)).body.error.code).toBe('INVALID_CREDENTIALS');
});

test('who registered here logs in at the other door, and an address is taken at both', async () => {
  const server = await startBoth();
  const person = await registered(server, ada);
  const there = await standard.loggedIn(server, ada);
  expect(there.answer.body.data.user.id).toBe(person.answer.body.data.user.id.slice('user_'.length));
  expect((await standard.register(server, ada)).status).toBe(409);
  await standard.registered(server, 'bob@example.com');
  expect((await register(server, 'bob@example.com')).body.error.code).toBe('DUPLICATE_EMAIL');
});

test('the device cookie of each door goes to that door alone', async () => {
  const server = await startBoth();
  const { answer } = await registered(server, ada);
  const there = await standard.loggedIn(server, ada);
  expect(answer.cookies.find((cookie) => cookie.startsWith('tegata_device'))).toContain('; Path=/api/auth;');
  expect(there.answer.cookies.find((cookie) => cookie.startsWith('tegata_device'))).toContain('; Path=/api/v1/auth;');
});

test('failures at both doors add up to one lock', async () => {
  const server = await startBoth();
  await registered(server, ada);
  for (let attempt = 0; attempt < 3; attempt += 1) await standard.logIn(server, ada, { password: 'a guess' });
  for (let attempt = 0; attempt < 2; attempt += 1) await logIn(server, ada, { password: 'a guess' });
  expect((await logIn(server, ada)).body.error.code).toBe('ACCOUNT_LOCKED');
  expect((await standard.logIn(server, ada)).body.error.code).toBe('ACCOUNT_LOCKED');
});

test('a session is one session: ended at the other door it is over here', async () => {
  const server = await startBoth();
  const person = await registered(server, ada);
  const there = await standard.loggedIn(server, ada);
  await server.call('POST', '/api/v1/auth/logout-all', { token: there.accessToken });
  expect((await me(server, { token: person.accessToken })).body.error.code).toBe('INVALID_TOKEN');
});

test('reset links asked for at each door live as long as that door says', async () => {
  const server = await startBoth();
  await registered(server, ada);
  server.advance({ seconds: 1 });
  await requestReset(server, ada);
  expect((await server.newestMail(ada)).text).toContain('24時間');
  server.advance({ seconds: 1 });
  await standard.forgot(server, ada);
  expect((await server.newestMail(ada)).text).toContain('1時間');
});

test('each door answers what it does not know in its own shape and language', async () => {
  const server = await startBoth();
  expect((await server.call('GET', path('nothing'))).body).toEqual(failure('NOT_FOUND', 'リソースが見つかりません'));
  expect((await server.call('GET', '/api/v1/nothing')).body).toEqual({
    error: { code: 'NOT_FOUND', message: 'not found' },
    meta: null,
  });
});

test('the cookies of the other door are no login here', async () => {
  const server = await startBoth();
  await registered(server, ada);
  const there = await standard.loggedIn(server, ada);
  expect((await me(server, { cookie: cookiePair(there.answer, 'refresh_token') })).status).toBe(401);
});
