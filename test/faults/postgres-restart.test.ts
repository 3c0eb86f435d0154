import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type Person, preparePeople } from '../../bench/people.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { type PostgresServer, startPostgres } from '../services/postgres.ts';
import { percentile, startCrowd, within } from './crowd.ts';
import { sideBySide } from './side-by-side.ts';

// A PostgreSQL that keeps what it promises (fsync on) is stopped as by a crash, loses all its connections, freezes, or has
// none left to give, while people register, log in, refresh and change their names. A journal of every answer decides
// afterwards what was lost. The variables named below set how often and for how long.

const restarts = size('RESTARTS', { long: 5, short: 2 });
const freezeSeconds = size('FREEZE_SECONDS', { long: 30, short: 6 });
const secret = 'Only4Tests-0123456789-abcdefghijklmnop';
const firstSuccessWithinMs = within(2_000);
const longestWaitMs = within(10_000);

const start = async (more: Record<string, string> = {}) => {
  const postgres = await startPostgres({ durable: true });
  onTestFinished(postgres.remove);
  await postgres.query('create database tegata');
  const settings = {
    TEGATA_DATA_DIR: await temporaryFolder(),
    DATABASE_URL: postgres.url('tegata'),
    TEGATA_SECRET: secret,
    LOG_LEVEL: 'fatal',
    ...more,
  };
  const file = `${settings.TEGATA_DATA_DIR}/people.json`;
  await preparePeople(settings, 12, file);
  const server = await startServerProcess(settings);
  const people: Person[] = JSON.parse(readFileSync(file, 'utf8'));
  return { postgres, server, people };
};

/** What goes wrong, and is mended when it resolves. Gives when PostgreSQL answered again. */
type Trouble = { name: string; part: string; times: number; cause: (postgres: PostgresServer) => Promise<number> };

const sudden: Trouble[] = [
  {
    name: 'crashes and comes back',
    part: 'stopped at once',
    times: restarts,
    cause: async (postgres) => {
      await postgres.stop('immediate');
      await sleep(2_000);
      await postgres.start();
      return performance.now();
    },
  },
  {
    name: 'ends all connections',
    part: 'all connections ended',
    times: restarts,
    cause: async (postgres) => {
      await postgres.query('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()');
      return performance.now();
    },
  },
];
const frozen: Trouble = {
  name: `freezes for ${freezeSeconds} s`,
  part: 'frozen',
  times: 1,
  cause: async (postgres) => {
    await postgres.freeze();
    await sleep(freezeSeconds * 1_000);
    await postgres.thaw();
    return performance.now();
  },
};

const suffer = async ({ part, times, cause }: Trouble) => {
  const { postgres, server, people } = await start();
  const crowd = startCrowd({ url: server.url, people, registering: 3, loggingIn: 1 });
  const outages: { downAt: number; upAt: number }[] = [];
  for (let each = 0; each < times; each += 1) {
    await sleep(1_500);
    const downAt = performance.now();
    outages.push({ downAt, upAt: await cause(postgres) });
  }
  await sleep(3_000);
  await crowd.stop();

  const { answers } = crowd;
  const refused = answers.filter(({ status }) => status === 503);
  const recoveries = outages.map(
    ({ upAt }) => Math.min(...answers.filter(({ at, status }) => at > upAt && status < 300).map(({ at }) => at)) - upAt,
  );
  const waits = answers.map(({ ms }) => ms);
  const emails = await postgres.query('select email from user_emails', 'tegata');
  const lost = await crowd.missing(new Set(emails.map(({ email }) => String(email))));
  const withoutRetryAfter = refused.filter(({ retryAfter }) => !(Number(retryAfter) >= 1));
  const failed = lost.length + crowd.wrong.length + crowd.broken() + withoutRetryAfter.length;
  const seconds = (answers.at(-1)!.at - answers[0]!.at) / 1000;
  figure({
    row: 'postgres',
    part,
    tried: answers.length,
    failed,
    detail:
      `${times} times under ${Math.round(answers.length / seconds)} answers a second; ${lost.length} acknowledged lost, ` +
      `${refused.length} answered 503, ${crowd.wrong.length} otherwise, ${crowd.broken()} broken; ` +
      `first success after ${recoveries.map((ms) => `${Math.round(ms)} ms`).join(', ')}; ` +
      `wait p99 ${Math.round(percentile(waits, 0.99))} ms, longest ${Math.round(Math.max(...waits))} ms`,
    reached: failed === 0 && Math.max(...recoveries) <= firstSuccessWithinMs && percentile(waits, 0.99) <= longestWaitMs,
  });

  expect(crowd.wrong).toEqual([]);
  expect(lost).toEqual([]);
  expect(crowd.broken()).toBe(0);
  expect(withoutRetryAfter).toEqual([]);
  expect(refused.length).toBeGreaterThan(0);
  expect(Math.max(...recoveries)).toBeLessThanOrEqual(firstSuccessWithinMs);
  expect(percentile(waits, 0.99)).toBeLessThanOrEqual(longestWaitMs);
  expect(Math.max(...waits)).toBeLessThanOrEqual(2 * longestWaitMs);
  expect(server.child.exitCode).toBeNull();
  expect(await server.stop()).toMatchObject({ code: 0 });
};

