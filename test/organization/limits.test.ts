import { expect, test } from 'vitest';
import type { Answer, CallOptions, TestServer } from '../server.ts';
import {
  confirmReset,
  failure,
  goodPassword,
  inEnglish,
  invalidRefreshToken,
  loggedIn,
  logIn,
  logOut,
  me,
  path,
  refreshed,
  refreshWith,
  register,
  registered,
  requestReset,
  resetToken,
  startOrganization,
} from './people.ts';

const ada = 'ada@example.com';

const start = () => startOrganization({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });

/** From another address of the network. */
const from = (address: string, headers: Record<string, string> = {}) => ({ headers: { 'x-forwarded-for': address, ...headers } });

const expectLimited = (answer: Answer, name: string, points: number, windowSeconds: number) => {
  expect([answer.status, answer.cookies]).toEqual([429, []]);
  const { retryAfter } = answer.body.error.details;
  expect(answer.body).toEqual(
    failure('RATE_LIMIT_EXCEEDED', 'リクエスト制限を超えました。しばらく待ってから再試行してください', { retryAfter }),
  );
  expect(Number.isInteger(retryAfter)).toBe(true);
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(windowSeconds);
  expect(answer.headers.get('retry-after')).toBe(String(retryAfter));
  expect(answer.headers.get('ratelimit-policy')).toBe(`"organization:${name}";q=${points};w=${windowSeconds}`);
  expect(answer.headers.get('ratelimit')).toBe(`"organization:${name}";r=0;t=${retryAfter}`);
};

const times = async <Value>(count: number, call: (index: number) => Promise<Value>): Promise<Value[]> => {
  const answers: Value[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await call(index));
  return answers;
};
const statuses = (answers: Answer[]) => [...new Set(answers.map(({ status }) => status))];

/** Takes from a bucket what earlier requests would have taken. */
const take = async (
  server: TestServer,
  bucket: { name: string; points: number; windowSeconds: number },
  key: string,
  count: number,
) => {
  for (let taken = 0; taken < count; taken += 1) await server.engine.deps.limits.take(bucket, key);
};

test('S2.49 S2.105 S2.110 S2.111 S2.174 S2.189 registering: 5 an hour for each address of the network, failed ones counted', async () => {
  const server = await start();
  expect(statuses(await times(4, (index) => register(server, `person-${index}@example.com`)))).toEqual([201]);
  expect((await register(server, 'ada')).status).toBe(422);
  expectLimited(await register(server, ada), 'register', 5, 3600);
  expect((await register(server, ada, {}, from('192.0.2.1'))).status).toBe(201);
});

test('S2.110 V50 in English, by Accept-Language', async () => {
  const server = await start();
  const answers = await times(6, () => register(server, 'ada', {}, { headers: inEnglish }));
  expect(answers.at(-1)?.body.error.message).toBe('Too many requests. Please wait a while and try again');
});

test('S2.63 S2.175 logging in: 10 a minute for each address of the network, whoever is tried', async () => {
  const server = await start();
  await registered(server, ada);
  expect(statuses(await times(10, (index) => logIn(server, `person-${index}@example.com`)))).toEqual([401]);
  expectLimited(await logIn(server, ada), 'login', 10, 60);
  expect((await logIn(server, ada, from('192.0.2.1'))).status).toBe(200);
});

test('S2.106 X29 and 10 a minute for each address of the network with each e-mail address, also across the edge of a minute', async () => {
  const server = await start();
  await registered(server, ada);
  // As after nine tries at the end of the network address's last minute.
  const bucket = { name: 'organization:login-address', points: 10, windowSeconds: 60 };
  await take(server, bucket, '192.0.2.1 ada@example.com', 9);
  expect((await logIn(server, ' ADA@example.com', from('192.0.2.1'))).status).toBe(200);
  expectLimited(await logIn(server, ada, from('192.0.2.1')), 'login-address', 10, 60);
  expect((await logIn(server, 'bob@example.com', from('192.0.2.1'))).status).toBe(401);
  expect((await logIn(server, ada, from('192.0.2.2'))).status).toBe(200);
});

test('a refused log-in costs no hash and counts as no failure', async () => {
  const server = await start();
  await registered(server, ada);
  await times(10, () => logIn(server, 'nobody@example.com', from('192.0.2.1')));
  const hashes = server.engine.hashingCounts().completed;
  expect(statuses(await times(6, () => logIn(server, ada, { password: 'a guess', ...from('192.0.2.1') })))).toEqual([429]);
  expect(server.engine.hashingCounts().completed).toBe(hashes);
  expect((await logIn(server, ada, from('192.0.2.2'))).status).toBe(200);
});

test('S2.71 logging out: 10 a minute for each user, whatever the session', async () => {
  const server = await start();
  const person = await registered(server, ada);
  const last = await loggedIn(server, ada);
  const bob = await registered(server, 'bob@example.com');
  expect(await times(5, async () => (await logOut(server, { token: person.accessToken })).status)).toEqual([
    200, 401, 401, 401, 401,
  ]);
  for (let turn = 0; turn < 5; turn += 1) {
    const { accessToken } = await loggedIn(server, ada);
    expect((await logOut(server, { token: accessToken })).status).toBe(200);
  }
  expectLimited(await logOut(server, { token: last.accessToken }), 'logout', 10, 60);
  expect((await me(server, { token: last.accessToken })).status).toBe(200);
  expect((await logOut(server, { token: bob.accessToken })).status).toBe(200);
});

