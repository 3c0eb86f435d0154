import { expect, test } from 'vitest';
import { createHashingLane } from '../../packages/server/src/adapters/hashing-lane.ts';
import { createPasswordHasher, type HashParameters } from '../../packages/server/src/adapters/password-hasher.ts';
import { execute } from '../database.ts';
import { type Answer, cookiePair, startServer, type TestServer } from '../server.ts';
import { goodPassword, loggedIn, logIn, me, refresh, register, registered } from './people.ts';
import { rows } from './stored.ts';
import { decodeToken, tokenIn } from './tokens.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const refreshCookieFor = (maxAge: number) =>
  new RegExp(
    `^refresh_token=[\\w-]+\\.[\\w-]+\\.[\\w-]+; Path=/api/v1/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=${maxAge}$`,
  );

const invalidCredentials = { error: { code: 'UNAUTHORIZED', message: 'invalid credentials' }, meta: null };

/** The log-in call with any body at all. */
const post = (server: TestServer, body: unknown, headers: Record<string, string> = {}) =>
  server.call('POST', '/api/v1/auth/login', { body, headers });

/** Everything of an answer that a stranger could compare. */
const visible = ({ status, body, headers, cookies }: Answer) => {
  const compared = Object.fromEntries([...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'));
  return { status, body, cookies, headers: compared };
};

const passwordHash = (server: TestServer, userId: string) =>
  rows(server, `select password_hash from password_credentials where user_id = '${userId}'`)[0]?.password_hash;

/** A person who came through a provider and never had a password. */
const withoutPassword = async (server: TestServer, email: string) => {
  const { userId } = await registered(server, email);
  execute(server, 'delete from password_credentials where user_id = ?', userId);
  return { userId };
};

test('S3.65 S3.130 S3.142 the right password gives an access token, the user, and the refresh token in its cookie alone', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const answer = await logIn(server, 'ada@example.com');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    data: {
      access_token: expect.stringMatching(jwt),
      expires_in: 900,
      user: {
        id: userId,
        email: 'ada@example.com',
        name: 'Ada Lovelace',
        status: 'active',
        email_verified: true,
        created_at: '2030-01-15T09:00:00.000Z',
        updated_at: '2030-01-15T09:00:00.000Z',
      },
    },
    meta: null,
  });
  expect(answer.cookies).toHaveLength(2);
  expect(answer.cookies[0]).toMatch(refreshCookieFor(604_800));
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(JSON.stringify(answer.body)).not.toContain(tokenIn(cookiePair(answer, 'refresh_token')));
});

test('the device cookie is as strict as the refresh cookie and lasts as long as browsers allow', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const answer = await logIn(server, 'ada@example.com');
  expect(answer.cookies[1]).toMatch(
    /^tegata_device=v1\.[\w-]{22}\.[\w-]{22}; Path=\/api\/v1\/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=34560000$/,
  );
});

test('S3.6 S3.12 S3.14 the access token says exactly what the contract lists', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  const { header, claims } = decodeToken(accessToken);
  expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]{8,}$/) });
  const now = server.now() / 1000;
  expect(claims).toEqual({
    iss: 'tegata',
    aud: 'tegata-api',
    sub: userId,
    iat: now,
    exp: now + 15 * 60,
    jti: expect.stringMatching(uuid),
    sid: expect.stringMatching(uuid),
    gen: 0,
    uid: userId,
    email: 'ada@example.com',
  });
});

test('S3.13 the refresh token is of its own type, key and audience, for the same session', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const { accessToken, refreshCookie } = await loggedIn(server, 'ada@example.com');
  const access = decodeToken(accessToken);
  const { header, claims } = decodeToken(tokenIn(refreshCookie));
  expect(header).toEqual({ alg: 'HS256', typ: 'rt+jwt', kid: expect.stringMatching(/^[\w-]{8,}$/) });
  expect(header.kid).not.toBe(access.header.kid);
  const now = server.now() / 1000;
  expect(claims).toEqual({
    iss: 'tegata',
    aud: 'tegata/refresh',
    sub: userId,
    iat: now,
    exp: now + 7 * 86_400,
    jti: expect.stringMatching(uuid),
    sid: access.claims.sid,
    gen: 0,
  });
  expect(claims.jti).not.toBe(access.claims.jti);
});

