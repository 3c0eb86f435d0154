import { expect, test } from 'vitest';
import * as standard from '../standard/people.ts';
import {
  ada,
  asBrowser,
  cookiesOf,
  csrfMismatch,
  failure,
  goodPassword,
  invalidCredentials,
  me,
  otherPassword,
  personOf,
  refresh,
  signedIn,
  signedUp,
  signIn,
  signUp,
  startCookie,
} from './people.ts';

// Two doors, one house: both contracts over one user base.

const startBoth = () => startCookie({ TEGATA_CONTRACTS: 'standard,cookie' });

test('who signed up here logs in there, as the same user', async () => {
  const server = await startBoth();
  const person = await signedUp(server, ada);
  const { answer } = await standard.loggedIn(server, ada);
  expect(answer.body.data.user).toMatchObject({ id: person.userId, email: ada, status: 'active', email_verified: false });
});

test('who registered there signs in here once the address is verified', async () => {
  const server = await startBoth();
  await standard.register(server, ada);
  expect((await signIn(server, ada)).body).toEqual(invalidCredentials);
  await standard.verifyEmail(server, { token: await standard.mailedToken(server, ada) });
  const answer = await signIn(server, ada);
  expect(answer.body.user).toMatchObject({ email: ada, name: 'Ada Lovelace', is_active: true, email_verified: true });
});

test('an address is taken in both', async () => {
  const server = await startBoth();
  await signedUp(server, ada);
  const there = await standard.register(server, ada);
  expect([there.status, there.body.error.code]).toEqual([409, 'CONFLICT']);
  await standard.register(server, 'grace@example.com');
  expect((await signUp(server, 'grace@example.com')).status).toBe(409);
});

test('each answers under its own paths, in its own shape', async () => {
  const server = await startBoth();
  expect((await me(server)).body).toEqual(failure('unauthorized', 'Missing authentication token'));
  expect((await standard.me(server, undefined)).body.error).toMatchObject({ code: 'UNAUTHORIZED' });
  expect((await server.call('GET', '/auth/nowhere')).body).toEqual(failure('not_found', 'Not found'));
  expect((await server.call('GET', '/api/v1/nowhere')).body.error).toMatchObject({ code: 'NOT_FOUND' });
});

test('changing the password here ends the sessions there, and the other way round', async () => {
  const server = await startBoth();
  const person = await signedUp(server, ada);
  const there = await standard.loggedIn(server, ada);
  await server.call('PUT', '/auth/change-password', {
    ...asBrowser(person),
    body: { current_password: goodPassword, new_password: otherPassword },
  });
  expect((await standard.me(server, there.accessToken)).status).toBe(401);
  const again = await standard.loggedIn(server, ada, { password: otherPassword });
  await server.call('POST', '/api/v1/auth/logout-all', { token: again.accessToken });
  expect((await me(server, asBrowser(person))).status).toBe(401);
});

test('an access token of either is one, as a header; the standard contract takes none from a cookie', async () => {
  const server = await startBoth();
  const person = await signedUp(server, ada);
  const there = await standard.loggedIn(server, ada);
  expect((await me(server, { token: there.accessToken })).status).toBe(200);
  expect((await standard.me(server, person.accessToken)).status).toBe(200);
  expect((await server.call('GET', '/api/v1/me', { cookie: cookiesOf(person) })).status).toBe(401);
});

test('a failed guess here counts there', async () => {
  const server = await startBoth();
  await signedUp(server, ada);
  for (let turn = 0; turn < 3; turn += 1) await signIn(server, ada, { body: { password: 'not the password' } });
  for (let turn = 0; turn < 2; turn += 1) await standard.logIn(server, ada, { password: 'not the password' });
  expect((await standard.logIn(server, ada)).status).toBe(403);
  expect((await signIn(server, ada)).status).toBe(403);
});

test('cookies of one contract are not sent to the calls of the other', async () => {
  const server = await startBoth();
  const here = personOf(await signUp(server, ada)).answer.cookies.map(
    (cookie) => cookie.replace(/=.*; Path=/, ' ').split(';')[0],
  );
  expect(here).toEqual(['access_token /', 'refresh_token /auth', 'csrf_token /', 'tegata_device /auth']);
  const there = (await standard.logIn(server, ada)).cookies.map((cookie) => cookie.replace(/=.*; Path=/, ' ').split(';')[0]);
  expect(there).toEqual(['refresh_token /api/v1/auth', 'tegata_device /api/v1/auth']);
});

test('S0.21 the cookies of two people, mixed, are refused wherever something would change', async () => {
  const server = await startBoth();
  const person = await signedUp(server, ada);
  const eve = await signedUp(server, 'eve@example.com');
  const herOther = await signedIn(server, ada);
  for (const [access, second] of [
    [person, eve],
    [eve, person],
    [person, herOther],
  ] as const) {
    for (const csrf of [access, second]) {
      const cookie = `${access.accessCookie}; ${second.refreshCookie}; ${csrf.csrfCookie}`;
      const options = { cookie, headers: { 'x-csrf-token': csrf.csrfToken } };
      expect((await refresh(server, options)).body).toEqual(csrfMismatch);
      expect((await server.call('POST', '/auth/signout-all', options)).body).toEqual(csrfMismatch);
      const body = { password: goodPassword };
      expect((await server.call('DELETE', '/auth/account', { ...options, body })).body).toEqual(csrfMismatch);
    }
  }
  for (const one of [person, eve, herOther]) expect((await me(server, asBrowser(one))).status).toBe(200);
});

test('a contract that is not mounted has no paths', async () => {
  const cookieOnly = await startCookie();
  expect((await standard.register(cookieOnly, ada)).status).toBe(404);
  const standardOnly = await startCookie({ TEGATA_CONTRACTS: 'standard' });
  for (const answer of [await signUp(standardOnly, ada), await me(standardOnly)]) {
    expect([answer.status, answer.body.error.code]).toEqual([404, 'NOT_FOUND']);
  }
  const reset = await standardOnly.call('POST', '/auth/reset-password', { body: { token: 'x', new_password: otherPassword } });
  expect(reset.status).toBe(415);
});