test('X30 refreshing: 30 an hour for each session', async () => {
  const server = await start();
  const person = await registered(server, ada);
  const other = await loggedIn(server, ada);
  let { refreshToken } = person;
  for (let turn = 0; turn < 30; turn += 1) ({ refreshToken } = await refreshed(server, { body: { refreshToken } }));
  expectLimited(await refreshWith(server, refreshToken), 'refresh', 30, 3600);
  // Over the limit the token is not looked at: the first one would be theft and end the session.
  expectLimited(await refreshWith(server, person.refreshToken, from('192.0.2.1')), 'refresh', 30, 3600);
  expect((await refreshWith(server, other.refreshToken)).status).toBe(200);
});

test('S2.79 S2.108 S2.177 and 30 refused tokens an hour for each address of the network: a search ends, and the office behind the address goes on', async () => {
  const server = await start();
  const people = [await registered(server, ada), await registered(server, 'bob@example.com')];
  // An office: more than thirty good refreshes from one address count for nothing.
  const tokens = people.map(({ refreshToken }) => refreshToken);
  for (let turn = 0; turn < 40; turn += 1) {
    const { refreshToken } = await refreshed(server, { body: { refreshToken: tokens[turn % 2] } });
    tokens[turn % 2] = refreshToken;
  }
  // Pages that ask before anybody has logged in searched for nothing either.
  expect(statuses(await times(31, () => server.call('POST', path('refresh'))))).toEqual([401]);

  const search = await times(30, (index) => refreshWith(server, `guess-${index}`));
  for (const { status, body } of search) expect([status, body]).toEqual([401, invalidRefreshToken]);
  expectLimited(await refreshWith(server, 'guess-30'), 'refresh-refused', 30, 3600);
  expect((await refreshWith(server, tokens[0])).status).toBe(200);
  expect((await refreshWith(server, 'guess', from('192.0.2.1'))).status).toBe(401);
});

test('an office on Monday, whose tokens have all expired, is told so', async () => {
  const server = await start();
  const token = (await registered(server, ada)).refreshToken;
  await take(server, { name: 'organization:refresh-refused', points: 30, windowSeconds: 3600 }, '127.0.0.1', 31);
  expect((await refreshWith(server, 'gone')).status).toBe(429);
  server.advance({ days: 8 });
  expect((await refreshWith(server, token)).body.error.code).toBe('REFRESH_TOKEN_EXPIRED');
});

test('S2.85 S2.107 asking for a reset: 1 an hour for each e-mail address, beyond which the answer is the same and nothing is sent', async () => {
  const server = await start();
  await registered(server, ada);
  const answers = [await requestReset(server, ada), await requestReset(server, 'ADA@example.com', from('192.0.2.1'))];
  expect(answers[1]?.status).toBe(200);
  expect(answers[1]?.body).toEqual(answers[0]?.body);
  const resets = (await server.mails(ada)).filter(({ links }) => links.some((link) => link.includes('/auth/reset-password')));
  expect(resets).toHaveLength(1);
});

test('S2.87 S2.107 S2.178 and 5 an hour for each address of the network', async () => {
  const server = await start();
  expect(statuses(await times(5, (index) => requestReset(server, `person-${index}@example.com`)))).toEqual([200]);
  expectLimited(await requestReset(server, ada), 'reset-request', 5, 3600);
  expect((await requestReset(server, ada, from('192.0.2.1'))).status).toBe(200);
});

test('S2.97 S2.179 confirming a reset: 10 an hour for each address of the network; over it a good token is not used up', async () => {
  const server = await start();
  await registered(server, ada);
  server.advance({ seconds: 1 });
  await requestReset(server, ada);
  const token = await resetToken(server, ada);
  expect(statuses(await times(10, () => confirmReset(server, 'gone', goodPassword)))).toEqual([400]);
  expectLimited(await confirmReset(server, token, 'another horse battery'), 'reset-confirm', 10, 3600);
  expect((await confirmReset(server, token, 'another horse battery', from('192.0.2.1'))).status).toBe(200);
});

test('S2.104 S2.109 asking who one is: 60 a minute for each user, whatever the session or address', async () => {
  const server = await start();
  const { accessToken } = await registered(server, ada);
  const other = await loggedIn(server, ada);
  const bob = await registered(server, 'bob@example.com');
  const call = (token: string, options: CallOptions = {}) => me(server, { token, ...options });
  expect(statuses(await times(60, (index) => call(index % 2 ? accessToken : other.accessToken)))).toEqual([200]);
  expectLimited(await call(accessToken, from('192.0.2.1')), 'me', 60, 60);
  expect((await call(bob.accessToken)).status).toBe(200);
});

test('of a hundred requests at once exactly the allowed ones pass', async () => {
  const server = await start();
  const { accessToken } = await registered(server, ada);
  const answers = await Promise.all(Array.from({ length: 100 }, () => me(server, { token: accessToken })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(60);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
});

test('TEGATA_RATE_LIMITS=off turns them all off', async () => {
  const server = await startOrganization();
  expect(statuses(await times(12, () => register(server, 'ada')))).toEqual([422]);
  expect(statuses(await times(31, () => refreshWith(server, 'gone')))).toEqual([401]);
});