test('issuer and audience are the configured ones', async () => {
  const server = await startServer({ TEGATA_ISSUER: 'https://id.example.com', TEGATA_AUDIENCE: 'shop' });
  await registered(server, 'ada@example.com');
  const { accessToken, refreshCookie } = await loggedIn(server, 'ada@example.com');
  expect(decodeToken(accessToken).claims).toMatchObject({ iss: 'https://id.example.com', aud: 'shop' });
  expect(decodeToken(tokenIn(refreshCookie)).claims).toMatchObject({
    iss: 'https://id.example.com',
    aud: 'https://id.example.com/refresh',
  });
  expect((await me(server, accessToken)).status).toBe(200);
});

test('S3.2 S3.155 the access token ends after 15 minutes, to the second', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  server.advance({ minutes: 14, seconds: 59 });
  expect((await me(server, accessToken)).status).toBe(200);
  server.advance({ seconds: 1 });
  const late = await me(server, accessToken);
  expect(late.status).toBe(401);
  expect(late.body).toEqual({
    error: { code: 'TOKEN_EXPIRED', message: 'invalid or expired token', reason: 'token_expired' },
    meta: null,
  });
  expect(late.headers.get('www-authenticate')).toBe('Bearer realm="tegata", error="invalid_token"');
});

test('a session that ends before its access token would says so in expires_in', async () => {
  const server = await startServer({ TEGATA_REFRESH_TTL: '5m' });
  await registered(server, 'ada@example.com');
  const { answer, accessToken } = await loggedIn(server, 'ada@example.com');
  expect(answer.body.data.expires_in).toBe(300);
  expect(decodeToken(accessToken).claims).toMatchObject({ exp: server.now() / 1000 + 300 });
  expect(answer.cookies[0]).toMatch(refreshCookieFor(300));
});

test('no cookie outlives the session in it', async () => {
  const server = await startServer({ TEGATA_SESSION_MAX_AGE: '1h' });
  await registered(server, 'ada@example.com');
  for (const remember of [false, true]) {
    expect((await logIn(server, 'ada@example.com', { remember })).cookies[0]).toMatch(refreshCookieFor(3600));
  }
});

test('remember_me makes cookie and token last 30 days; false and absent are the usual 7', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const remembered = await logIn(server, 'ada@example.com', { remember: true });
  expect(remembered.cookies[0]).toMatch(refreshCookieFor(2_592_000));
  const token = tokenIn(cookiePair(remembered, 'refresh_token'));
  expect(decodeToken(token).claims.exp).toBe(server.now() / 1000 + 30 * 86_400);
  expect(remembered.body.data.expires_in).toBe(900);
  const credentials = { email: 'ada@example.com', password: goodPassword };
  expect((await post(server, { ...credentials, remember_me: false })).cookies[0]).toMatch(refreshCookieFor(604_800));
});

test('token_transport "body" gives the refresh token in the answer and sets no refresh cookie', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const credentials = { email: 'ada@example.com', password: goodPassword };
  const inBody = await post(server, { ...credentials, token_transport: 'body' });
  expect(inBody.status).toBe(200);
  expect(Object.keys(inBody.body.data)).toEqual(['access_token', 'expires_in', 'refresh_token', 'user']);
  expect(decodeToken(inBody.body.data.refresh_token).header.typ).toBe('rt+jwt');
  expect(inBody.cookies.filter((cookie) => cookie.startsWith('refresh_token='))).toEqual([]);
  const inCookie = await post(server, { ...credentials, token_transport: 'cookie' });
  expect(Object.keys(inCookie.body.data)).toEqual(['access_token', 'expires_in', 'user']);
  expect(inCookie.cookies[0]).toMatch(refreshCookieFor(604_800));
});

