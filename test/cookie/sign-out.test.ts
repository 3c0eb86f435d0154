import { expect, test } from 'vitest';
import { count, rows } from '../standard/stored.ts';
import { tampered } from '../standard/tokens.ts';
import {
  ada,
  asBrowser,
  asBrowserLater,
  challenge,
  challengeRefused,
  clearedCookies,
  cookiesOf,
  csrfMismatch,
  foreignOrigin,
  inJapanese,
  invalidAccessToken,
  invalidRefreshToken,
  me,
  missingToken,
  refresh,
  signedIn,
  signedUp,
  signOut,
  signOutEverywhere,
  startCookie,
} from './people.ts';

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startCookie(settings);
  return { server, person: await signedUp(server, ada) };
};

const done = { message: 'Successfully signed out' };

test('S0.7 signing out ends this session and clears the three cookies; other devices stay', async () => {
  const { server, person } = await startWithAda();
  const phone = await signedIn(server, ada);
  const answer = await signOut(server, asBrowser(person));
  expect([answer.status, answer.body]).toEqual([200, done]);
  expect(answer.cookies).toEqual(clearedCookies);
  expect((await me(server, asBrowser(person))).body).toEqual(invalidAccessToken);
  expect((await refresh(server, asBrowser(person))).body).toEqual(invalidRefreshToken);
  expect((await me(server, asBrowser(phone))).status).toBe(200);
});

test('an expired access token is enough, and so is the refresh cookie alone', async () => {
  const { server, person } = await startWithAda();
  const phone = await signedIn(server, ada);
  server.advance({ hours: 1 });
  const { accessCookie, csrfCookie, csrfToken } = person;
  const late = await signOut(server, {
    cookie: `${accessCookie}; ${csrfCookie}`,
    headers: { 'x-csrf-token': csrfToken },
  });
  expect([late.status, late.body, late.cookies]).toEqual([200, done, clearedCookies]);
  expect((await refresh(server, asBrowserLater(person))).status).toBe(401);
  expect((await signOut(server, asBrowserLater(phone))).status).toBe(200);
  expect((await refresh(server, asBrowserLater(phone))).status).toBe(401);
  expect(rows(server, 'select id from sessions where ended_at is null')).toEqual([]);
});

test('cookies that name no session are cleared all the same, and so is nothing at all; a second time succeeds too', async () => {
  const { server, person } = await startWithAda();
  const forged = [
    undefined,
    'access_token=nonsense; refresh_token=nonsense',
    `access_token=${tampered(person.accessToken)}`,
    'csrf_token=alone',
  ];
  for (const cookie of forged) {
    const answer = await signOut(server, { cookie });
    expect([answer.status, answer.body, answer.cookies]).toEqual([200, done, clearedCookies]);
  }
  expect((await me(server, asBrowser(person))).status).toBe(200);
  for (const _ of [1, 2]) {
    const answer = await signOut(server, asBrowser(person));
    expect([answer.status, answer.body, answer.cookies]).toEqual([200, done, clearedCookies]);
  }
  expect(count(server, 'sessions')).toBe(1);
});

test('Authorization: Bearer signs out without a CSRF token, late too', async () => {
  const { server, person } = await startWithAda();
  const phone = await signedIn(server, ada);
  expect((await signOut(server, { token: person.accessToken })).body).toEqual(done);
  expect((await me(server, { token: person.accessToken })).body).toEqual(invalidAccessToken);
  server.advance({ hours: 1 });
  expect((await signOut(server, { token: phone.accessToken })).status).toBe(200);
  expect((await refresh(server, asBrowserLater(phone))).status).toBe(401);
});

