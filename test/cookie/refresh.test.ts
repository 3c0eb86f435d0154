import { expect, test } from 'vitest';
import { rows } from '../standard/stored.ts';
import { decodeToken, tampered } from '../standard/tokens.ts';
import {
  ada,
  asBrowser,
  asBrowserLater,
  challengeRefused,
  csrfMismatch,
  csrfMissing,
  failure,
  inJapanese,
  invalidAccessToken,
  invalidRefreshToken,
  me,
  personOf,
  refresh,
  sessionCookies,
  signedIn,
  signedUp,
  signOut,
  startCookie,
} from './people.ts';

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startCookie(settings);
  return { server, person: await signedUp(server, ada) };
};

const endReason = (server: Awaited<ReturnType<typeof startWithAda>>['server']) =>
  rows(server, 'select end_reason from sessions').map((row) => row.end_reason);

test('S0.8 S0.18 refreshing rotates both tokens and gives a fresh CSRF token, in cookie and body', async () => {
  const { server, person } = await startWithAda();
  server.advance({ minutes: 14 });
  const answer = await refresh(server, asBrowser(person));
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ user: person.answer.body.user, expires_in: 900, csrf_token: expect.any(String) });
  expect(answer.cookies).toEqual(sessionCookies());
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const next = personOf(answer);
  expect(next.csrfToken).toBe(answer.body.csrf_token);
  expect(next.csrfToken).not.toBe(person.csrfToken);
  expect(next.refreshToken).not.toBe(person.refreshToken);
  expect(JSON.stringify(answer.body)).not.toContain(next.accessToken);
  expect(JSON.stringify(answer.body)).not.toContain(next.refreshToken);
  const [before, after] = [decodeToken(person.refreshToken).claims, decodeToken(next.refreshToken).claims];
  expect(after).toMatchObject({ sid: before.sid, gen: 1, exp: server.now() / 1000 + 604_800 });
  expect((await me(server, asBrowser(next))).status).toBe(200);
});

test('the access cookie may be gone or expired: the refresh cookie is the credential', async () => {
  const { server, person } = await startWithAda();
  server.advance({ hours: 2 });
  const next = personOf(await refresh(server, asBrowserLater(person)));
  server.advance({ hours: 2 });
  expect((await refresh(server, asBrowser(next))).status).toBe(200);
});

test('a remembered session slides by 30 days, and the CSRF cookie with it', async () => {
  const { server } = await startWithAda();
  const person = await signedIn(server, ada, { body: { remember_me: true } });
  server.advance({ days: 20 });
  const answer = await refresh(server, asBrowserLater(person));
  expect(answer.cookies).toEqual(sessionCookies({ refreshSeconds: 2_592_000 }));
});

test('S0.16 the refresh token ends after seven days, to the second', async () => {
  const { server, person } = await startWithAda();
  const phone = await signedIn(server, ada);
  server.advance({ days: 7, seconds: -1 });
  expect((await refresh(server, asBrowserLater(person))).status).toBe(200);
  server.advance({ seconds: 1 });
  const late = await refresh(server, asBrowserLater(phone));
  expect([late.status, late.body, late.cookies]).toEqual([401, invalidRefreshToken, []]);
});

test.each<[string, string | undefined]>([
  ['no cookie at all', undefined],
  ['an empty one', 'refresh_token='],
  ['nonsense', 'refresh_token=nonsense'],
  ['two of them', 'refresh_token=a; refresh_token=b'],
])('%s is an invalid refresh token', async (_, cookie) => {
  const { server } = await startWithAda();
  const answer = await refresh(server, { cookie });
  expect([answer.status, answer.body, answer.cookies]).toEqual([401, invalidRefreshToken, []]);
  expect(answer.headers.get('www-authenticate')).toBe(challengeRefused);
});

test('an access token is no refresh token, a forged one neither, and trying ends nothing', async () => {
  const { server, person } = await startWithAda();
  for (const token of [person.accessToken, tampered(person.refreshToken)]) {
    const cookie = `refresh_token=${token}; ${person.csrfCookie}`;
    const answer = await refresh(server, { cookie, headers: { 'x-csrf-token': person.csrfToken } });
    expect([answer.status, answer.body]).toEqual([401, invalidRefreshToken]);
  }
  expect((await refresh(server, asBrowser(person))).status).toBe(200);
});