test('S3.56 S3.58 unknown address and wrong password are one answer, byte for byte', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const wrong = await logIn(server, 'ada@example.com', { password: 'not the password' });
  const unknown = await logIn(server, 'nobody@example.com', { password: 'not the password' });
  expect(wrong.status).toBe(401);
  expect(wrong.body).toEqual(invalidCredentials);
  expect(wrong.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
  expect(wrong.cookies).toEqual([]);
  expect(visible(unknown)).toEqual(visible(wrong));
});

test('S3.59 a pending user is told to verify, after the right password only', async () => {
  const server = await startServer();
  await register(server, 'ada@example.com');
  const right = await logIn(server, 'ada@example.com');
  expect(right.status).toBe(401);
  expect(right.body.error).toEqual({
    code: 'UNAUTHORIZED',
    message: 'please verify your email first',
    reason: 'email_not_verified',
  });
  expect(right.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
  const wrong = await logIn(server, 'ada@example.com', { password: 'not the password' });
  expect(wrong.body).toEqual(invalidCredentials);
});

test.each([
  ['S3.60', 'suspended', 'account suspended', 'account_suspended'],
  ['S3.61', 'deactivated', 'account deactivated', 'account_deactivated'],
] as const)('%s a %s user is told so, after the right password only', async (_, status, message, reason) => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  await server.engine.auth.setUserStatus({ userId, status });
  const right = await logIn(server, 'ada@example.com');
  expect(right.status).toBe(401);
  expect(right.body).toEqual({ error: { code: 'UNAUTHORIZED', message, reason }, meta: null });
  expect(right.cookies).toEqual([]);
  expect((await logIn(server, 'ada@example.com', { password: 'not the password' })).body).toEqual(invalidCredentials);
  await server.engine.auth.setUserStatus({ userId, status: 'active' });
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
});

test('a user whose row among the active ones is missing does not log in, whatever else is stored', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  execute(server, 'delete from active_users where user_id = ?', userId);
  const answer = await logIn(server, 'ada@example.com');
  expect(answer.status).toBe(401);
  expect(answer.body.error.message).toBe('account deactivated');
});

test('S3.57 an account without a password is sent to its provider, while hints are on', async () => {
  const server = await startServer();
  await withoutPassword(server, 'ada@example.com');
  const answer = await logIn(server, 'ada@example.com');
  expect(answer.status).toBe(401);
  expect(answer.body).toEqual({
    error: { code: 'UNAUTHORIZED', message: 'please use OAuth to login', reason: 'no_password' },
    meta: null,
  });
});

test('with hints off an account without a password is like no account, byte for byte', async () => {
  const server = await startServer({ TEGATA_ACCOUNT_HINTS: 'off' });
  await withoutPassword(server, 'ada@example.com');
  const provider = await logIn(server, 'ada@example.com');
  const unknown = await logIn(server, 'nobody@example.com');
  expect(provider.body).toEqual(invalidCredentials);
  expect(visible(provider)).toEqual(visible(unknown));
});

test('hints off still tell the owner, who has shown the right password, what is wrong with the account', async () => {
  const server = await startServer({ TEGATA_ACCOUNT_HINTS: 'off' });
  await register(server, 'ada@example.com');
  expect((await logIn(server, 'ada@example.com')).body.error.message).toBe('please verify your email first');
});