const haveEveryConnectionHeld = async () => {
  const pool = 4;
  const holdSeconds = size('HOLD_SECONDS', { long: 15, short: 6 });
  const { postgres, server, people } = await start({ TEGATA_DATABASE_POOL: String(pool) });
  const crowd = startCrowd({ url: server.url, people, registering: 3 });
  await sleep(1_000);
  // Whoever writes waits for this lock with a connection in hand; soon everybody else waits for a connection.
  const holder = new Client({ connectionString: postgres.url('tegata') });
  await holder.connect();
  await holder.query('begin; lock table sessions, users in access exclusive mode');
  const heldAt = performance.now();
  await sleep(holdSeconds * 1_000);
  await holder.query('commit');
  const freeAt = performance.now();
  await holder.end();
  await sleep(2_000);
  await crowd.stop();

  const { answers } = crowd;
  const meanwhile = answers.filter(({ at }) => at > heldAt && at < freeAt);
  const refused = meanwhile.filter(({ status }) => status === 503);
  const waits = answers.map(({ ms }) => ms);
  const recovered = Math.min(...answers.filter(({ at, status }) => at > freeAt && status < 300).map(({ at }) => at)) - freeAt;
  const emails = await postgres.query('select email from user_emails', 'tegata');
  const lost = await crowd.missing(new Set(emails.map(({ email }) => String(email))));
  const connections = async (state: string) => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    return Number(new RegExp(`^tegata_database_connections\\{state="${state}"\\} (\\d+)$`, 'm').exec(metrics)?.[1]);
  };
  await expect.poll(async () => (await connections('total')) - (await connections('idle'))).toBe(0);
  expect(await connections('waiting')).toBe(0);
  const leaked = await postgres.query(
    "select pid from pg_stat_activity where application_name = 'tegata' and (state like 'idle in transaction%' or wait_event_type = 'Lock')",
  );
  const failed = lost.length + crowd.wrong.length + crowd.broken() + leaked.length;
  const reached = failed === 0 && recovered <= firstSuccessWithinMs && Math.max(...waits) <= longestWaitMs;
  figure({
    row: 'postgres',
    part: 'pool exhausted',
    tried: answers.length,
    failed,
    detail:
      `${pool} connections held for ${holdSeconds} s; ${refused.length} answered 503, longest wait ${Math.round(Math.max(...waits))} ms; ` +
      `first success ${Math.round(recovered)} ms after; ${lost.length} acknowledged lost, ${leaked.length} connections leaked`,
    reached,
  });
  expect(crowd.wrong).toEqual([]);
  expect(lost).toEqual([]);
  expect(refused.length).toBeGreaterThan(0);
  expect(leaked).toEqual([]);
  expect(reached).toBe(true);
  expect(await server.stop()).toMatchObject({ code: 0 });
};

test.each(sudden.map((trouble) => [trouble.name, trouble] as const))(
  'PostgreSQL %s under load: only 503 meanwhile, nothing acknowledged is lost, and Tegata recovers by itself',
  async (_, trouble) => suffer(trouble),
);

// Nobody has much to do while these two last.
test(`PostgreSQL ${frozen.name}, and beside it one has every connection held by somebody: a wait with an end, 503, and all is there afterwards`, async () => {
  await sideBySide([() => suffer(frozen), haveEveryConnectionHeld], (work) => work());
});
