import { describe, expect, test } from 'vitest';
import { execute } from '../database.ts';
import { cookiePair } from '../server.ts';
import { rows } from '../standard/stored.ts';
import { decodeToken, tampered } from '../standard/tokens.ts';
import {
  asBrowser,
  asBrowserLater,
  challengeRefused,
  failure,
  inEnglish,
  invalidInput,
  invalidRefreshToken,
  invalidToken,
  loggedIn,
  logOut,
  me,
  path,
  refresh,
  refreshed,
  refreshWith,
  registered,
  startOrganization,
} from './people.ts';

const ada = 'ada@example.com';

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startOrganization(settings);
  return { server, person: await registered(server, ada) };
};

const refreshTokenExpired = failure(
  'REFRESH_TOKEN_EXPIRED',
  'リフレッシュトークンの有効期限が切れています。再度ログインしてください',
);

test('S2.16 S2.20 S2.72 S2.74 S2.77 S2.78 S2.115 S2.186 a token in the body gives the next pair, in the body and as cookies', async () => {
  const { server, person } = await startWithAda();
  server.advance({ minutes: 20 });
  const answer = await refreshWith(server, person.refreshToken);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    success: true,
    data: {
      token: { token: expect.any(String), refreshToken: expect.any(String), expiresAt: '2030-01-15T09:35:00.000Z' },
    },
  });
  const { token, refreshToken } = answer.body.data.token;
  expect(refreshToken).not.toBe(person.refreshToken);
  expect(answer.cookies).toEqual([
    `access_token=${token}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=900`,
    `refresh_token=${refreshToken}; Path=/api/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=604800`,
    expect.stringMatching(/^csrf_token=[\w-]{22}\.[\w-]{43}; Path=\/; Secure; SameSite=Strict; Max-Age=604800$/),
  ]);
  const { user } = person.answer.body.data;
  const claims = { sub: user.id, role: 'user', organizationId: user.organizationId, gen: 1 };
  expect(decodeToken(token).claims).toMatchObject(claims);
  expect(decodeToken(refreshToken).claims).toMatchObject({ ...claims, type: 'refresh' });
  expect((await me(server, { token })).status).toBe(200);
});

test('X26 the cookie alone refreshes, with the CSRF pair and without the access cookie', async () => {
  const { server, person } = await startWithAda();
  server.advance({ minutes: 20 });
  const answer = await refresh(server, asBrowserLater(person));
  expect(answer.status).toBe(200);
  expect(cookiePair(answer, 'refresh_token')).toBe(`refresh_token=${answer.body.data.token.refreshToken}`);
  expect((await me(server, { cookie: cookiePair(answer, 'access_token') })).status).toBe(200);
});

test('an empty JSON body leaves it to the cookie', async () => {
  const { server, person } = await startWithAda();
  expect((await refresh(server, { ...asBrowser(person), body: {} })).status).toBe(200);
});

test('a token in the body comes before the cookie, and a bad one is not rescued by a good cookie', async () => {
  const { server, person } = await startWithAda();
  const other = await loggedIn(server, ada);
  const answer = await refreshWith(server, other.refreshToken, asBrowser(person));
  expect(decodeToken(answer.body.data.token.token).claims.sid).toBe(decodeToken(other.accessToken).claims.sid);
  for (const bad of ['gone', '']) expect((await refreshWith(server, bad, asBrowser(person))).body).toEqual(invalidRefreshToken);
});

test('the session is remembered for as long as it was asked to be, and never past its absolute end', async () => {
  const { server } = await startWithAda({ TEGATA_SESSION_MAX_AGE: '10d' });
  const { refreshToken } = await loggedIn(server, ada);
  server.advance({ days: 6 });
  const answer = await refreshWith(server, refreshToken);
  expect(answer.cookies[1]).toMatch(/; Max-Age=345600$/);
  expect(answer.cookies[2]).toMatch(/; Max-Age=345600$/);
});