test('whoever tries costs one hash and a wrong password is one answer: unknown, pending, suspended, deactivated, without a password', async () => {
  const server = await startServer({ TEGATA_ACCOUNT_HINTS: 'off' });
  await registered(server, 'active@example.com');
  await register(server, 'pending@example.com');
  for (const status of ['suspended', 'deactivated'] as const) {
    const { userId } = await registered(server, `${status}@example.com`);
    await server.engine.auth.setUserStatus({ userId, status });
  }
  await withoutPassword(server, 'provider@example.com');
  const hashesOf = async (email: string, password: string) => {
    const before = server.engine.hashingCounts().completed;
    const answer = await logIn(server, email, { password });
    return { hashes: server.engine.hashingCounts().completed - before, answer };
  };

  const unknown = await hashesOf('nobody@example.com', 'not the password');
  for (const who of ['active', 'pending', 'suspended', 'deactivated', 'provider']) {
    const wrong = await hashesOf(`${who}@example.com`, 'not the password');
    expect({ who, ...visible(wrong.answer), hashes: wrong.hashes }).toEqual({ who, ...visible(unknown.answer), hashes: 1 });
    expect({ who, hashes: (await hashesOf(`${who}@example.com`, goodPassword)).hashes }).toEqual({ who, hashes: 1 });
  }
  expect(unknown.hashes).toBe(1);
});

test('the audit log keeps the reason that the answer hides, and no address', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  await logIn(server, 'ada@example.com', { password: 'not the password' });
  await logIn(server, 'nobody@example.com', { password: 'not the password' });
  const lastReason = (where: string) =>
    rows(server, `select reason from audit_events where type = 'session.start_refused' and ${where}`)[0]?.reason;
  expect(lastReason(`user_id = '${userId}'`)).toBe('wrong_password');
  expect(lastReason('user_id is null')).toBe('unknown_address');
  expect(JSON.stringify(rows(server, 'select * from audit_events'))).not.toContain('@');
});

test('S3.55 whatever is no address is 401 invalid credentials, and costs no hash', async () => {
  const server = await startServer();
  const before = server.engine.hashingCounts().completed;
  for (const email of [
    '',
    'ada',
    'ada@',
    '@example.com',
    'a b@example.com',
    'ada@example.com\u0000',
    `${'a'.repeat(3000)}@x.com`,
  ]) {
    const answer = await logIn(server, email);
    expect({ email, status: answer.status, body: answer.body }).toEqual({ email, status: 401, body: invalidCredentials });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
  }
  expect(server.engine.hashingCounts().completed).toBe(before);
});

test('the address is trimmed and its case does not matter; the password is taken as it is', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  expect((await logIn(server, '  ADA@Example.COM ')).status).toBe(200);
  const almost = [
    ` ${goodPassword}`,
    `${goodPassword} `,
    goodPassword.toUpperCase(),
    goodPassword.slice(0, -1),
    `${goodPassword}\u0000`,
    `${goodPassword}x`,
  ];
  for (const [index, password] of almost.entries()) {
    expect({ index, status: (await logIn(server, 'ada@example.com', { password })).status }).toEqual({ index, status: 401 });
    await server.engine.auth.unlockUser({ userId: (await loggedIn(server, 'ada@example.com')).answer.body.data.user.id });
  }
});

test('a password that is no text is refused by its type, an empty one like any wrong one', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  for (const password of [null, 0, 12345678, true, [], [goodPassword], {}, { $ne: '' }, { toString: goodPassword }]) {
    const answer = await post(server, { email: 'ada@example.com', password });
    expect({ password, status: answer.status, body: answer.body }).toEqual({
      password,
      status: 400,
      body: {
        error: {
          code: 'VALIDATION_ERROR',
          message: 'validation failed',
          details: [{ field: 'password', message: 'password is required' }],
        },
        meta: null,
      },
    });
  }
  expect((await post(server, { email: 'ada@example.com' })).status).toBe(400);
  const empty = await logIn(server, 'ada@example.com', { password: '' });
  expect(empty.status).toBe(401);
  expect(empty.body).toEqual(invalidCredentials);
});

