import { expect, test } from 'vitest';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { loggedIn, logIn, me, refresh, registered } from './people.ts';
import { decodeToken } from './tokens.ts';

const sidOf = ({ accessToken }: { accessToken: string }) => decodeToken(accessToken).claims.sid;

const list = (server: TestServer, token: string | undefined, query = '') =>
  server.call('GET', `/api/v1/auth/sessions${query}`, { token });

const revoke = (server: TestServer, token: string | undefined, id: string) =>
  server.call('DELETE', `/api/v1/auth/sessions/${id}`, { token });

const ids = (answer: Answer): string[] => answer.body.data.map(({ id }: { id: string }) => id);

const notFound = { error: { code: 'NOT_FOUND', message: 'session not found' }, meta: null };

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startServer(settings);
  await registered(server, 'ada@example.com');
  return server;
};

test('S3.63 S3.131 the list shows each living session: from where, since when, until when, and which one is asking', async () => {
  const server = await startWithAda();
  const laptop = await loggedIn(server, 'ada@example.com', { headers: { 'user-agent': 'Laptop/1.0' } });
  server.advance({ hours: 1 });
  const phone = await loggedIn(server, 'ada@example.com', { remember: true, headers: { 'user-agent': 'Phone/2.0' } });
  const answer = await list(server, phone.accessToken);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.body).toEqual({
    data: [
      {
        id: sidOf(phone),
        user_agent: 'Phone/2.0',
        ip_address: '127.0.0.1',
        created_at: '2030-01-15T10:00:00.000Z',
        last_used_at: '2030-01-15T10:00:00.000Z',
        expires_at: '2030-02-14T10:00:00.000Z',
        current: true,
      },
      {
        id: sidOf(laptop),
        user_agent: 'Laptop/1.0',
        ip_address: '127.0.0.1',
        created_at: '2030-01-15T09:00:00.000Z',
        last_used_at: '2030-01-15T09:00:00.000Z',
        expires_at: '2030-01-22T09:00:00.000Z',
        current: false,
      },
    ],
    meta: { pagination: { page: 1, per_page: 20, total_items: 2, total_pages: 1, has_next: false, has_prev: false } },
  });
});

test('a refresh is a use: the session comes first, and its end has moved', async () => {
  const server = await startWithAda();
  const laptop = await loggedIn(server, 'ada@example.com');
  server.advance({ minutes: 1 });
  const phone = await loggedIn(server, 'ada@example.com');
  server.advance({ days: 1 });
  const next = await refresh(server, laptop.refreshCookie);
  const answer = await list(server, next.body.data.access_token);
  expect(ids(answer)).toEqual([sidOf(laptop), sidOf(phone)]);
  expect(answer.body.data[0]).toMatchObject({
    created_at: '2030-01-15T09:00:00.000Z',
    last_used_at: '2030-01-16T09:01:00.000Z',
    expires_at: '2030-01-23T09:01:00.000Z',
    current: true,
  });
});

test('a browser that names itself at length, or not at all, is kept short, or as unknown', async () => {
  const server = await startWithAda();
  await loggedIn(server, 'ada@example.com', { headers: { 'user-agent': `Long/${'9'.repeat(5000)}` } });
  server.advance({ seconds: 1 });
  const { accessToken } = await loggedIn(server, 'ada@example.com', { headers: { 'user-agent': '' } });
  const [unnamed, long] = (await list(server, accessToken)).body.data;
  expect(unnamed.user_agent).toBeNull();
  expect(long.user_agent).toBe(`Long/${'9'.repeat(495)}`);
});

