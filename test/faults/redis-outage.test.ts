import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Person, preparePeople } from '../../bench/people.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { type RedisServer, startRedis } from '../services/redis.ts';
import { goodPassword, loggedIn, logIn, me, refresh, register, registered } from '../standard/people.ts';
import { count } from '../standard/stored.ts';
import { percentile, startCrowd, within } from './crowd.ts';
import { type Condition, openFaultyLine } from './faulty-line.ts';
import { sideBySide } from './side-by-side.ts';

// What each feature does while Redis refuses, swallows or answers two seconds late: the table of decision 19, row by row.
// OUTAGE_SECONDS sets how long it lasts under load.

const conditions: [string, Condition][] = [
  ['refusing', 'refusing'],
  ['swallowing', 'swallowing'],
  ['slow', { delayMs: 2_000 }],
];
const outageSeconds = size('OUTAGE_SECONDS', { long: 12, short: 4 });
const normalWithinMs = within(2_000);
/** A line of five seconds, and a few commands that take two seconds each. */
const longestWaitMs = within(15_000);

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

const timed = async <Value>(waits: number[], work: () => Promise<Value>): Promise<Value> => {
  const startedAt = performance.now();
  const value = await work();
  waits.push(performance.now() - startedAt);
  return value;
};

test('sessions in Redis that refuses, swallows or is slow: revocation and lockout stay shut, and everything is normal again within two seconds of its return', async () => {
  await sideBySide(conditions, async ([name, condition]) => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const line = await openFaultyLine(redis.port);
    const server = await startServer({ REDIS_URL: `redis://127.0.0.1:${line.port}`, TEGATA_REDIS_PREFIX: 'line:' });
    const isSlow = typeof condition === 'object';
    for (const email of ['ada@example.com', 'grace@example.com', 'mary@example.com']) await registered(server, email);
    const [session, revoked] = [await loggedIn(server, 'ada@example.com'), await loggedIn(server, 'ada@example.com')];
    expect((await server.call('POST', '/api/v1/auth/logout', { token: revoked.accessToken })).status).toBe(200);
    const guess = () => logIn(server, 'grace@example.com', { password: 'wrong password' });
    for (let guesses = 0; guesses < 3; guesses += 1) expect((await guess()).status).toBe(401);

    await line.become(condition);
    const waits: number[] = [];
    let opened = 0;
    let evaluated = 3;
    const [mine, theirs, refreshed, known, wrong, unknown, newcomer] = await Promise.all([
      timed(waits, () => me(server, session.accessToken)),
      timed(waits, () => me(server, revoked.accessToken)),
      timed(waits, () => refresh(server, revoked.refreshCookie)),
      timed(waits, () => logIn(server, 'ada@example.com')),
      timed(waits, () => logIn(server, 'mary@example.com', { password: 'wrong password' })),
      timed(waits, () => logIn(server, 'nobody@example.com')),
      timed(waits, () => register(server, 'hedy@example.com')),
    ]);
    if (isSlow) {
      // Late, and right.
      expect([mine.status, known.status, wrong.status, unknown.status]).toEqual([200, 200, 401, 401]);
      expect(theirs.body.error.reason).toBe('logged_out');
    } else for (const answer of [mine, theirs, refreshed, known, wrong, unknown]) expectUnavailable(answer);
    // What needs no session goes on.
    expect(newcomer.status).toBe(201);
    expect((await server.call('GET', '/health/live')).status).toBe(200);
    expect((await server.call('GET', '/health/ready')).status).toBe(isSlow ? 200 : 503);

    for (let round = 0; round < 2; round += 1) {
      const guesses = await server.atOnce(10, () => timed(waits, guess));
      evaluated += guesses.filter(({ status }) => status === 401).length;
      const stale = [await me(server, revoked.accessToken), await refresh(server, revoked.refreshCookie)];
      opened += stale.filter(({ status }) => status === 200).length;
    }
    await line.become('whole');
    const backAt = performance.now();
    await vi.waitFor(async () => expect((await me(server, session.accessToken)).status).toBe(200), {
      timeout: 20_000,
      interval: 20,
    });
    const normalMs = performance.now() - backAt;
    // The failures before and after the outage are one count: it lent nobody fresh guesses.
    for (let guesses = 0; guesses < 10; guesses += 1) if ((await guess()).status === 401) evaluated += 1;
    expect((await me(server, revoked.accessToken)).body.error.reason).toBe('logged_out');
    expect((await refresh(server, session.refreshCookie)).status).toBe(200);
    expect((await logIn(server, 'ada@example.com')).status).toBe(200);

    const tried = waits.length + 24;
    const failed = opened + Math.max(0, evaluated - 5);
    const reached = failed === 0 && normalMs <= normalWithinMs && Math.max(...waits) <= longestWaitMs;
    figure({
      row: 'redis',
      part: `sessions in Redis, ${name}`,
      tried,
      failed,
      detail:
        `${opened} uses of an ended session accepted, ${evaluated} guesses evaluated of a limit of 5; ` +
        `longest wait ${Math.round(Math.max(...waits))} ms, normal ${Math.round(normalMs)} ms after its return`,
      reached,
    });
    expect(opened).toBe(0);
    expect(evaluated).toBeLessThanOrEqual(5);
    expect(normalMs).toBeLessThanOrEqual(normalWithinMs);
    expect(Math.max(...waits)).toBeLessThanOrEqual(longestWaitMs);
  });
});

