import { expect, test } from 'vitest';
import { type Answer, cookiePair, startServer, type TestServer } from '../server.ts';
import { loggedIn, logIn, me, refresh, registered } from './people.ts';
import { rows } from './stored.ts';
import { decodeToken, tampered, tokenIn } from './tokens.ts';

const clearedCookie = 'refresh_token=; Path=/api/v1/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=0';

const logOut = (server: TestServer, options: Parameters<TestServer['call']>[2] = {}) =>
  server.call('POST', '/api/v1/auth/logout', options);

/** The one answer of this call, whatever there was to end. */
const expectLoggedOut = (answer: Answer) => {
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ data: { message: 'logged out successfully' }, meta: null });
  expect(answer.cookies).toEqual([clearedCookie]);
  expect(answer.headers.get('cache-control')).toBe('no-store');
};

/** Why the two tokens of a session are refused; undefined for a token that works. */
const reasons = async (server: TestServer, session: { accessToken: string; refreshCookie: string }) => {
  const access = await me(server, session.accessToken);
  const refreshed = await refresh(server, session.refreshCookie);
  return [access.body.error?.reason, refreshed.body.error?.reason];
};

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startServer(settings);
  await registered(server, 'ada@example.com');
  return { server, session: await loggedIn(server, 'ada@example.com') };
};

test('S3.134 S3.143 S3.150 logging out ends the session at once, for both tokens, and clears the cookie', async () => {
  const { server, session } = await startWithAda();
  expectLoggedOut(await logOut(server, { token: session.accessToken, cookie: session.refreshCookie }));
  const access = await me(server, session.accessToken);
  expect(access.status).toBe(401);
  expect(access.body).toEqual({
    error: { code: 'UNAUTHORIZED', message: 'token has been revoked', reason: 'logged_out' },
    meta: null,
  });
  const refreshed = await refresh(server, session.refreshCookie);
  expect(refreshed.status).toBe(401);
  expect(refreshed.body).toEqual({
    error: { code: 'UNAUTHORIZED', message: 'session not found', reason: 'logged_out' },
    meta: null,
  });
});

test('the cleared cookie has the attributes of the one that was set, an empty value and Max-Age=0', async () => {
  const { server, session } = await startWithAda();
  const shape = (cookie: string | undefined) => cookie?.replace(/=[^;]*/, '=').replace(/Max-Age=\d+/, 'Max-Age=');
  const cleared = (await logOut(server)).cookies[0];
  expect(shape(cleared)).toBe(shape(session.answer.cookies[0]));
});

test('the access token alone is enough, and needs no Origin', async () => {
  const { server, session } = await startWithAda();
  expectLoggedOut(await logOut(server, { token: session.accessToken }));
  expect(await reasons(server, session)).toEqual(['logged_out', 'logged_out']);
});

test('the cookie alone is enough', async () => {
  const { server, session } = await startWithAda();
  expectLoggedOut(await logOut(server, { cookie: session.refreshCookie }));
  expect(await reasons(server, session)).toEqual(['logged_out', 'logged_out']);
});

test('the refresh token in the body is enough', async () => {
  const { server, session } = await startWithAda();
  expectLoggedOut(await logOut(server, { body: { refresh_token: tokenIn(session.refreshCookie) } }));
  expect(await reasons(server, session)).toEqual(['logged_out', 'logged_out']);
});

test('V54 an expired access token is enough: a person must be able to leave late', async () => {
  const { server, session } = await startWithAda();
  server.advance({ hours: 2 });
  expect((await me(server, session.accessToken)).body.error.code).toBe('TOKEN_EXPIRED');
  expectLoggedOut(await logOut(server, { token: session.accessToken }));
  expect((await refresh(server, session.refreshCookie)).body.error.reason).toBe('logged_out');
});

test('a refresh token that has been rotated away still names the session to end', async () => {
  const { server, session } = await startWithAda();
  const answer = await refresh(server, session.refreshCookie);
  const next = { accessToken: answer.body.data.access_token, refreshCookie: cookiePair(answer, 'refresh_token') };
  expectLoggedOut(await logOut(server, { cookie: session.refreshCookie }));
  expect(await reasons(server, next)).toEqual(['logged_out', 'logged_out']);
});

