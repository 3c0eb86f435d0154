import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { startPostgres } from '../services/postgres.ts';

// A PostgreSQL that keeps what it promises (fsync on) is stopped as by a crash and started again, three times, while people
// register, log in, refresh and call. A journal of every answer decides afterwards what was lost.

const password = 'correct horse battery';

type Answered = { kind: string; status: number; retryAfter: string | null; at: number; ms: number };

test('PostgreSQL crashes and comes back under load: only 503 meanwhile, nothing acknowledged is lost, and Tegata recovers by itself', async () => {
  const postgres = await startPostgres({ durable: true });
  onTestFinished(postgres.remove);
  await postgres.query('create database tegata');
  const server = await startServerProcess({
    TEGATA_DATA_DIR: await temporaryFolder(),
    DATABASE_URL: postgres.url('tegata'),
    LOG_LEVEL: 'fatal',
  });

  const answers: Answered[] = [];
  const call = async (
    kind: string,
    method: string,
    path: string,
    options: { body?: object; cookie?: string; token?: string },
  ) => {
    const startedAt = performance.now();
    const response = await fetch(server.url + path, {
      method,
      headers: {
        ...(options.body ? { 'content-type': 'application/json' } : {}),
        ...(options.cookie ? { cookie: options.cookie } : {}),
        ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      },
      ...(options.body ? { body: JSON.stringify(options.body) } : {}),
    });
    // biome-ignore lint/suspicious/noExplicitAny: whatever JSON came back.
    const body = (await response.json()) as any;
    const at = performance.now();
    answers.push({ kind, status: response.status, retryAfter: response.headers.get('retry-after'), at, ms: at - startedAt });
    const cookie = response.headers
      .getSetCookie()
      .find((set) => set.startsWith('refresh_token='))
      ?.split(';')[0];
    return { status: response.status, data: body.data, cookie };
  };

  const registeredPeople: string[] = [];
  const person = async (name: number, stop: () => boolean) => {
    const known = `known-${name}@example.com`;
    // Made while all is well, and verified behind the scenes: what is tried is what comes after.
    let session: { token: string; cookie: string } | undefined;
    for (let each = 0; !stop(); each += 1) {
      const email = `person-${name}-${each}@example.com`;
      const made = await call('register', 'POST', '/api/v1/auth/register', { body: { email, password, name: 'Ada' } });
      if (made.status === 201) registeredPeople.push(email);
      if (!session) {
        const entered = await call('log in', 'POST', '/api/v1/auth/login', { body: { email: known, password } });
        if (entered.status === 200 && entered.cookie) session = { token: entered.data.access_token, cookie: entered.cookie };
        continue;
      }
      await call('me', 'GET', '/api/v1/me', { token: session.token });
      const next = await call('refresh', 'POST', '/api/v1/auth/refresh', { cookie: session.cookie });
      if (next.status === 200 && next.cookie) session = { token: next.data.access_token, cookie: next.cookie };
      if (each % 3 === 2) {
        const entered = await call('log in', 'POST', '/api/v1/auth/login', { body: { email: known, password } });
        if (entered.status === 200 && entered.cookie) session = { token: entered.data.access_token, cookie: entered.cookie };
      }
    }
    return { known, session };
  };

  const everybody = [0, 1, 2, 3];
  for (const name of everybody) {
    const body = { email: `known-${name}@example.com`, password, name: 'Ada' };
    expect((await call('register', 'POST', '/api/v1/auth/register', { body })).status).toBe(201);
  }
  await postgres.query('insert into active_users select id, 0 from users; update users set inactive_reason = null', 'tegata');

  let stopped = false;
  const running = everybody.map((name) => person(name, () => stopped));
  const outages: { downAt: number; upAt: number }[] = [];
  for (let each = 0; each < 3; each += 1) {
    await sleep(1_500);
    const downAt = performance.now();
    await postgres.stop('immediate');
    await sleep(2_000);
    await postgres.start();
    outages.push({ downAt, upAt: performance.now() });
  }
  await sleep(2_000);
  stopped = true;
  const sessions = await Promise.all(running);

  const whileDown = answers.filter(({ at }) => outages.some(({ downAt, upAt }) => at > downAt && at < upAt));
  const refused = answers.filter(({ status }) => status >= 400);
  const recoveries = outages.map(
    ({ upAt }) => Math.min(...answers.filter(({ at, status }) => at > upAt && status < 300).map(({ at }) => at)) - upAt,
  );
  const stored = await postgres.query('select email from user_emails', 'tegata');
  const emails = new Set(stored.map(({ email }) => email));
  const lost = registeredPeople.filter((email) => !emails.has(email));
  // biome-ignore lint/suspicious/noConsole: the figures are what this test is for.
  console.log(
    `postgres restart: ${answers.length} answers, ${refused.length} of them 503; ${whileDown.length} while down; ` +
      `recovered after ${recoveries.map((ms) => `${Math.round(ms)} ms`).join(', ')}; ` +
      `${registeredPeople.length} registrations acknowledged, ${lost.length} lost; ` +
      `slowest answer ${Math.round(Math.max(...answers.map(({ ms }) => ms)))} ms`,
  );

  expect(new Set(refused.map(({ kind, status }) => `${kind} ${status}`))).toEqual(
    new Set(refused.map(({ kind }) => `${kind} 503`)),
  );
  expect(refused.length).toBeGreaterThan(0);
  for (const { retryAfter } of refused) expect(Number(retryAfter)).toBeGreaterThanOrEqual(1);
  for (const ms of recoveries) expect(ms).toBeLessThan(5_000);
  expect(lost).toEqual([]);
  // Nobody was signed out by it: the last refresh token that was acknowledged still works.
  for (const { session } of sessions) {
    expect((await call('refresh', 'POST', '/api/v1/auth/refresh', { cookie: session!.cookie })).status).toBe(200);
  }
  expect(server.child.exitCode).toBeNull();
  expect(await server.stop()).toMatchObject({ code: 0 });
});