test('a refresh token in a header or in the body is not accepted: the cookie alone counts', async () => {
  const { server, person } = await startWithAda();
  expect((await refresh(server, { token: person.refreshToken })).body).toEqual(invalidRefreshToken);
  expect((await refresh(server, { body: { refresh_token: person.refreshToken } })).body).toEqual(invalidRefreshToken);
});

test('a Bearer header does not spare the CSRF token: the credential is the cookie', async () => {
  const { server, person } = await startWithAda();
  const { cookie } = asBrowser(person);
  const answer = await refresh(server, { cookie, token: person.accessToken });
  expect([answer.status, answer.body]).toEqual([403, csrfMissing]);
  expect(endReason(server)).toEqual([null]);
});

test('S0.18 a token used again after its successor was seen is theft: the session ends, for everybody', async () => {
  const { server, person } = await startWithAda();
  const next = personOf(await refresh(server, asBrowser(person)));
  expect((await me(server, asBrowser(next))).status).toBe(200);
  server.advance({ seconds: 11 });
  const reused = await refresh(server, asBrowser(person));
  expect([reused.status, reused.body, reused.cookies]).toEqual([401, invalidRefreshToken, []]);
  expect(endReason(server)).toEqual(['refresh_reuse']);
  expect((await refresh(server, asBrowser(next))).body).toEqual(invalidRefreshToken);
  expect((await me(server, asBrowser(next))).body).toEqual(invalidAccessToken);
});

test('with a grace of 0 s every reuse is theft', async () => {
  const { server, person } = await startWithAda({ TEGATA_REFRESH_GRACE: '0s' });
  await refresh(server, asBrowser(person));
  expect((await refresh(server, asBrowser(person))).body).toEqual(invalidRefreshToken);
  expect(endReason(server)).toEqual(['refresh_reuse']);
});

test('a lost answer is repeated: the same refresh token, byte for byte, however late', async () => {
  const { server, person } = await startWithAda();
  const lost = personOf(await refresh(server, asBrowser(person)));
  server.advance({ hours: 3 });
  const repeated = personOf(await refresh(server, asBrowserLater(person)));
  expect(repeated.refreshToken).toBe(lost.refreshToken);
  expect((await me(server, asBrowser(repeated))).status).toBe(200);
});

test('ten parallel refreshes, as from ten tabs, rotate once and all end with the same refresh token', async () => {
  const { server, person } = await startWithAda();
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(server, asBrowser(person))));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(new Set(answers.map((answer) => personOf(answer).refreshToken)).size).toBe(1);
  expect(rows(server, 'select generation from sessions')).toEqual([{ generation: 1 }]);
});

test('the cookies of two people, mixed, refresh nobody', async () => {
  const { server, person } = await startWithAda();
  const eve = await signedUp(server, 'eve@example.com');
  for (const { csrfCookie, csrfToken } of [person, eve]) {
    const cookie = `${person.accessCookie}; ${eve.refreshCookie}; ${csrfCookie}`;
    const answer = await refresh(server, { cookie, headers: { 'x-csrf-token': csrfToken } });
    expect([answer.status, answer.body, answer.cookies]).toEqual([403, csrfMismatch, []]);
  }
  expect(rows(server, 'select distinct generation from sessions')).toEqual([{ generation: 0 }]);
});

test('suspended, deleted and signed-out people do not refresh', async () => {
  const { server, person } = await startWithAda();
  const gone = await signedUp(server, 'gone@example.com');
  const left = await signedUp(server, 'left@example.com');
  await server.engine.auth.setUserStatus({ userId: person.userId, status: 'suspended' });
  await server.call('DELETE', '/auth/account', { ...asBrowser(gone), body: { password: 'correct horse battery' } });
  await signOut(server, asBrowser(left));
  for (const one of [person, gone, left]) {
    const answer = await refresh(server, asBrowser(one));
    expect([answer.status, answer.body]).toEqual([401, invalidRefreshToken]);
  }
});

test('the refusal is in Japanese where that is preferred', async () => {
  const { server } = await startWithAda();
  const answer = await refresh(server, { headers: inJapanese });
  expect(answer.body).toEqual(failure('unauthorized', 'リフレッシュトークンが無効です'));
});