test('with nothing to end it is a success too, and clears the cookie', async () => {
  const { server } = await startWithAda();
  expectLoggedOut(await logOut(server));
  expectLoggedOut(await logOut(server, { body: {} }));
  expectLoggedOut(await logOut(server, { cookie: 'refresh_token=gone' }));
  expectLoggedOut(await logOut(server, { token: 'gone', cookie: 'a=b; ;;"' }));
  expectLoggedOut(await logOut(server, { headers: { authorization: 'Basic YWRhOnNlY3JldA==' } }));
});

test('it is idempotent: again and at the same time is the same answer, and the session ended once', async () => {
  const { server, session } = await startWithAda();
  const credentials = { token: session.accessToken, cookie: session.refreshCookie };
  for (const answer of await Promise.all(Array.from({ length: 10 }, () => logOut(server, credentials)))) expectLoggedOut(answer);
  server.advance({ days: 8 });
  expectLoggedOut(await logOut(server, credentials));
  const { sid } = decodeToken(session.accessToken).claims;
  const ended = rows(server, `select session_id, reason from audit_events where type = 'session.ended'`);
  expect(ended).toEqual([{ session_id: sid, reason: 'logged_out' }]);
});

test('other devices and other people stay logged in', async () => {
  const { server, session } = await startWithAda();
  await registered(server, 'ben@example.com');
  const phone = await loggedIn(server, 'ada@example.com');
  const ben = await loggedIn(server, 'ben@example.com');
  expectLoggedOut(await logOut(server, { token: session.accessToken, cookie: session.refreshCookie }));
  for (const other of [phone, ben]) expect(await reasons(server, other)).toEqual([undefined, undefined]);
});

test('access token and cookie of two sessions end both: whoever holds them wanted to leave', async () => {
  const { server, session } = await startWithAda();
  const other = await loggedIn(server, 'ada@example.com');
  expectLoggedOut(await logOut(server, { token: session.accessToken, cookie: other.refreshCookie }));
  expect(await reasons(server, session)).toEqual(['logged_out', 'logged_out']);
  expect(await reasons(server, other)).toEqual(['logged_out', 'logged_out']);
});

test('forged tokens and tokens of the other kind end nothing', async () => {
  const { server, session } = await startWithAda();
  const refreshToken = tokenIn(session.refreshCookie);
  expectLoggedOut(await logOut(server, { token: tampered(session.accessToken) }));
  expectLoggedOut(await logOut(server, { cookie: `refresh_token=${tampered(refreshToken)}` }));
  expectLoggedOut(await logOut(server, { token: refreshToken }));
  expectLoggedOut(await logOut(server, { cookie: `refresh_token=${session.accessToken}` }));
  expectLoggedOut(await logOut(server, { cookie: `${session.refreshCookie}; refresh_token=planted` }));
  expect(await reasons(server, session)).toEqual([undefined, undefined]);
});

test('after logging out the same browser logs in to a session of its own', async () => {
  const { server, session } = await startWithAda();
  await logOut(server, { cookie: session.refreshCookie });
  const again = await logIn(server, 'ada@example.com', { cookie: session.refreshCookie });
  expect(again.status).toBe(200);
  expect(decodeToken(again.body.data.access_token).claims.sid).not.toBe(decodeToken(session.accessToken).claims.sid);
  expect((await me(server, session.accessToken)).status).toBe(401);
});

test('a body that is no JSON is told so, and ends nothing', async () => {
  const { server, session } = await startWithAda();
  const { accessToken: token, refreshCookie: cookie } = session;
  expect((await logOut(server, { token, cookie, body: '{' })).body.error.message).toBe('invalid request body');
  expect((await logOut(server, { token, cookie, body: { refresh_token: 1 } })).status).toBe(400);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await logOut(server, { token, cookie, body: 'a=b', headers: form })).status).toBe(415);
  expect(await reasons(server, session)).toEqual([undefined, undefined]);
});

const appOrigin = 'https://app.example.com';
const origins = { TEGATA_URL: 'https://auth.example.com', TEGATA_ALLOWED_ORIGINS: appOrigin };