test('X-Forwarded-For is not believed', async () => {
  const server = await startWithAda();
  const headers = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7', 'x-real-ip': '203.0.113.7' };
  const { accessToken } = await loggedIn(server, 'ada@example.com', { headers });
  expect((await list(server, accessToken)).body.data[0].ip_address).toBe('127.0.0.1');
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
  ['203.0.113.7, 10.1.2.3', '203.0.113.7'],
  ['2001:DB8::0:1', '2001:db8::1'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['not an address', '127.0.0.1'],
  ['203.0.113.7:1234', '127.0.0.1'],
  ['fe80::1%eth0', '127.0.0.1'],
  ['', '127.0.0.1'],
  [Array(300).fill('10.0.0.1').join(','), '10.0.0.1'],
])('behind a trusted proxy %.40s is %s', async (forwarded, address) => {
  const server = await startWithAda({ TEGATA_TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8' });
  const { accessToken } = await loggedIn(server, 'ada@example.com', { headers: { 'x-forwarded-for': forwarded } });
  expect((await list(server, accessToken)).body.data[0].ip_address).toBe(address);
});

test('the list comes in pages, and says where one is', async () => {
  const server = await startWithAda();
  const all: string[] = [];
  let token = '';
  for (let turn = 0; turn < 5; turn += 1) {
    server.advance({ seconds: 1 });
    const session = await loggedIn(server, 'ada@example.com');
    all.unshift(sidOf(session));
    token = session.accessToken;
  }
  const page = async (query: string) => {
    const answer = await list(server, token, query);
    expect(answer.status).toBe(200);
    return [ids(answer), answer.body.meta.pagination];
  };
  const of = (number: number, has: { next: boolean; prev: boolean }) => ({
    page: number,
    per_page: 2,
    total_items: 5,
    total_pages: 3,
    has_next: has.next,
    has_prev: has.prev,
  });
  expect(await page('?per_page=2')).toEqual([all.slice(0, 2), of(1, { next: true, prev: false })]);
  expect(await page('?page=2&per_page=2')).toEqual([all.slice(2, 4), of(2, { next: true, prev: true })]);
  expect(await page('?page=3&per_page=2')).toEqual([all.slice(4), of(3, { next: false, prev: true })]);
  expect(await page('?page=9&per_page=2')).toEqual([[], of(9, { next: false, prev: true })]);
  for (const query of ['?page=0', '?page=-1', '?page=1.5', '?page=x', '?per_page=0', '?per_page=101', '?per_page=1e999']) {
    const answer = await list(server, token, query);
    const field = query.slice(1, query.indexOf('='));
    expect({ query, status: answer.status, code: answer.body.error?.code }).toEqual({
      query,
      status: 400,
      code: 'VALIDATION_ERROR',
    });
    expect(answer.body.error.details).toEqual([{ field, message: expect.any(String) }]);
  }
});

test('the list holds nobody else’s sessions, none that ended, none that ran out, and no secret', async () => {
  const server = await startWithAda();
  await registered(server, 'ben@example.com');
  const ben = await loggedIn(server, 'ben@example.com');
  await loggedIn(server, 'ada@example.com');
  server.advance({ days: 8 });
  const left = await loggedIn(server, 'ada@example.com');
  await server.call('POST', '/api/v1/auth/logout', { token: left.accessToken });
  const ada = await loggedIn(server, 'ada@example.com');
  const answer = await list(server, ada.accessToken);
  expect(ids(answer)).toEqual([sidOf(ada)]);
  expect(ids(answer)).not.toContain(sidOf(ben));
  expect(Object.keys(answer.body.data[0])).toEqual([
    'id',
    'user_agent',
    'ip_address',
    'created_at',
    'last_used_at',
    'expires_at',
    'current',
  ]);
});

test('listing and revoking need a working access token', async () => {
  const server = await startWithAda();
  const session = await loggedIn(server, 'ada@example.com');
  const cookie = session.refreshCookie;
  for (const [method, path] of [
    ['GET', '/api/v1/auth/sessions'],
    ['DELETE', `/api/v1/auth/sessions/${sidOf(session)}`],
  ] as const) {
    const missing = await server.call(method, path, { cookie });
    expect([missing.status, missing.body.error.message]).toEqual([401, 'authorization header required']);
    const bad = await server.call(method, path, { cookie, token: 'gone' });
    expect([bad.status, bad.body.error.message]).toEqual([401, 'invalid or expired token']);
    expect(bad.headers.get('www-authenticate')).toBe('Bearer realm="tegata", error="invalid_token"');
  }
  expect((await me(server, session.accessToken)).status).toBe(200);
});

test('revoking another session ends it for both of its tokens and leaves the own one', async () => {
  const server = await startWithAda();
  const own = await loggedIn(server, 'ada@example.com');
  const lost = await loggedIn(server, 'ada@example.com');
  const answer = await revoke(server, own.accessToken, sidOf(lost));
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ data: { message: 'session revoked' }, meta: null });
  expect(answer.cookies).toEqual([]);
  expect((await me(server, lost.accessToken)).body).toEqual({
    error: { code: 'UNAUTHORIZED', message: 'token has been revoked', reason: 'session_revoked' },
    meta: null,
  });
  expect((await refresh(server, lost.refreshCookie)).body.error).toEqual({
    code: 'UNAUTHORIZED',
    message: 'session not found',
    reason: 'session_revoked',
  });
  expect(ids(await list(server, own.accessToken))).toEqual([sidOf(own)]);
  const again = await revoke(server, own.accessToken, sidOf(lost));
  expect([again.status, again.body]).toEqual([404, notFound]);
});

test('revoking the own session is logging out: its cookie is cleared', async () => {
  const server = await startWithAda();
  const own = await loggedIn(server, 'ada@example.com');
  const answer = await revoke(server, own.accessToken, sidOf(own));
  expect(answer.status).toBe(200);
  expect(answer.cookies).toEqual(['refresh_token=; Path=/api/v1/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=0']);
  expect((await me(server, own.accessToken)).body.error.reason).toBe('session_revoked');
});

test('another user’s session, an unknown one and whatever is no id are one and the same 404', async () => {
  const server = await startWithAda();
  await registered(server, 'ben@example.com');
  const ada = await loggedIn(server, 'ada@example.com');
  const ben = await loggedIn(server, 'ben@example.com');
  const others = [
    sidOf(ben),
    '01890a5d-ac96-774b-bcce-b302099a8057',
    '1',
    'null',
    '%00',
    '%F0%9F%92%A9',
    "'%20or%20'1'='1",
    sidOf(ada).toUpperCase(),
    'x'.repeat(3000),
    '__proto__',
  ];
  for (const id of others) {
    const answer = await revoke(server, ada.accessToken, id);
    expect({ id, status: answer.status, body: answer.body }).toEqual({ id, status: 404, body: notFound });
  }
  for (const session of [ada, ben]) {
    expect((await me(server, session.accessToken)).status).toBe(200);
    expect((await refresh(server, session.refreshCookie)).status).toBe(200);
  }
});

test('S3.159 the eleventh log-in ends the least recently used session, with that reason', async () => {
  const server = await startWithAda();
  const sessions: Awaited<ReturnType<typeof loggedIn>>[] = [];
  for (let turn = 0; turn < 10; turn += 1) {
    server.advance({ seconds: 1 });
    sessions.push(await loggedIn(server, 'ada@example.com'));
  }
  const [first, second, third] = sessions as [(typeof sessions)[0], (typeof sessions)[0], (typeof sessions)[0]];
  server.advance({ seconds: 1 });
  const used = await refresh(server, first.refreshCookie);
  const eleventh = await loggedIn(server, 'ada@example.com');

  expect((await refresh(server, second.refreshCookie)).body.error).toEqual({
    code: 'UNAUTHORIZED',
    message: 'session not found',
    reason: 'session_limit',
  });
  expect((await me(server, second.accessToken)).body.error.reason).toBe('session_limit');
  expect((await me(server, used.body.data.access_token)).status).toBe(200);
  expect((await me(server, third.accessToken)).status).toBe(200);
  expect((await me(server, eleventh.accessToken)).status).toBe(200);
  expect(ids(await list(server, eleventh.accessToken))).toHaveLength(10);
});

test('V58 fifteen log-ins at once leave exactly ten sessions; the oldest one went with the others', async () => {
  const server = await startWithAda();
  const oldest = await loggedIn(server, 'ada@example.com');
  server.advance({ seconds: 1 });
  const answers = await server.atOnce(15, () => logIn(server, 'ada@example.com'));
  expect(answers.map(({ status }) => status)).toEqual(Array(15).fill(200));
  const outcomes = await Promise.all(answers.map((answer) => me(server, answer.body.data.access_token)));
  expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(10);
  const refused = outcomes.filter(({ status }) => status === 401);
  expect(refused.map(({ body }) => body.error.reason)).toEqual(Array(5).fill('session_limit'));
  expect((await me(server, oldest.accessToken)).body.error.reason).toBe('session_limit');
  const alive = answers.find((_, at) => outcomes[at]?.status === 200);
  expect(ids(await list(server, alive?.body.data.access_token))).toHaveLength(10);
});

test('nobody else’s sessions count', async () => {
  const server = await startWithAda({ TEGATA_MAX_SESSIONS: '2' });
  await registered(server, 'ben@example.com');
  const ada = await loggedIn(server, 'ada@example.com');
  server.advance({ seconds: 1 });
  const ben = [await loggedIn(server, 'ben@example.com'), await loggedIn(server, 'ben@example.com')];
  const phone = await loggedIn(server, 'ada@example.com');
  for (const session of [ada, phone, ...ben]) expect((await me(server, session.accessToken)).status).toBe(200);
});

test('sessions that ended or ran out take no place', async () => {
  const server = await startWithAda({ TEGATA_MAX_SESSIONS: '2' });
  const remembered = await loggedIn(server, 'ada@example.com', { remember: true });
  await loggedIn(server, 'ada@example.com');
  server.advance({ days: 8 });
  const second = await loggedIn(server, 'ada@example.com');
  expect((await refresh(server, remembered.refreshCookie)).status).toBe(200);
  await server.call('POST', '/api/v1/auth/logout', { token: second.accessToken });
  server.advance({ seconds: 1 });
  const third = await loggedIn(server, 'ada@example.com');
  expect(ids(await list(server, third.accessToken))).toEqual([sidOf(third), sidOf(remembered)]);
});

test('TEGATA_MAX_SESSIONS=1 keeps the newest log-in only', async () => {
  const server = await startWithAda({ TEGATA_MAX_SESSIONS: '1' });
  const first = await loggedIn(server, 'ada@example.com');
  const second = await loggedIn(server, 'ada@example.com');
  expect((await me(server, first.accessToken)).body.error.reason).toBe('session_limit');
  expect(ids(await list(server, second.accessToken))).toEqual([sidOf(second)]);
});