test('sessions in the database, Redis refusing, swallowing or slow under load: everybody is served, limited and locked out, and it is said once', async () => {
  await sideBySide(conditions, async ([name, condition]) => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const line = await openFaultyLine(redis.port);
    const dataDir = await temporaryFolder();
    const settings = {
      TEGATA_DATA_DIR: dataDir,
      TEGATA_SECRET: 'Only4Tests-0123456789-abcdefghijklmnop',
      REDIS_URL: `redis://127.0.0.1:${line.port}`,
      TEGATA_SESSION_STORE: 'database',
      TEGATA_RATE_LIMITS: 'on',
      TEGATA_TRUSTED_PROXIES: '127.0.0.1',
      LOG_LEVEL: 'info',
    };
    await preparePeople(settings, 14, `${dataDir}/people.json`);
    const [left, victim, ...people]: Person[] = JSON.parse(readFileSync(`${dataDir}/people.json`, 'utf8'));
    const server = await startServerProcess(settings);
    const call = (method: string, path: string, options: { body?: object; token?: string; from?: string } = {}) =>
      fetch(server.url + path, {
        method,
        headers: {
          ...(options.body ? { 'content-type': 'application/json' } : {}),
          ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
          'x-forwarded-for': options.from ?? '10.1.0.1',
        },
        ...(options.body ? { body: JSON.stringify(options.body) } : {}),
      });
    const guess = async (email: string, from: string) =>
      (await call('POST', '/api/v1/auth/login', { body: { email, password: 'wrong password' }, from })).status;
    expect((await call('POST', '/api/v1/auth/logout', { body: {}, token: left!.accessToken })).status).toBe(200);
    const crowd = startCrowd({ url: server.url, people, registering: 0, pauseMs: 1_200 });
    await pause(500);

    const losses = () => server.stdout().match(/^.*Redis is not available.*$/gm)?.length ?? 0;
    const saidBefore = losses();
    await line.become(condition);
    const until = performance.now() + outageSeconds * 1_000;
    const all = (count: number) => Array.from({ length: count }, (_, index) => index);
    // One address that asks for sixty accounts, and sixty addresses that ask for one.
    const [limited, locked] = await Promise.all([
      Promise.all(all(60).map((index) => guess(`nobody-${index}@example.com`, '10.2.0.1'))),
      Promise.all(all(60).map((index) => guess(victim!.email, `10.3.0.${index + 1}`))),
    ]);
    let opened = 0;
    let asked = 0;
    while (performance.now() < until) {
      const { status } = await call('GET', '/api/v1/me', { token: left!.accessToken });
      asked += 1;
      if (status === 200) opened += 1;
      await pause(50);
    }
    const said = losses() - saidBefore;
    await line.become('whole');
    const backAt = performance.now();
    const isReady = async () => /^tegata_redis_ready 1$/m.test(await (await fetch(`${server.url}/metrics`)).text());
    await vi.waitFor(async () => expect(await isReady()).toBe(true), { timeout: 20_000, interval: 20 });
    const normalMs = performance.now() - backAt;
    await pause(500);
    await crowd.stop();
    const missing = await crowd.missing(new Set());

    const notServed = crowd.answers.filter(({ status }) => status !== 200).length + crowd.broken();
    const evaluated = limited.filter((status) => status === 401).length;
    const guessed = locked.filter((status) => status === 401).length;
    const waits = crowd.answers.map(({ ms }) => ms);
    const failed = notServed + opened + missing.length + Math.max(0, evaluated - 10) + Math.max(0, guessed - 5);
    const reached = failed === 0 && normalMs <= normalWithinMs && percentile(waits, 0.99) <= longestWaitMs;
    figure({
      row: 'redis',
      part: `sessions in the database, ${name}`,
      tried: crowd.answers.length + asked + limited.length + locked.length,
      failed,
      detail:
        `${outageSeconds} s; ${notServed} of ${crowd.answers.length} people not served, ${opened} of ${asked} uses of an ended session accepted, ` +
        `${evaluated} of 60 log-ins past a limit of 10, ${guessed} of 60 guesses past a lockout of 5; wait p99 ${Math.round(percentile(waits, 0.99))} ms; ` +
        `said ${said} times in the log; normal ${Math.round(normalMs)} ms after its return`,
      reached,
    });
    expect(crowd.wrong).toEqual([]);
    expect({ notServed, opened, missing }).toEqual({ notServed: 0, opened: 0, missing: [] });
    expect(evaluated).toBeLessThanOrEqual(10);
    expect(guessed).toBeLessThanOrEqual(5);
    expect(said).toBeLessThanOrEqual(1);
    expect(normalMs).toBeLessThanOrEqual(normalWithinMs);
    expect(percentile(waits, 0.99)).toBeLessThanOrEqual(longestWaitMs);
    expect(server.child.exitCode).toBeNull();
  });
});
