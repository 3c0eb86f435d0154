import { expect, test } from 'vitest';
import { execute } from '../database.ts';
import { type Answer, cookiePair, startServer, type TestServer } from '../server.ts';
import { goodPassword, loggedIn, logIn, mailedToken, me, refresh, register, registered } from './people.ts';
import { rows } from './stored.ts';
import { decodeToken, tampered, tokenIn } from './tokens.ts';

const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const refreshCookieFor = (maxAge: number) =>
  new RegExp(
    `^refresh_token=[\\w-]+\\.[\\w-]+\\.[\\w-]+; Path=/api/v1/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=${maxAge}$`,
  );

/** Status, text and reason of a refusal; the code is asserted here, since it is the same in every row of this call. */
const refusal = (answer: Answer) => {
  expect(answer.body).toEqual({ error: expect.objectContaining({ code: 'UNAUTHORIZED' }), meta: null });
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="tegata"/);
  expect(answer.cookies).toEqual([]);
  const { message, reason } = answer.body.error;
  return [answer.status, message, reason];
};

const reuse = [401, 'token reuse detected', 'refresh_reuse'];
const endedByReuse = [401, 'session not found', 'refresh_reuse'];
const invalid = [401, 'invalid refresh token', 'refresh_token_invalid'];

const revoked = (reason: string) => ({
  error: { code: 'UNAUTHORIZED', message: 'token has been revoked', reason },
  meta: null,
});

const refreshInBody = (server: TestServer, refreshToken: unknown, options: { cookie?: string } = {}) =>
  server.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: refreshToken }, ...options });

