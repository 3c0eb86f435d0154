import { expect, test } from 'vitest';
import { breakWrites } from '../database.ts';
import { sessionsInRedis } from '../redis-sessions.ts';
import { rows } from '../standard/stored.ts';
import { tampered } from '../standard/tokens.ts';
import {
  asBrowser,
  asBrowserLater,
  authRequired,
  challenge,
  challengeRefused,
  failure,
  inEnglish,
  invalidRefreshToken,
  invalidToken,
  loggedIn,
  logOut,
  me,
  refresh,
  refreshWith,
  registered,
  startOrganization,
} from './people.ts';

const ada = 'ada@example.com';

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startOrganization(settings);
  return { server, person: await registered(server, ada) };
};

const done = { success: true, data: { message: 'ログアウトしました' } };
const cleared = [
  'access_token=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0',
  'refresh_token=; Path=/api/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=0',
  'csrf_token=; Path=/; Secure; SameSite=Strict; Max-Age=0',
];

test('S2.64 S2.65 S2.66 S2.68 S2.69 S2.70 by header: this session is over, the cookies are cleared, other devices stay', async () => {
  const { server, person } = await startWithAda();
  const phone = await loggedIn(server, ada);
  const answer = await logOut(server, { token: person.accessToken });
  expect([answer.status, answer.body]).toEqual([200, done]);
  expect(answer.cookies).toEqual(cleared);
  expect((await me(server, { token: person.accessToken })).body).toEqual(invalidToken);
  expect((await refreshWith(server, person.refreshToken)).body).toEqual(invalidRefreshToken);
  expect((await me(server, { token: phone.accessToken })).status).toBe(200);
  expect((await refreshWith(server, phone.refreshToken)).status).toBe(200);
});

test('by cookie, with the CSRF pair: the same', async () => {
  const { server, person } = await startWithAda();
  const phone = await loggedIn(server, ada);
  const answer = await logOut(server, asBrowser(person));
  expect([answer.status, answer.body]).toEqual([200, done]);
  expect(answer.cookies).toEqual(cleared);
  expect((await me(server, asBrowser(person))).body).toEqual(invalidToken);
  expect((await refresh(server, asBrowser(person))).body).toEqual(invalidRefreshToken);
  expect((await me(server, asBrowser(phone))).status).toBe(200);
});

test('in English, by Accept-Language', async () => {
  const { server, person } = await startWithAda();
  const answer = await logOut(server, { token: person.accessToken, headers: inEnglish });
  expect(answer.body.data.message).toBe('You have been logged out');
});

test('V54 a person can leave late: the refresh cookie alone is enough, and so is an expired token in the header', async () => {
  const { server, person } = await startWithAda();
  const phone = await loggedIn(server, ada);
  server.advance({ minutes: 20 });
  const byCookie = await logOut(server, asBrowserLater(person));
  expect([byCookie.status, byCookie.body, byCookie.cookies]).toEqual([200, done, cleared]);
  expect((await refreshWith(server, person.refreshToken)).body).toEqual(invalidRefreshToken);
  const byHeader = await logOut(server, { token: phone.accessToken });
  expect([byHeader.status, byHeader.body]).toEqual([200, done]);
  expect((await refreshWith(server, phone.refreshToken)).body).toEqual(invalidRefreshToken);
});

test('a session whose time is over can be left too', async () => {
  const { server, person } = await startWithAda();
  server.advance({ days: 8 });
  const answer = await logOut(server, asBrowser(person));
  expect([answer.status, answer.cookies]).toEqual([200, cleared]);
  expect(rows(server, 'select end_reason from sessions')).toEqual([{ end_reason: 'logged_out' }]);
});

test('S2.19 S2.67 S2.176 without any credential it is 401 AUTH_REQUIRED', async () => {
  const { server } = await startWithAda();
  const answer = await logOut(server, {});
  expect([answer.status, answer.body]).toEqual([401, authRequired]);
  expect(answer.headers.get('www-authenticate')).toBe(challenge);
  expect(answer.cookies).toEqual([]);
  const english = await logOut(server, { headers: inEnglish });
  expect(english.body).toEqual(failure('AUTH_REQUIRED', 'Authentication is required'));
});

test('a bad header is 401 INVALID_TOKEN, is not rescued by good cookies, and clears none', async () => {
  const { server, person } = await startWithAda();
  for (const authorization of [
    `Bearer ${tampered(person.accessToken)}`,
    `Bearer ${person.refreshToken}`,
    'Bearer',
    'Basic eA==',
  ]) {
    const { cookie } = asBrowser(person);
    const answer = await logOut(server, { cookie, headers: { authorization, 'x-csrf-token': person.csrfToken } });
    expect({ authorization, status: answer.status, body: answer.body }).toEqual({
      authorization,
      status: 401,
      body: invalidToken,
    });
    expect(answer.headers.get('www-authenticate')).toBe(challengeRefused);
    expect(answer.cookies).toEqual([]);
  }
  expect((await me(server, asBrowser(person))).status).toBe(200);
});

test('a session that has ended is 401 INVALID_TOKEN; a browser is freed of its dead cookies all the same', async () => {
  const { server, person } = await startWithAda();
  await logOut(server, { token: person.accessToken });
  const byHeader = await logOut(server, { token: person.accessToken });
  expect([byHeader.status, byHeader.body, byHeader.cookies]).toEqual([401, invalidToken, []]);
  const byCookie = await logOut(server, asBrowser(person));
  expect([byCookie.status, byCookie.body, byCookie.cookies]).toEqual([401, invalidToken, cleared]);
  const garbage = await logOut(server, { cookie: 'access_token=x; refresh_token=y' });
  expect([garbage.status, garbage.body, garbage.cookies]).toEqual([401, invalidToken, cleared]);
});

test('the header decides which session ends, whatever cookies come along', async () => {
  const { server, person } = await startWithAda();
  const phone = await loggedIn(server, ada);
  expect((await logOut(server, { token: person.accessToken, cookie: asBrowser(phone).cookie })).status).toBe(200);
  expect((await me(server, { token: phone.accessToken })).status).toBe(200);
  expect((await me(server, { token: person.accessToken })).status).toBe(401);
});

test('V15 an end that could not be stored is no success', async () => {
  const { server, person } = await startWithAda();
  if (sessionsInRedis) breakWrites(server, 'revocations', 'insert');
  else breakWrites(server, 'sessions', 'update');
  const answer = await logOut(server, { token: person.accessToken });
  expect([answer.status, answer.body.error.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
  expect(answer.cookies).toEqual([]);
  // Redis ends a session before the database commits: what fails then errs on the side of being logged out (decision 18).
  expect((await me(server, { token: person.accessToken })).status).toBe(sessionsInRedis ? 401 : 200);
});

test('the audit log keeps that the session was left', async () => {
  const { server, person } = await startWithAda();
  await logOut(server, { token: person.accessToken });
  expect(rows(server, `select reason from audit_events where type = 'session.ended'`)).toEqual([{ reason: 'logged_out' }]);
});