test('every other field of a wrong type is named in the details; unknown fields are ignored', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const credentials = { email: 'ada@example.com', password: goodPassword };
  const fieldsOf = async (body: unknown) => {
    const answer = await post(server, body);
    return [answer.status, (answer.body.error?.details ?? []).map(({ field }: { field: string }) => field)];
  };
  expect(await fieldsOf({})).toEqual([400, ['email', 'password']]);
  expect(await fieldsOf({ ...credentials, email: ['ada@example.com'] })).toEqual([400, ['email']]);
  expect(await fieldsOf({ ...credentials, remember_me: 'yes' })).toEqual([400, ['remember_me']]);
  expect(await fieldsOf({ ...credentials, token_transport: 'header' })).toEqual([400, ['token_transport']]);
  const unknown = `"status":"pending","__proto__":{"email":""},"constructor":{"prototype":{}}`;
  expect(await fieldsOf(`{${unknown},${JSON.stringify(credentials).slice(1)}`)).toEqual([200, []]);
});

test('S3.128 a body that is no JSON object is 400 invalid request body', async () => {
  const server = await startServer();
  const bodies = ['', '{', 'null', '[]', '"text"', '42', 'email=ada', '{"email":"ada@example.com",}', '\u0000'];
  for (const body of bodies) {
    const answer = await post(server, body);
    expect({ body, status: answer.status, answer: answer.body }).toEqual({
      body,
      status: 400,
      answer: { error: { code: 'INVALID_REQUEST', message: 'invalid request body' }, meta: null },
    });
  }
  const missing = await server.call('POST', '/api/v1/auth/login');
  expect(missing.status).toBe(400);
  expect(missing.body.error).toEqual({ code: 'INVALID_REQUEST', message: 'invalid request body' });
});

test('a body of another content type is 415, even when it would parse', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const body = { email: 'ada@example.com', password: goodPassword };
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
  ]) {
    const answer = await post(server, body, { 'content-type': type });
    expect({ type, status: answer.status, error: answer.body.error }).toEqual({
      type,
      status: 415,
      error: { code: 'INVALID_REQUEST', message: 'content type must be application/json' },
    });
  }
  expect((await post(server, body, { 'content-type': 'Application/JSON; charset=utf-8' })).status).toBe(200);
});

test('S3.62 session fixation: every log-in starts a session of its own, whatever the browser brought along', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  await registered(server, 'mallory@example.com');
  const planted = await loggedIn(server, 'mallory@example.com');
  const first = await loggedIn(server, 'ada@example.com', { cookie: planted.refreshCookie });
  const second = await loggedIn(server, 'ada@example.com', { cookie: first.refreshCookie });
  const sids = [planted, first, second].map(({ accessToken }) => decodeToken(accessToken).claims.sid);
  expect(new Set(sids).size).toBe(3);
  expect(new Set([planted, first, second].map(({ refreshCookie }) => refreshCookie)).size).toBe(3);
  expect((await me(server, first.accessToken)).body.data.email).toBe('ada@example.com');
  expect((await me(server, planted.accessToken)).body.data.email).toBe('mallory@example.com');
});

test('a stale or broken refresh cookie does not stand in the way of logging in', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  for (const cookie of [
    'refresh_token=gone',
    'refresh_token=',
    'refresh_token=a; refresh_token=b',
    ';;=;"',
    'tegata_device=v1.x',
  ]) {
    expect({ cookie, status: (await logIn(server, 'ada@example.com', { cookie })).status }).toEqual({ cookie, status: 200 });
  }
});

const cheap: HashParameters = { argon2: { memoryKiB: 32, passes: 1 }, bcryptCost: 4 };
const hashedElsewhere = (algorithm: 'argon2id' | 'bcrypt') => {
  const lane = createHashingLane({ concurrency: 1, maxQueued: 1, deadlineMs: 5000 });
  return createPasswordHasher({ algorithm, lane }, cheap).hash(goodPassword);
};

