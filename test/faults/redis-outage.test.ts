import { expect, onTestFinished, test, vi } from 'vitest';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { type RedisServer, startRedis } from '../services/redis.ts';
import { goodPassword, loggedIn, logIn, me, refresh, register, registered } from '../standard/people.ts';
import { count } from '../standard/stored.ts';

const startBoth = async (settings: Record<string, string> = {}): Promise<{ server: TestServer; redis: RedisServer }> => {
  const redis = await startRedis({ password: 'p@ss' });
  onTestFinished(() => redis.stop());
  const server = await startServer({ REDIS_URL: redis.url, TEGATA_REDIS_PREFIX: 'outage:', ...settings });
  return { server, redis };
};

const expectUnavailable = (answer: Answer) => {
  expect(answer.status).toBe(503);
  expect(answer.body.error.code).toBe('SERVICE_UNAVAILABLE');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(answer.cookies).toEqual([]);
};

const changePassword = (server: TestServer, token: string, next: string): Promise<Answer> =>
  server.call('POST', '/api/v1/auth/password/change', { token, body: { current_password: goodPassword, new_password: next } });

const isBack = (server: TestServer) =>
  vi.waitFor(async () => expect((await server.call('GET', '/health/ready')).status).toBe(200), { timeout: 20_000 });

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('V14 Redis killed under load: nobody is signed out, no revocation is undone, and all goes on when it is back', async () => {
  const { server, redis } = await startBoth();
  const people = 12;
  const names = Array.from({ length: people }, (_, index) => `person-${index}@example.com`);
  for (const name of names) await registered(server, name);
  const sessions = await Promise.all(names.map((name) => loggedIn(server, name)));
  const revoked = await loggedIn(server, names[0] as string);
  const left = await server.call('POST', '/api/v1/auth/logout', { token: revoked.accessToken });
  expect(left.status).toBe(200);

  let running = true;
  const answers: { at: number; status: number; retryAfter: string | null }[] = [];
  const note = ({ status, headers }: Answer) => {
    answers.push({ at: performance.now(), status, retryAfter: headers.get('retry-after') });
  };
  const clients = sessions.map(async (session) => {
    let { refreshCookie, accessToken } = session;
    while (running) {
      const next = await refresh(server, refreshCookie);
      note(next);
      if (next.status === 200) {
        accessToken = next.body.data.access_token;
        refreshCookie = (next.cookies[0] as string).split(';')[0] as string;
      }
      note(await me(server, accessToken));
      await pause(5);
    }
    return { refreshCookie, accessToken };
  });

  await pause(1_000);
  const before = answers.length;
  await redis.kill();
  const killedAt = performance.now();
  await pause(1_500);
  expectUnavailable(await me(server, revoked.accessToken));
  expect((await server.call('GET', '/health/ready')).status).toBe(503);
  expect((await server.call('GET', '/health/live')).status).toBe(200);
  await redis.start();
  const startedAt = performance.now();
  await isBack(server);
  await pause(1_000);
  running = false;
  const survivors = await Promise.all(clients);

  const statuses = new Set(answers.map(({ status }) => status));
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  for (const { status, retryAfter } of answers) if (status === 503) expect(Number(retryAfter)).toBeGreaterThanOrEqual(1);
  for (const survivor of survivors) {
    expect((await me(server, survivor.accessToken)).status).toBe(200);
    expect((await refresh(server, survivor.refreshCookie)).status).toBe(200);
  }
  expect((await me(server, revoked.accessToken)).body.error.reason).toBe('logged_out');
  expect((await refresh(server, revoked.refreshCookie)).status).toBe(401);

  const refused = answers.filter(({ status }) => status === 503);
  const firstServed = answers.find(({ at, status }) => at > startedAt && status === 200)?.at ?? Number.NaN;
  expect(before).toBeGreaterThan(0);
  expect(refused.length).toBeGreaterThan(0);
  process.stdout.write(
    `Redis killed for ${Math.round(startedAt - killedAt)} ms under ${people} clients: ${answers.length} answers, ${refused.length} were 503, ` +
      `0 were 401, 0 lineages lost; first served ${Math.round(firstServed - startedAt)} ms after Redis took commands\n`,
  );
});