/** Refreshes and gives what a browser would hold afterwards. */
const refreshed = async (server: TestServer, refreshCookie: string) => {
  const answer = await refresh(server, refreshCookie);
  if (answer.status !== 200) throw new Error(`refreshing answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return { answer, accessToken: answer.body.data.access_token as string, refreshCookie: cookiePair(answer, 'refresh_token') };
};

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startServer(settings);
  const { userId } = await registered(server, 'ada@example.com');
  return { server, userId, session: await loggedIn(server, 'ada@example.com') };
};

test('S3.96 S3.100 S3.133 S3.158 a refresh gives the next pair for the same session', async () => {
  const { server, userId, session } = await startWithAda();
  server.advance({ minutes: 14 });
  const { answer, accessToken, refreshCookie } = await refreshed(server, session.refreshCookie);
  expect(answer.body).toEqual({ data: { access_token: expect.stringMatching(jwt), expires_in: 900 }, meta: null });
  expect(answer.cookies).toHaveLength(1);
  expect(answer.cookies[0]).toMatch(refreshCookieFor(604_800));
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const before = decodeToken(tokenIn(session.refreshCookie)).claims;
  const after = decodeToken(tokenIn(refreshCookie)).claims;
  const now = server.now() / 1000;
  expect(after).toEqual({ ...before, gen: 1, jti: expect.any(String), iat: now, exp: now + 7 * 86_400 });
  expect(after.jti).not.toBe(before.jti);
  expect(decodeToken(accessToken).claims).toEqual({
    ...decodeToken(session.accessToken).claims,
    gen: 1,
    jti: expect.any(String),
    iat: now,
    exp: now + 900,
  });
  expect((await me(server, accessToken)).body.data.id).toBe(userId);
});

test('the access token before a refresh keeps working for the rest of its time', async () => {
  const { server, session } = await startWithAda();
  await refreshed(server, session.refreshCookie);
  expect((await me(server, session.accessToken)).status).toBe(200);
});

test('a hundred refreshes in a row each work once', async () => {
  const { server, session } = await startWithAda();
  let { refreshCookie } = session;
  const seen = new Set([refreshCookie]);
  for (let turn = 1; turn <= 100; turn += 1) {
    server.advance({ minutes: 10 });
    refreshCookie = (await refreshed(server, refreshCookie)).refreshCookie;
    expect(decodeToken(tokenIn(refreshCookie)).claims.gen).toBe(turn);
    seen.add(refreshCookie);
  }
  expect(seen.size).toBe(101);
});

test('the new access token speaks of the user as they are now', async () => {
  const { server, userId, session } = await startWithAda();
  execute(server, 'update user_emails set email = ? where user_id = ?', 'lovelace@example.com', userId);
  const { accessToken } = await refreshed(server, session.refreshCookie);
  expect(decodeToken(accessToken).claims).toMatchObject({ uid: userId, email: 'lovelace@example.com' });
});

test('a lost answer: asking again within the grace gives the same successor, byte for byte', async () => {
  const { server, session } = await startWithAda();
  const first = await refreshed(server, session.refreshCookie);
  await me(server, first.accessToken);
  for (const seconds of [0, 4, 6]) {
    server.advance({ seconds });
    const again = await refreshed(server, session.refreshCookie);
    expect(again.refreshCookie).toBe(first.refreshCookie);
    expect((await me(server, again.accessToken)).status).toBe(200);
  }
  expect((await refreshed(server, first.refreshCookie)).answer.status).toBe(200);
});

test('a lost answer: hours and days later the same successor comes, while nothing of it was seen', async () => {
  const { server, session } = await startWithAda();
  server.advance({ hours: 1 });
  const lost = await refreshed(server, session.refreshCookie);
  server.advance({ hours: 5 });
  const again = await refreshed(server, session.refreshCookie);
  expect(again.refreshCookie).toBe(lost.refreshCookie);
  // The end does not move with a repeat: the cookie lives as long as the token in it.
  expect(again.answer.cookies[0]).toMatch(refreshCookieFor(604_800 - 5 * 3600));
  server.advance({ days: 5 });
  expect((await refreshed(server, session.refreshCookie)).refreshCookie).toBe(lost.refreshCookie);
  expect((await refreshed(server, lost.refreshCookie)).answer.status).toBe(200);
});

test('an access token of an earlier rotation proves nothing about the last one', async () => {
  const { server, session } = await startWithAda();
  await refreshed(server, session.refreshCookie);
  expect((await me(server, session.accessToken)).status).toBe(200);
  server.advance({ minutes: 5 });
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
});

test('S3.93 theft: once the successor’s access token was used and the grace is over, the old token ends the session', async () => {
  const { server, session } = await startWithAda();
  const other = await loggedIn(server, 'ada@example.com');
  const owner = await refreshed(server, session.refreshCookie);
  expect((await me(server, owner.accessToken)).status).toBe(200);
  server.advance({ seconds: 10 });
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
  server.advance({ seconds: 1 });
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual(reuse);

  expect(refusal(await refresh(server, owner.refreshCookie))).toEqual(endedByReuse);
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual(endedByReuse);
  const dead = await me(server, owner.accessToken);
  expect(dead.status).toBe(401);
  expect(dead.body).toEqual(revoked('refresh_reuse'));
  expect((await refresh(server, other.refreshCookie)).status).toBe(200);
  expect(rows(server, `select user_id, session_id, ip_address from audit_events where type = 'session.reuse_detected'`)).toEqual([
    { user_id: expect.any(String), session_id: decodeToken(owner.accessToken).claims.sid, ip_address: '127.0.0.1' },
  ]);
});

test('theft: a token older than the previous one ends the session, within the grace too', async () => {
  const { server, session } = await startWithAda();
  const first = await refreshed(server, session.refreshCookie);
  const second = await refreshed(server, first.refreshCookie);
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual(reuse);
  expect(refusal(await refresh(server, second.refreshCookie))).toEqual(endedByReuse);
  expect((await me(server, second.accessToken)).body).toEqual(revoked('refresh_reuse'));
});

test('TEGATA_REFRESH_GRACE=0s is strict: every reuse ends the session, however soon and unseen', async () => {
  const { server, session } = await startWithAda({ TEGATA_REFRESH_GRACE: '0s' });
  const first = await refreshed(server, session.refreshCookie);
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual(reuse);
  expect(refusal(await refresh(server, first.refreshCookie))).toEqual(endedByReuse);
  expect((await me(server, first.accessToken)).status).toBe(401);
});

test('TEGATA_REFRESH_GRACE=1m holds for a minute', async () => {
  const { server, session } = await startWithAda({ TEGATA_REFRESH_GRACE: '1m' });
  await me(server, (await refreshed(server, session.refreshCookie)).accessToken);
  server.advance({ seconds: 60 });
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
  server.advance({ seconds: 1 });
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual(reuse);
});

test('V1 one kind of token is never taken for the other, and trying revokes nothing', async () => {
  const { server, session } = await startWithAda();
  const refreshToken = tokenIn(session.refreshCookie);
  expect(refusal(await refresh(server, `refresh_token=${session.accessToken}`))).toEqual(invalid);
  expect(refusal(await refreshInBody(server, session.accessToken))).toEqual(invalid);
  const asAccess = await me(server, refreshToken);
  expect(asAccess.status).toBe(401);
  expect(asAccess.body.error).toEqual({ code: 'UNAUTHORIZED', message: 'invalid or expired token', reason: 'token_invalid' });
  expect((await me(server, session.accessToken)).status).toBe(200);
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
});

test('S3.90 a forged, altered or foreign token is refused, and nothing is revoked', async () => {
  const { server, session } = await startWithAda();
  const elsewhere = await startWithAda();
  const token = tokenIn(session.refreshCookie);
  const [header, claims, signature] = token.split('.') as [string, string, string];
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { header: said, claims: claimed } = decodeToken(token);
  const forged = [
    tampered(token),
    token.slice(0, -1),
    `${token}=`,
    `${header}.${encoded({ ...claimed, gen: 1 })}.${signature}`,
    `${encoded({ ...said, alg: 'none' })}.${claims}.`,
    `${encoded({ ...said, typ: 'at+jwt' })}.${claims}.${signature}`,
    `${header}.${claims}`,
    tokenIn(elsewhere.session.refreshCookie),
    'gone',
    'x'.repeat(8000),
  ];
  for (const [index, one] of forged.entries()) {
    expect([index, ...refusal(await refresh(server, `refresh_token=${one}`))]).toEqual([index, ...invalid]);
    expect([index, ...refusal(await refreshInBody(server, one))]).toEqual([index, ...invalid]);
  }
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
});

test('S3.132 without a token the answer says that the cookie is missing', async () => {
  const { server, session } = await startWithAda();
  const missing = [401, 'refresh token not found', 'refresh_cookie_missing'];
  expect(refusal(await server.call('POST', '/api/v1/auth/refresh'))).toEqual(missing);
  expect(refusal(await refresh(server, 'refresh_token='))).toEqual(missing);
  expect(refusal(await refresh(server, 'other=1; refresh_token_2=2'))).toEqual(missing);
  expect(refusal(await server.call('POST', '/api/v1/auth/refresh', { body: {} }))).toEqual(missing);
  expect(refusal(await server.call('POST', '/api/v1/auth/refresh', { token: session.accessToken }))).toEqual(missing);
  expect(refusal(await server.call('POST', `/api/v1/auth/refresh?${session.refreshCookie}`))).toEqual(missing);
});

test('of two refresh cookies neither is believed: one of them was planted', async () => {
  const { server, session } = await startWithAda();
  await registered(server, 'mallory@example.com');
  const planted = await loggedIn(server, 'mallory@example.com');
  const missing = [401, 'refresh token not found', 'refresh_cookie_missing'];
  for (const pair of [
    [session, planted],
    [planted, session],
  ]) {
    expect(refusal(await refresh(server, pair.map(({ refreshCookie }) => refreshCookie).join('; ')))).toEqual(missing);
  }
  expect((await refresh(server, `a=1; ${session.refreshCookie}; b=2`)).status).toBe(200);
});

test('S3.4 S3.92 S3.156 the session ends after 7 days without a refresh, to the second', async () => {
  const { server, session } = await startWithAda();
  server.advance({ days: 6, hours: 23, minutes: 59, seconds: 59 });
  const { refreshCookie } = await refreshed(server, session.refreshCookie);
  server.advance({ days: 7 });
  expect(refusal(await refresh(server, refreshCookie))).toEqual([401, 'session expired', 'session_expired']);
  expect(refusal(await refresh(server, refreshCookie))).toEqual([401, 'session expired', 'session_expired']);
  server.advance({ days: 400 });
  expect(refusal(await refresh(server, refreshCookie))).toEqual([401, 'session expired', 'session_expired']);
});

test('a remembered session ends after 30 days without a refresh, and each refresh slides it by 30', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { refreshCookie } = await loggedIn(server, 'ada@example.com', { remember: true });
  server.advance({ days: 29 });
  const next = await refreshed(server, refreshCookie);
  expect(next.answer.cookies[0]).toMatch(refreshCookieFor(2_592_000));
  server.advance({ days: 30 });
  expect(refusal(await refresh(server, next.refreshCookie))).toEqual([401, 'session expired', 'session_expired']);
});

test('V8 however often it is refreshed, a session ends 90 days after the log-in', async () => {
  const { server, session } = await startWithAda();
  let { refreshCookie } = session;
  for (let day = 6; day <= 84; day += 6) {
    server.advance({ days: 6 });
    const next = await refreshed(server, refreshCookie);
    expect(next.answer.cookies[0]).toMatch(refreshCookieFor(Math.min(7, 90 - day) * 86_400));
    refreshCookie = next.refreshCookie;
  }
  server.advance({ days: 5, hours: 23, minutes: 55 });
  const last = await refreshed(server, refreshCookie);
  expect(last.answer.cookies[0]).toMatch(refreshCookieFor(300));
  expect(last.answer.body.data.expires_in).toBe(300);
  server.advance({ minutes: 4, seconds: 59 });
  expect((await me(server, last.accessToken)).status).toBe(200);
  server.advance({ seconds: 1 });
  expect((await me(server, last.accessToken)).body.error.reason).toBe('token_expired');
  expect(refusal(await refresh(server, last.refreshCookie))).toEqual([401, 'session expired', 'session_expired']);
});

test('an access token whose session ran out is revoked with that reason', async () => {
  const { server, session } = await startWithAda();
  const { sid } = decodeToken(session.accessToken).claims;
  execute(server, 'update sessions set expires_at = ? where id = ?', server.now(), sid);
  expect((await me(server, session.accessToken)).body).toEqual(revoked('session_expired'));
});

test('the lifetimes are the configured ones', async () => {
  const { server, session } = await startWithAda({
    TEGATA_ACCESS_TTL: '1m',
    TEGATA_REFRESH_TTL: '1h',
    TEGATA_REMEMBER_TTL: '2h',
    TEGATA_SESSION_MAX_AGE: '3h',
  });
  const remembered = await loggedIn(server, 'ada@example.com', { remember: true });
  server.advance({ minutes: 59 });
  const { answer } = await refreshed(server, session.refreshCookie);
  expect(answer.body.data.expires_in).toBe(60);
  expect(answer.cookies[0]).toMatch(refreshCookieFor(3600));
  server.advance({ minutes: 60 });
  expect((await refreshed(server, remembered.refreshCookie)).answer.cookies[0]).toMatch(refreshCookieFor(3660));
});

test('S3.91 a session that no row knows any more is not found', async () => {
  const { server, session } = await startWithAda();
  execute(server, 'delete from sessions');
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual([401, 'session not found', 'session_unknown']);
  expect((await me(server, session.accessToken)).body).toEqual(revoked('session_unknown'));
});

test('a session that the store has forgotten after its time has expired', async () => {
  const { server, session } = await startWithAda();
  execute(server, 'delete from sessions');
  server.advance({ days: 8 });
  expect(refusal(await refresh(server, session.refreshCookie)).slice(0, 2)).toEqual([401, 'session expired']);
});

test('a token from after a restored backup is refused, and ends nothing', async () => {
  const { server, session } = await startWithAda();
  const next = await refreshed(server, session.refreshCookie);
  const { sid, jti } = decodeToken(tokenIn(session.refreshCookie)).claims;
  execute(server, 'update sessions set generation = 0, refresh_jti = ?, previous_jti = null where id = ?', jti, sid);
  expect(refusal(await refresh(server, next.refreshCookie))).toEqual(invalid);
  expect((await me(server, next.accessToken)).body.error.reason).toBe('token_invalid');
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
});

/** What an operator does; there is no call for it. */
const setStatus = async (server: TestServer, userId: string, status: 'active' | 'suspended' | 'deactivated') => {
  const changed = await server.engine.auth.setUserStatus({ userId, status });
  return { status: changed.ok ? 200 : 404 };
};

type Ended = { server: TestServer; userId: string; session: Awaited<ReturnType<typeof loggedIn>> };
const authorized = (server: TestServer, method: string, path: string, token: string, body?: unknown) =>
  server.call(method, path, { token, ...(body === undefined ? {} : { body }) });

test.each<[string, (ended: Ended) => Promise<{ status: number }>]>([
  ['logged_out', ({ server, session }) => authorized(server, 'POST', '/api/v1/auth/logout', session.accessToken)],
  ['logged_out_everywhere', ({ server, session }) => authorized(server, 'POST', '/api/v1/auth/logout-all', session.accessToken)],
  [
    'session_revoked',
    async ({ server, session }) => {
      const elsewhere = await loggedIn(server, 'ada@example.com');
      const { sid } = decodeToken(session.accessToken).claims;
      return authorized(server, 'DELETE', `/api/v1/auth/sessions/${sid}`, elsewhere.accessToken);
    },
  ],
  [
    'session_limit',
    async ({ server }) => {
      server.advance({ seconds: 1 });
      for (let turn = 0; turn < 9; turn += 1) await loggedIn(server, 'ada@example.com');
      return logIn(server, 'ada@example.com');
    },
  ],
  [
    'password_changed',
    async ({ server }) => {
      const elsewhere = await loggedIn(server, 'ada@example.com');
      const body = { current_password: goodPassword, new_password: 'another horse battery' };
      return authorized(server, 'POST', '/api/v1/auth/password/change', elsewhere.accessToken, body);
    },
  ],
  [
    'password_reset',
    async ({ server }) => {
      server.advance({ seconds: 1 });
      await server.call('POST', '/api/v1/auth/password/forgot', { body: { email: 'ada@example.com' } });
      const body = { token: await mailedToken(server, 'ada@example.com'), password: 'another horse battery' };
      return server.call('POST', '/api/v1/auth/password/reset', { body });
    },
  ],
  ['account_suspended', ({ server, userId }) => setStatus(server, userId, 'suspended')],
  ['account_deactivated', ({ server, userId }) => setStatus(server, userId, 'deactivated')],
  [
    'account_closed',
    ({ server, session }) => authorized(server, 'DELETE', '/api/v1/me', session.accessToken, { password: goodPassword }),
  ],
])('a session that ended is not found, and both tokens tell why: %s', async (reason, end) => {
  const { server, userId, session } = await startWithAda();
  expect(await end({ server, userId, session })).toMatchObject({ status: 200 });
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual([401, 'session not found', reason]);
  const access = await me(server, session.accessToken);
  expect(access.status).toBe(401);
  expect(access.body).toEqual(revoked(reason));
  expect(access.headers.get('www-authenticate')).toBe('Bearer realm="tegata", error="invalid_token"');
  // An ended session is told by its end also after its time.
  server.advance({ days: 6, hours: 23 });
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual([401, 'session not found', reason]);
});

test('a suspension that was lifted does not bring the ended sessions back', async () => {
  const { server, userId, session } = await startWithAda();
  await setStatus(server, userId, 'suspended');
  await setStatus(server, userId, 'active');
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual([401, 'session not found', 'account_suspended']);
});

test.each([
  ['suspended', 'account_suspended'],
  ['deactivated', 'account_deactivated'],
  [null, 'account_deactivated'],
])('S3.95 a live session of a user who is not active (%s) refreshes nothing and opens nothing', async (inactive, reason) => {
  const { server, userId, session } = await startWithAda();
  execute(server, 'delete from active_users where user_id = ?', userId);
  execute(server, 'update users set inactive_reason = ? where id = ?', inactive, userId);
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual([401, 'account is not active', reason]);
  expect((await me(server, session.accessToken)).body).toEqual(revoked(reason));
  execute(server, 'insert into active_users (user_id, activated_at) values (?, ?)', userId, server.now());
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
});

test('S3.94 a live session whose user is gone says so', async () => {
  const { server, userId, session } = await startWithAda();
  execute(server, 'delete from user_emails where user_id = ?', userId);
  execute(server, 'delete from active_users where user_id = ?', userId);
  execute(server, 'delete from users where id = ?', userId);
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual([401, 'user not found', 'account_closed']);
  expect((await me(server, session.accessToken)).body).toEqual(revoked('account_closed'));
});

test('a client without a cookie jar refreshes and logs out through bodies, and is set no refresh cookie', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const body = { email: 'ada@example.com', password: goodPassword, token_transport: 'body' };
  const login = await server.call('POST', '/api/v1/auth/login', { body });
  const first = login.body.data.refresh_token as string;
  server.advance({ minutes: 1 });
  const answer = await refreshInBody(server, first);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    data: { access_token: expect.stringMatching(jwt), expires_in: 900, refresh_token: expect.stringMatching(jwt) },
    meta: null,
  });
  expect(answer.cookies).toEqual([]);
  expect((await refreshInBody(server, first)).body.data.refresh_token).toBe(answer.body.data.refresh_token);
  const next = await refreshInBody(server, answer.body.data.refresh_token);
  expect(next.status).toBe(200);
  const leaving = { body: { refresh_token: next.body.data.refresh_token } };
  expect((await server.call('POST', '/api/v1/auth/logout', leaving)).status).toBe(200);
  expect(refusal(await refreshInBody(server, next.body.data.refresh_token))).toEqual([401, 'session not found', 'logged_out']);
});

test('a token in the body comes before the cookie, and a bad one is not rescued by a good cookie', async () => {
  const { server, session } = await startWithAda();
  const other = await loggedIn(server, 'ada@example.com');
  const answer = await refreshInBody(server, tokenIn(other.refreshCookie), { cookie: session.refreshCookie });
  expect(decodeToken(answer.body.data.access_token).claims.sid).toBe(decodeToken(other.accessToken).claims.sid);
  expect(answer.cookies).toEqual([]);
  expect(refusal(await refreshInBody(server, 'gone', { cookie: session.refreshCookie }))).toEqual(invalid);
  expect(refusal(await refreshInBody(server, '', { cookie: session.refreshCookie }))).toEqual(invalid);
  expect(decodeToken((await refreshed(server, session.refreshCookie)).accessToken).claims.gen).toBe(1);
});

test('a refresh token that is no text is 400; a body that is no JSON is 400 or 415; none of it ends anything', async () => {
  const { server, session } = await startWithAda();
  const { refreshCookie: cookie } = session;
  for (const token of [0, null, [], {}, true]) {
    const answer = await refreshInBody(server, token, { cookie });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
  }
  const path = '/api/v1/auth/refresh';
  const broken = await server.call('POST', path, { cookie, body: '{' });
  expect([broken.status, broken.body.error.message]).toEqual([400, 'invalid request body']);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await server.call('POST', path, { cookie, body: 'a=b', headers: form })).status).toBe(415);
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
});

test('60 refreshes a minute for each session: the next one is 429, and costs neither the session nor another one', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
  await registered(server, 'ada@example.com');
  const session = await loggedIn(server, 'ada@example.com');
  const other = await loggedIn(server, 'ada@example.com');
  let { refreshCookie } = session;
  for (let turn = 0; turn < 60; turn += 1) refreshCookie = (await refreshed(server, refreshCookie)).refreshCookie;
  const refused = await refresh(server, refreshCookie);
  expect(refused.status).toBe(429);
  expect(refused.body).toEqual({
    error: { code: 'RATE_LIMIT_EXCEEDED', message: 'too many requests, please try again later' },
    meta: null,
  });
  const wait = Number(refused.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  expect(refused.headers.get('ratelimit-policy')).toBe('"standard:refresh";q=60;w=60');
  expect(refused.cookies).toEqual([]);
  // The oldest token would be theft; over the limit it is not even looked at.
  expect((await refresh(server, session.refreshCookie)).status).toBe(429);
  expect((await me(server, session.accessToken)).status).toBe(200);
  expect((await refresh(server, other.refreshCookie)).status).toBe(200);
});

const publicUrl = 'https://auth.example.com';
const appOrigin = 'https://app.example.com';
const origins = { TEGATA_URL: publicUrl, TEGATA_ALLOWED_ORIGINS: `${appOrigin},https://admin.example.com:8443` };

const ownRequests: Record<string, string>[] = [
  {},
  { origin: publicUrl },
  { origin: appOrigin },
  { origin: 'https://admin.example.com:8443' },
  { origin: publicUrl, 'sec-fetch-site': 'same-origin' },
  { origin: appOrigin, 'sec-fetch-site': 'same-site' },
  { origin: appOrigin, 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-site': 'none' },
];
const foreignRequests: Record<string, string>[] = [
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { origin: '' },
  { origin: 'http://app.example.com' },
  { origin: 'https://app.example.com:8443' },
  { origin: 'https://app.example.com.evil.example' },
  { origin: 'https://evil-app.example.com' },
  { origin: 'https://example.com' },
  { origin: `${appOrigin}/` },
  { origin: `${appOrigin}, https://evil.example` },
  { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
  { origin: 'null', 'sec-fetch-site': 'none' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'anything' },
];

const foreign = {
  error: { code: 'FORBIDDEN', message: 'request from a foreign origin', reason: 'foreign_origin' },
  meta: null,
};

test('a refresh by cookie is for our own pages and for programs; another site’s page is 403 and nothing rotates', async () => {
  const { server, session } = await startWithAda(origins);
  const path = '/api/v1/auth/refresh';
  let cookie = session.refreshCookie;
  for (const headers of foreignRequests) {
    const answer = await server.call('POST', path, { cookie, headers });
    expect({ headers, status: answer.status, body: answer.body }).toEqual({ headers, status: 403, body: foreign });
    expect(answer.cookies).toEqual([]);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  }
  expect(rows(server, 'select generation from sessions')).toEqual([{ generation: 0 }]);
  for (const headers of ownRequests) {
    const answer = await server.call('POST', path, { cookie, headers });
    expect({ headers, status: answer.status }).toEqual({ headers, status: 200 });
    cookie = cookiePair(answer, 'refresh_token');
  }
});

test('a refresh token in the body was not sent by a browser on its own: its origin does not matter', async () => {
  const { server, session } = await startWithAda(origins);
  let token = tokenIn(session.refreshCookie);
  for (const headers of [...ownRequests, ...foreignRequests]) {
    const answer = await server.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: token }, headers });
    expect({ headers, status: answer.status }).toEqual({ headers, status: 200 });
    token = answer.body.data.refresh_token;
  }
});

test('log-in and registration from another site’s page are 403: nobody is logged in to a stranger’s account', async () => {
  const { server } = await startWithAda(origins);
  for (const headers of foreignRequests) {
    const login = await logIn(server, 'ada@example.com', { headers });
    expect({ headers, status: login.status, body: login.body }).toEqual({ headers, status: 403, body: foreign });
    expect(login.cookies).toEqual([]);
    const body = { email: 'new@example.com', password: goodPassword, name: 'New' };
    const registration = await server.call('POST', '/api/v1/auth/register', { body, headers });
    expect({ headers, status: registration.status, body: registration.body }).toEqual({ headers, status: 403, body: foreign });
  }
  expect(rows(server, 'select email from user_emails')).toEqual([{ email: 'ada@example.com' }]);
  for (const [index, headers] of ownRequests.entries()) {
    expect({ headers, status: (await logIn(server, 'ada@example.com', { headers })).status }).toEqual({ headers, status: 200 });
    const body = { email: `new-${index}@example.com`, password: goodPassword, name: 'New' };
    expect({ headers, status: (await server.call('POST', '/api/v1/auth/register', { body, headers })).status }).toEqual({
      headers,
      status: 201,
    });
  }
  expect((await register(server, 'last@example.com')).status).toBe(201);
});

test('V6 twenty refreshes at once all succeed, with one successor, and leave one working lineage', async () => {
  const { server, session } = await startWithAda();
  const answers = await server.atOnce(20, () => refresh(server, session.refreshCookie));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  const successors = new Set(answers.map((answer) => cookiePair(answer, 'refresh_token')));
  expect(successors.size).toBe(1);
  for (const answer of answers) expect((await me(server, answer.body.data.access_token)).status).toBe(200);
  const [successor] = successors as Set<string>;
  const next = await refreshed(server, successor as string);
  expect(decodeToken(next.accessToken).claims.gen).toBe(2);
  expect(refusal(await refresh(server, session.refreshCookie))).toEqual(reuse);
  expect(refusal(await refresh(server, next.refreshCookie))).toEqual(endedByReuse);
});

test('64 at once, round after round, move the session on by one generation each', async () => {
  const { server, session } = await startWithAda();
  let { refreshCookie } = session;
  for (let round = 1; round <= 8; round += 1) {
    const answers = await server.atOnce(64, () => refresh(server, refreshCookie));
    expect(answers.map(({ status }) => status)).toEqual(Array(64).fill(200));
    const successors = new Set(answers.map((answer) => cookiePair(answer, 'refresh_token')));
    expect([round, successors.size]).toEqual([round, 1]);
    refreshCookie = [...successors][0] as string;
    expect(decodeToken(tokenIn(refreshCookie)).claims.gen).toBe(round);
  }
  expect(rows(server, 'select generation from sessions where ended_at is null')).toEqual([{ generation: 8 }]);
});

test('under the strict policy of many at once exactly one is served, and the session ends', async () => {
  const { server, session } = await startWithAda({ TEGATA_REFRESH_GRACE: '0s' });
  const answers = await server.atOnce(20, () => refresh(server, session.refreshCookie));
  const served = answers.filter(({ status }) => status === 200);
  expect(served).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(19);
  expect((await me(server, served[0]?.body.data.access_token)).body).toEqual(revoked('refresh_reuse'));
  const detected = rows(server, `select count(*) as n from audit_events where type = 'session.reuse_detected'`);
  expect(detected).toEqual([{ n: 1 }]);
});

test('a log-out among refreshes at the same moment leaves nothing that works', async () => {
  const { server, session } = await startWithAda();
  const { accessToken: token, refreshCookie } = session;
  const refreshes = () => Array.from({ length: 10 }, () => refresh(server, refreshCookie));
  const leaving = server.call('POST', '/api/v1/auth/logout', { token });
  const answers = await Promise.all([...refreshes(), leaving, ...refreshes()]);
  expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  for (const { status, body, cookies } of answers) {
    if (status !== 200 || !body.data.access_token) continue;
    expect((await me(server, body.data.access_token)).body).toEqual(revoked('logged_out'));
    const next = cookies[0]?.split(';')[0] as string;
    expect(refusal(await refresh(server, next))).toEqual([401, 'session not found', 'logged_out']);
  }
  expect((await me(server, token)).body).toEqual(revoked('logged_out'));
});

test('sessions that refresh at the same time never disturb one another', async () => {
  const { server } = await startWithAda();
  const sessions = await server.atOnce(9, () => loggedIn(server, 'ada@example.com'));
  const answers = await Promise.all(
    sessions.flatMap(({ refreshCookie }) => Array.from({ length: 5 }, () => refresh(server, refreshCookie))),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map((answer) => cookiePair(answer, 'refresh_token'))).size).toBe(9);
});