describe('a refused token', () => {
  test('S2.73 S2.75 X27 is 401 INVALID_REFRESH_TOKEN: no token, forged, of the other kind, or missing', async () => {
    const { server, person } = await startWithAda();
    const unsigned = `${Buffer.from('{"alg":"none","typ":"rt+jwt"}').toString('base64url')}.${person.refreshToken.split('.')[1]}.`;
    for (const token of ['gone', 'a.b.c', tampered(person.refreshToken), person.accessToken, unsigned, 'x'.repeat(20_000)]) {
      const answer = await refreshWith(server, token);
      expect({ token, status: answer.status, body: answer.body }).toEqual({ token, status: 401, body: invalidRefreshToken });
      expect(answer.headers.get('www-authenticate')).toBe(challengeRefused);
      expect(answer.cookies).toEqual([]);
    }
    for (const options of [{}, { body: {} }, { cookie: 'theme=dark' }, { cookie: person.accessCookie }]) {
      const answer = await refresh(server, options);
      expect([answer.status, answer.body]).toEqual([401, invalidRefreshToken]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
    }
    const english = await refreshWith(server, 'gone', { headers: inEnglish });
    expect(english.body).toEqual(failure('INVALID_REFRESH_TOKEN', 'The refresh token is not valid'));
    // V1: an access token sent here ended nothing.
    expect((await refreshWith(server, person.refreshToken)).status).toBe(200);
  });

  test('S2.76 is 401 REFRESH_TOKEN_EXPIRED after its time, to the second, in body and cookie', async () => {
    const { server, person } = await startWithAda();
    server.advance({ days: 7, seconds: -1 });
    const last = await loggedIn(server, ada);
    server.advance({ seconds: 1 });
    for (const answer of [await refreshWith(server, person.refreshToken), await refresh(server, asBrowserLater(person))]) {
      expect([answer.status, answer.body]).toEqual([401, refreshTokenExpired]);
      expect(answer.headers.get('www-authenticate')).toBe(challengeRefused);
    }
    const english = await refreshWith(server, person.refreshToken, { headers: inEnglish });
    expect(english.body.error.message).toBe('The refresh token has expired. Please log in again');
    expect((await refreshWith(server, last.refreshToken)).status).toBe(200);
  });

  test('is INVALID_REFRESH_TOKEN once its session has ended, also after its time', async () => {
    const { server, person } = await startWithAda();
    await logOut(server, { token: person.accessToken });
    expect((await refreshWith(server, person.refreshToken)).body).toEqual(invalidRefreshToken);
    server.advance({ days: 8 });
    expect((await refreshWith(server, person.refreshToken)).body).toEqual(invalidRefreshToken);
  });

  test.each(['suspended', 'deactivated'] as const)('is INVALID_REFRESH_TOKEN for a %s user', async (status) => {
    const { server, person } = await startWithAda();
    const userId = person.answer.body.data.user.id.slice('user_'.length);
    execute(server, 'delete from active_users where user_id = ?', userId);
    execute(server, 'update users set inactive_reason = ? where id = ?', status, userId);
    expect((await refreshWith(server, person.refreshToken)).body).toEqual(invalidRefreshToken);
  });

  test('that is no text is 422', async () => {
    const { server, person } = await startWithAda();
    for (const token of [0, null, [], {}, true]) {
      const answer = await refreshWith(server, token, asBrowser(person));
      const details = { refreshToken: 'refreshToken には文字列を指定してください' };
      expect([answer.status, answer.body]).toEqual([422, invalidInput(details)]);
    }
  });
});

describe('reuse', () => {
  test('S2.77 S2.80 S2.192 V7 a token that was used and whose successor has been seen ends everything of that log-in, and nothing else', async () => {
    const { server, person } = await startWithAda();
    const phone = await loggedIn(server, ada);
    const next = await refreshed(server, { body: { refreshToken: person.refreshToken } });
    expect((await me(server, { token: next.accessToken })).status).toBe(200);
    server.advance({ seconds: 11 });
    const stolen = await refreshWith(server, person.refreshToken);
    expect([stolen.status, stolen.body]).toEqual([401, invalidRefreshToken]);
    expect((await refreshWith(server, next.refreshToken)).body).toEqual(invalidRefreshToken);
    for (const token of [person.accessToken, next.accessToken]) expect((await me(server, { token })).body).toEqual(invalidToken);
    expect((await me(server, { token: phone.accessToken })).status).toBe(200);
    expect(rows(server, `select count(*) as n from audit_events where type = 'session.reuse_detected'`)).toEqual([{ n: 1 }]);
  });

  test('a lost answer is repeated, byte for byte, within the grace and until the successor is seen', async () => {
    const { server, person } = await startWithAda();
    const next = await refreshed(server, { body: { refreshToken: person.refreshToken } });
    server.advance({ hours: 1 });
    const again = await refreshed(server, { body: { refreshToken: person.refreshToken } });
    expect(again.refreshToken).toBe(next.refreshToken);
    // The cookie ends when the token in it does.
    expect(again.answer.cookies[1]).toMatch(/; Max-Age=601200$/);
    expect((await me(server, { token: again.accessToken })).status).toBe(200);
    expect((await refreshWith(server, person.refreshToken)).body).toEqual(invalidRefreshToken);
  });

  test('under the strict policy every reuse ends the session', async () => {
    const { server, person } = await startWithAda({ TEGATA_REFRESH_GRACE: '0s' });
    const next = await refreshed(server, { body: { refreshToken: person.refreshToken } });
    expect((await refreshWith(server, person.refreshToken)).body).toEqual(invalidRefreshToken);
    expect((await refreshWith(server, next.refreshToken)).body).toEqual(invalidRefreshToken);
  });

  test('V6 twenty refreshes at once, with one browser’s cookies, all get the same successor', async () => {
    const { server, person } = await startWithAda();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(server, asBrowser(person))));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map(({ body }) => body.data.token.refreshToken)).size).toBe(1);
    // Whichever answer a browser keeps, its CSRF token goes with the session.
    for (const answer of answers.slice(0, 3)) {
      const csrfCookie = cookiePair(answer, 'csrf_token');
      const cookie = [cookiePair(answer, 'refresh_token'), csrfCookie].join('; ');
      const next = await refresh(server, { cookie, headers: { 'x-csrf-token': csrfCookie.slice('csrf_token='.length) } });
      expect(next.status).toBe(200);
    }
  });
});

test('a refresh from another site’s page is 403, with the token in the body too, because the answer sets cookies', async () => {
  const { server, person } = await startWithAda({ TEGATA_URL: 'https://auth.example.com' });
  const headers = { origin: 'https://evil.example' };
  const answer = await server.call('POST', path('refresh'), { body: { refreshToken: person.refreshToken }, headers });
  expect([answer.status, answer.body.error.code, answer.cookies]).toEqual([403, 'PERMISSION_DENIED', []]);
  expect(rows(server, 'select generation from sessions')).toEqual([{ generation: 0 }]);
});