test('another site’s page cannot log a person out by riding on their cookie', async () => {
  const { server, session } = await startWithAda(origins);
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) {
    const answer = await logOut(server, { cookie: session.refreshCookie, headers });
    expect({ headers, status: answer.status, body: answer.body }).toEqual({
      headers,
      status: 403,
      body: {
        error: { code: 'FORBIDDEN', message: 'request from a foreign origin', reason: 'foreign_origin' },
        meta: null,
      },
    });
    expect(answer.cookies).toEqual([]);
  }
  expect((await me(server, session.accessToken)).status).toBe(200);
});

test.each<[string, Record<string, string>]>([
  ['our own origin', { origin: 'https://auth.example.com' }],
  ['an allowed origin', { origin: appOrigin, 'sec-fetch-site': 'cross-site' }],
  ['a page of the same origin', { 'sec-fetch-site': 'same-origin' }],
  ['a person typing', { 'sec-fetch-site': 'none' }],
  ['a program', {}],
])('the cookie alone logs out for %s', async (_, headers) => {
  const { server, session } = await startWithAda(origins);
  expectLoggedOut(await logOut(server, { cookie: session.refreshCookie, headers }));
  expect(await reasons(server, session)).toEqual(['logged_out', 'logged_out']);
});

test('an Authorization header is nothing that a browser sends on its own: with it the origin does not matter', async () => {
  const { server, session } = await startWithAda(origins);
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  expectLoggedOut(await logOut(server, { token: session.accessToken, headers }));
  expect((await me(server, session.accessToken)).body.error.reason).toBe('logged_out');
});

test('logging out everywhere ends every session of the person, the caller’s included, and says how many', async () => {
  const { server, session } = await startWithAda();
  await registered(server, 'ben@example.com');
  const ben = await loggedIn(server, 'ben@example.com');
  const others = [await loggedIn(server, 'ada@example.com'), await loggedIn(server, 'ada@example.com', { remember: true })];
  const answer = await server.call('POST', '/api/v1/auth/logout-all', { token: session.accessToken });
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ data: { message: 'logged out from all devices', revoked_sessions: 3 }, meta: null });
  expect(answer.cookies).toEqual([clearedCookie]);
  for (const one of [session, ...others]) {
    expect(await reasons(server, one)).toEqual(['logged_out_everywhere', 'logged_out_everywhere']);
  }
  expect(await reasons(server, ben)).toEqual([undefined, undefined]);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
});

test('logging out everywhere counts living sessions only', async () => {
  const { server, session } = await startWithAda();
  await logOut(server, { token: (await loggedIn(server, 'ada@example.com')).accessToken });
  server.advance({ days: 8 });
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  const answer = await server.call('POST', '/api/v1/auth/logout-all', { token: accessToken });
  expect(answer.body.data.revoked_sessions).toBe(1);
  expect((await refresh(server, session.refreshCookie)).body.error.message).toBe('session expired');
});

test('logging out everywhere needs a working access token in the header; no cookie stands in for it', async () => {
  const { server, session } = await startWithAda();
  const call = (options: Parameters<TestServer['call']>[2]) => server.call('POST', '/api/v1/auth/logout-all', options);
  const refusal = async (options: Parameters<TestServer['call']>[2]) => {
    const { status, body, headers, cookies } = await call(options);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="tegata"/);
    expect(cookies).toEqual([]);
    return [status, body.error.code, body.error.message];
  };
  const { accessToken: token, refreshCookie: cookie } = session;
  expect(await refusal({ cookie })).toEqual([401, 'UNAUTHORIZED', 'authorization header required']);
  for (const authorization of [token, `Token ${token}`, 'Bearer', `Bearer ${token} x`, `Bearer  ${token},`]) {
    expect(await refusal({ headers: { authorization } })).toEqual([401, 'UNAUTHORIZED', 'invalid authorization header format']);
  }
  expect(await refusal({ token: tampered(token), cookie })).toEqual([401, 'UNAUTHORIZED', 'invalid or expired token']);
  expect(await refusal({ token: tokenIn(cookie), cookie })).toEqual([401, 'UNAUTHORIZED', 'invalid or expired token']);
  server.advance({ minutes: 15 });
  expect(await refusal({ token, cookie })).toEqual([401, 'TOKEN_EXPIRED', 'invalid or expired token']);
  const fresh = await refresh(server, cookie);
  expect(fresh.status).toBe(200);
  expect((await call({ headers: { authorization: `bEaReR ${fresh.body.data.access_token}` } })).status).toBe(200);
});