test('V14 what cannot revoke changes nothing: the whole call is 503, and can be repeated', async () => {
  const { server, redis } = await startBoth({ TEGATA_CONTRACTS: 'standard,organization' });
  const { userId } = await registered(server, 'ada@example.com');
  const session = await loggedIn(server, 'ada@example.com');
  const organization = { email: 'grace@example.com', password: goodPassword, name: 'Grace', organizationName: 'Navy' };
  const users = count(server, 'users');
  await redis.kill();
  const refused = [
    await changePassword(server, session.accessToken, 'another long password'),
    await logIn(server, 'ada@example.com'),
    await logIn(server, 'ada@example.com', { password: 'wrong password' }),
    await logIn(server, 'nobody@example.com'),
    await refresh(server, session.refreshCookie),
    await server.call('POST', '/api/v1/auth/logout', { token: session.accessToken }),
    await server.call('POST', '/api/v1/auth/logout-all', { token: session.accessToken }),
  ];
  for (const answer of refused) expectUnavailable(answer);
  await expect(server.engine.auth.setUserStatus({ userId, status: 'suspended' })).rejects.toThrow('Redis');
  // Registering there logs in at once: without the session there is no account either.
  const registering = await server.call('POST', '/api/auth/register', { body: organization });
  expect(registering.status).toBe(503);
  expect(count(server, 'users')).toBe(users);
  // What needs no session goes on.
  expect((await register(server, 'hedy@example.com')).status).toBe(201);

  await redis.start();
  await isBack(server);
  expect((await me(server, session.accessToken)).status).toBe(200);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
  expect((await server.call('POST', '/api/auth/register', { body: organization })).status).toBe(201);
  expect((await changePassword(server, session.accessToken, 'another long password')).status).toBe(200);
});

test('limits go on without Redis: each node counts in its own memory', async () => {
  const { server, redis } = await startBoth({ TEGATA_RATE_LIMITS: 'on' });
  await redis.kill();
  const answers = await server.atOnce(60, (index) => logIn(server, `person-${index}@example.com`));
  const limited = answers.filter(({ status }) => status === 429);
  const notLimited = answers.filter(({ status }) => status !== 429);
  for (const answer of notLimited) expectUnavailable(answer);
  for (const { headers } of limited) expect(headers.get('retry-after')).toBeTruthy();
  expect(notLimited.length).toBeLessThanOrEqual(10);
  expect(limited.length).toBeGreaterThanOrEqual(50);
});

test('with sessions in the database, Redis may die at any time: everybody is served, and limited', async () => {
  const { server, redis } = await startBoth({ TEGATA_SESSION_STORE: 'database', TEGATA_RATE_LIMITS: 'on' });
  await registered(server, 'ada@example.com');
  const session = await loggedIn(server, 'ada@example.com');
  await redis.kill();
  expect((await server.call('GET', '/health/ready')).status).toBe(200);
  expect((await me(server, session.accessToken)).status).toBe(200);
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
  const answers = await server.atOnce(40, () => logIn(server, 'ada@example.com', { password: 'wrong password' }));
  expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5);
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(30);
  expect(answers.filter(({ status }) => status === 503)).toEqual([]);
});

test('a Redis that takes connections and answers nothing: the first calls wait, the others do not', async () => {
  const { server, redis } = await startBoth();
  await registered(server, 'ada@example.com');
  const session = await loggedIn(server, 'ada@example.com');
  redis.freeze();
  onTestFinished(() => redis.thaw());
  for (const answer of await server.atOnce(20, () => me(server, session.accessToken))) expectUnavailable(answer);
  const startedAt = performance.now();
  for (let index = 0; index < 20; index += 1) expectUnavailable(await me(server, session.accessToken));
  const tookMs = performance.now() - startedAt;
  redis.thaw();
  const thawedAt = performance.now();
  await isBack(server);
  expect((await me(server, session.accessToken)).status).toBe(200);
  process.stdout.write(
    `Redis frozen: 20 calls after the first were refused in ${Math.round(tookMs)} ms; served ${Math.round(performance.now() - thawedAt)} ms after it answered again\n`,
  );
});