test.each([
  ['bcrypt', 'argon2id', /^\$2b\$04\$/, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/],
  ['argon2id', 'argon2id', /^\$argon2id\$v=19\$m=32,t=1,p=1\$/, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/],
  ['argon2id', 'bcrypt', /^\$argon2id\$v=19\$m=32,t=1,p=1\$/, /^\$2b\$04\$/],
] as const)(
  'an old %s hash is replaced by one of today’s %s at log-in, and only behind the right password',
  async (old, today, before, after) => {
    const server = await startServer({ TEGATA_PASSWORD_HASH: today });
    const { userId } = await registered(server, 'ada@example.com');
    const oldHash = await hashedElsewhere(old);
    expect(oldHash).toMatch(before);
    execute(server, 'update password_credentials set password_hash = ? where user_id = ?', oldHash, userId);

    expect((await logIn(server, 'ada@example.com', { password: 'not the password' })).status).toBe(401);
    expect(passwordHash(server, userId)).toBe(oldHash);

    await loggedIn(server, 'ada@example.com');
    const newHash = passwordHash(server, userId);
    expect(newHash).toMatch(after);
    expect(newHash).not.toBe(oldHash);

    const hashes = server.engine.hashingCounts().completed;
    await loggedIn(server, 'ada@example.com');
    expect(passwordHash(server, userId)).toBe(newHash);
    expect(server.engine.hashingCounts().completed).toBe(hashes + 1);
  },
);

test('an account that may not log in keeps its old hash, right password or not', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const oldHash = await hashedElsewhere('bcrypt');
  execute(server, 'update password_credentials set password_hash = ? where user_id = ?', oldHash, userId);
  await server.engine.auth.setUserStatus({ userId, status: 'suspended' });
  expect((await logIn(server, 'ada@example.com')).body.error.message).toBe('account suspended');
  expect(passwordHash(server, userId)).toBe(oldHash);
});

test('S3.160 the eleventh log-in of an address within a minute is 429, right or wrong, whatever it says in X-Forwarded-For', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
  await registered(server, 'ada@example.com');
  for (let turn = 0; turn < 9; turn += 1) {
    const forged = {
      'x-forwarded-for': `203.0.113.${turn}`,
      forwarded: `for=203.0.113.${turn}`,
      'x-real-ip': `203.0.113.${turn}`,
    };
    expect((await logIn(server, `nobody-${turn}@example.com`, { headers: forged })).status).toBe(401);
  }
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
  const hashes = server.engine.hashingCounts().completed;
  const refused = await logIn(server, 'ada@example.com', { headers: { 'x-forwarded-for': '203.0.113.99' } });
  expect(refused.status).toBe(429);
  expect(refused.body).toEqual({
    error: { code: 'RATE_LIMIT_EXCEEDED', message: 'too many requests, please try again later' },
    meta: null,
  });
  const wait = Number(refused.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  expect(refused.headers.get('ratelimit-policy')).toBe('"standard:login";q=10;w=60');
  expect(refused.headers.get('ratelimit')).toBe(`"standard:login";r=0;t=${wait}`);
  expect(refused.cookies).toEqual([]);
  expect(server.engine.hashingCounts().completed).toBe(hashes);
  expect((await register(server, 'ben@example.com')).status).toBe(201);
});

test('of thirty log-ins at once exactly ten pass the limit', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => logIn(server, `nobody-${at}@example.com`)));
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
});

test('behind a trusted proxy each client has its own limit', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  const from = (address: string) => logIn(server, 'nobody@example.com', { headers: { 'x-forwarded-for': address } });
  for (let turn = 0; turn < 10; turn += 1) await from('203.0.113.1');
  expect((await from('203.0.113.1')).status).toBe(429);
  expect((await from('203.0.113.2')).status).not.toBe(429);
  // The hop nearest to the proxy counts; what the client wrote in front of it does not.
  expect((await from('198.51.100.7, 203.0.113.1')).status).toBe(429);
  for (let turn = 0; turn < 10; turn += 1) await from(`2001:db8:1:2::${turn}`);
  expect((await from('2001:db8:1:2:ffff::1')).status).toBe(429);
  expect((await from('2001:db8:1:3::1')).status).not.toBe(429);
});

test('both tokens of a log-in work at once', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken, refreshCookie } = await loggedIn(server, 'ada@example.com');
  expect((await me(server, accessToken)).status).toBe(200);
  expect((await refresh(server, refreshCookie)).status).toBe(200);
});