test('a header that names no session is refused, and good cookies do not stand in for it', async () => {
  const { server, person } = await startWithAda();
  for (const authorization of [
    'Bearer nonsense',
    `Bearer ${tampered(person.accessToken)}`,
    'Basic YWRhOnB3',
    person.accessToken,
  ]) {
    const { cookie, headers } = asBrowser(person);
    const answer = await signOut(server, { cookie, headers: { ...headers, authorization } });
    expect([answer.status, answer.body, answer.cookies]).toEqual([401, invalidAccessToken, []]);
    expect(answer.headers.get('www-authenticate')).toBe(challengeRefused);
  }
  expect((await me(server, asBrowser(person))).status).toBe(200);
});

test('pages of other sites cannot sign people out, not even where no cookie comes along', async () => {
  const { server, person } = await startWithAda();
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
    for (const options of [asBrowser(person), {}]) {
      const answer = await signOut(server, { ...options, headers: { ...options.headers, ...headers } });
      expect([answer.status, answer.body, answer.cookies]).toEqual([403, foreignOrigin, []]);
    }
  }
  expect((await me(server, asBrowser(person))).status).toBe(200);
});

test('the cookies of two people, mixed, sign nobody out', async () => {
  const { server, person } = await startWithAda();
  const eve = await signedUp(server, 'eve@example.com');
  for (const { csrfCookie, csrfToken } of [person, eve]) {
    const cookie = `${person.accessCookie}; ${eve.refreshCookie}; ${csrfCookie}`;
    const answer = await signOut(server, { cookie, headers: { 'x-csrf-token': csrfToken } });
    expect([answer.status, answer.body, answer.cookies]).toEqual([403, csrfMismatch, []]);
  }
  expect((await me(server, asBrowser(person))).status).toBe(200);
  expect((await me(server, asBrowser(eve))).status).toBe(200);
});

test('signing out is in Japanese where that is preferred', async () => {
  const { server, person } = await startWithAda();
  const { cookie, headers } = asBrowser(person);
  const answer = await signOut(server, { cookie, headers: { ...headers, ...inJapanese } });
  expect(answer.body).toEqual({ message: 'ログアウトしました' });
});

test('signing out everywhere ends every session, this one counted, and says how many', async () => {
  const { server, person } = await startWithAda();
  const others = [await signedIn(server, ada), await signedIn(server, ada)];
  const eve = await signedUp(server, 'eve@example.com');
  const answer = await signOutEverywhere(server, asBrowser(person));
  expect([answer.status, answer.body]).toEqual([200, { message: 'Logged out from 3 devices' }]);
  expect(answer.cookies).toEqual(clearedCookies);
  for (const one of [person, ...others]) {
    expect((await me(server, asBrowser(one))).body).toEqual(invalidAccessToken);
    expect((await refresh(server, asBrowser(one))).body).toEqual(invalidRefreshToken);
  }
  expect((await me(server, asBrowser(eve))).status).toBe(200);
});

test('ended sessions are not counted again; by Bearer, and in Japanese, it is the same', async () => {
  const { server, person } = await startWithAda();
  await signOut(server, asBrowser(await signedIn(server, ada)));
  const answer = await signOutEverywhere(server, { token: person.accessToken, headers: inJapanese });
  expect([answer.status, answer.body]).toEqual([200, { message: '1台の端末からログアウトしました' }]);
  const alone = await signedIn(server, ada);
  expect((await signOutEverywhere(server, asBrowser(alone))).body).toEqual({ message: 'Logged out from 1 devices' });
});

test('signing out everywhere needs a live log-in: an expired or missing token is a 401', async () => {
  const { server, person } = await startWithAda();
  const nobody = await signOutEverywhere(server, {});
  expect([nobody.status, nobody.body]).toEqual([401, missingToken]);
  expect(nobody.headers.get('www-authenticate')).toBe(challenge);
  server.advance({ minutes: 15 });
  const late = await signOutEverywhere(server, { cookie: cookiesOf(person), headers: { 'x-csrf-token': person.csrfToken } });
  expect([late.status, late.body]).toEqual([401, { error: 'Access token has expired', error_type: 'unauthorized' }]);
  expect(rows(server, 'select id from sessions where ended_at is null')).toHaveLength(1);
});
