import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { type Seeded, seed } from '../../bench/seed.ts';
import { tablesToMove } from '../../packages/server/src/stores/sql/transfer/tables.ts';
import { transfer } from '../../packages/server/src/stores/sql/transfer/transfer.ts';
import { fillEveryTable } from '../rows-of-every-table.ts';
import { size } from '../scorecard/size.ts';
import { runTegata, spawnTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { startPostgres } from '../services/postgres.ts';
import { startRedis } from '../services/redis.ts';
import { seededRandom } from './seeded-random.ts';

// Everybody moves from a file to PostgreSQL, and the transfer dies with kill -9 on the way. PEOPLE sets how many there
// are, KILLS how often it dies, SEED when.

const people = size('PEOPLE', { long: 20_000, short: 5_000 });
const kills = size('TRANSFER_KILLS', { long: 3, short: 2 });
const seedNumber = Number(process.env.SEED ?? Date.now() % 1_000_000);

const checksums = (stdout: string) => [...stdout.matchAll(/^(\w+ +\d+ +\d+ +[0-9a-f]{16}) +same$/gm)].map(([, line]) => line);

test(`${people} people with live sessions move to PostgreSQL, through ${kills} kills, and stay logged in`, {
  timeout: 1_800_000,
}, async () => {
  const folder = await temporaryFolder();
  const settings = { TEGATA_DATA_DIR: folder, TEGATA_SECRET: 'Only4Tests-0123456789-abcdefghijklmnop' };
  const postgres = await startPostgres({ durable: true });
  onTestFinished(() => postgres.remove());
  await postgres.query('create database whole');
  await postgres.query('create database resumed');
  const startedSeeding = performance.now();
  const everybody = await seed(settings, people, people);
  const seedSeconds = (performance.now() - startedSeeding) / 1000;
  const from = `sqlite:${folder}/tegata.db`;
  const call = (to: string) => spawnTegata(['transfer', '--from', from, '--to', to]);

  const startedAt = performance.now();
  const running = call(postgres.url('whole'));
  const whole = await running.finished;
  const seconds = (performance.now() - startedAt) / 1000;
  expect(whole).toMatchObject({ code: 0 });
  const rows = Number(/^(\d+) rows are the same/m.exec(whole.stdout)?.[1]);
  expect(rows).toBeGreaterThanOrEqual(6 * people);

  const random = seededRandom(seedNumber);
  for (let killed = 0; killed < kills; killed += 1) {
    const dying = call(postgres.url('resumed'));
    // Anywhere in its own time, the start and the comparisons included.
    const timer = setTimeout(() => dying.child.kill('SIGKILL'), random() * seconds * 1000 * 0.6);
    await dying.finished;
    clearTimeout(timer);
  }
  const resumedAt = performance.now();
  const last = await call(postgres.url('resumed')).finished;
  const resumedSeconds = (performance.now() - resumedAt) / 1000;
  expect(last).toMatchObject({ code: 0 });
  expect(checksums(last.stdout)).toEqual(checksums(whole.stdout));
  expect(checksums(last.stdout).length).toBeGreaterThan(10);

  // The old file is not needed any more: whoever was logged in goes on, on the new server.
  const server = await startServerProcess({
    ...settings,
    TEGATA_DATA_DIR: `${folder}/new`,
    DATABASE_URL: postgres.url('resumed'),
  });
  const chosen = Array.from({ length: 200 }, () => everybody[Math.floor(random() * everybody.length)]!);
  const statuses = new Map<number, number>();
  for (const { refreshToken } of new Set(chosen)) {
    const answer = await fetch(`${server.url}/api/v1/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: refreshToken }),
    });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  }
  expect([...statuses.keys()]).toEqual([200]);
  expect((await server.stop()).code).toBe(0);

  const source = new DatabaseSync(`${folder}/tegata.db`, { readOnly: true });
  expect(source.prepare('pragma quick_check').get()).toEqual({ quick_check: 'ok' });
  source.close();
  // biome-ignore lint/suspicious/noConsole: the figures are part of what this test is for.
  console.info(
    `SEED=${seedNumber}: ${people} people made in ${seedSeconds.toFixed(1)} s; ${rows} rows moved and compared in ` +
      `${seconds.toFixed(1)} s, ${Math.round(rows / seconds)} rows/s; after ${kills} kills the last call took ` +
      `${resumedSeconds.toFixed(1)} s; ${statuses.get(200)} sessions refreshed, 0 refused`,
  );
});

const secretOfTests = 'Only4Tests-0123456789-abcdefghijklmnop';

/** Asks for the next pair with the token; gives the answer's status. */
const refresh = async (server: { url: string }, { refreshToken }: Pick<Seeded, 'refreshToken'>): Promise<number> => {
  const answer = await fetch(`${server.url}/api/v1/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: refreshToken }),
  });
  return answer.status;
};

test('every table arrives whole on PostgreSQL, with every kind of value; there and back it is still the same', async () => {
  const folder = await temporaryFolder();
  const postgres = await startPostgres();
  onTestFinished(() => postgres.remove());
  await postgres.query('create database target');
  const quietly = { report: () => {}, batchRows: 70 };
  await fillEveryTable(`sqlite:${folder}/tegata.db`, 300);
  const there = await transfer({ ...quietly, from: `sqlite:${folder}/tegata.db`, to: postgres.url('target') });
  expect(there.tables.map(({ table }) => table)).toEqual((await tablesToMove()).map(({ name }) => name));
  for (const { target, isSame } of there.tables) expect({ rows: target.rows, isSame }).toEqual({ rows: 300, isSame: true });
  const back = await transfer({ ...quietly, from: postgres.url('target'), to: `sqlite:${folder}/back.db` });
  expect(back).toEqual(there);
});

test('killed at any moment between two files, the same call goes on, and ends with the same checksums', async () => {
  const folder = await temporaryFolder();
  await fillEveryTable(`sqlite:${folder}/tegata.db`, 3_000);
  const call = (to: string) =>
    spawnTegata(['transfer', '--from', `sqlite:${folder}/tegata.db`, '--to', `sqlite:${folder}/${to}.db`]);
  const whole = await call('whole').finished;
  expect(whole.code).toBe(0);
  let resumed = 0;
  for (let killed = 0; killed < 4; killed += 1) {
    const running = call('resumed');
    // After the start of node, and a different number of tables later each time.
    const seen = () => running.stderr().match(/comparing/g)?.length ?? 0;
    running.child.stderr?.on('data', () => {
      if (seen() > 2 * killed) running.child.kill('SIGKILL');
    });
    const { signal, stderr } = await running.finished;
    if (/from an interrupted transfer/.test(stderr)) resumed += 1;
    expect(signal).toBe('SIGKILL');
  }
  const last = await call('resumed').finished;
  expect(last.code).toBe(0);
  expect(last.stderr).toContain('from an interrupted transfer: going on behind them');
  expect(resumed).toBeGreaterThan(0);
  expect(checksums(last.stdout)).toEqual(checksums(whole.stdout));
});

test('people who are logged in on a file go on with their sessions in Redis, and a repeated transfer takes nothing back', async () => {
  const folder = await temporaryFolder();
  const [postgres, redis] = [await startPostgres(), await startRedis({ password: 'secret-of-redis' })];
  onTestFinished(async () => {
    await postgres.remove();
    await redis.stop();
  });
  await postgres.query('create database target');
  const settings = { TEGATA_DATA_DIR: folder, TEGATA_SECRET: secretOfTests };
  const everybody = await seed(settings, 2_500, 2_500);
  const [ended, ...logged] = everybody as [Seeded, ...Seeded[]];
  const file = new DatabaseSync(`${folder}/tegata.db`);
  file.prepare('update sessions set ended_at = 1, end_reason = ? where id = ?').run('logged_out', ended.sessionId);
  file.close();

  const environment = { TEGATA_REDIS_PREFIX: 'moved:' };
  const args = ['transfer', '--from', `sqlite:${folder}/tegata.db`, '--to', postgres.url('target'), '--redis', redis.url];
  const told: string[] = [];
  const call = async (...more: string[]) => {
    const finished = await runTegata([...args, ...more], environment);
    expect(finished.stdout + finished.stderr).not.toContain('secret-of-redis');
    told.push(finished.stdout);
    return finished.code;
  };
  const where = `Redis at 127.0.0.1:${redis.port}, prefix moved:`;
  const past = '; 1 that had ended or expired are left behind.';
  expect(await call('--dry-run')).toBe(0);
  expect(told.at(-1)).toContain(`sessions: 2499 live ones would go to ${where}${past}`);

  // The process dies while it gives Redis its sessions, or a little before or after.
  const dying = spawnTegata(args, environment);
  dying.child.stderr?.on('data', () => {
    if (/users: /.test(dying.stderr())) dying.child.kill('SIGKILL');
  });
  await dying.finished;
  expect(await call()).toBe(0);
  expect(told.at(-1)).toContain(`sessions: 2499 live ones are in ${where}`);
  expect(told.at(-1)).not.toMatch(/^sessions +\d/m);
  expect(told.at(-1)).toContain('Set REDIS_URL and TEGATA_SESSION_STORE=redis too');

  const server = await startServerProcess({
    ...settings,
    ...environment,
    TEGATA_DATA_DIR: `${folder}/new`,
    DATABASE_URL: postgres.url('target'),
    REDIS_URL: redis.url,
    TEGATA_SESSION_STORE: 'redis',
  });
  for (const person of logged.slice(0, 100)) expect(await refresh(server, person)).toBe(200);
  expect(await refresh(server, ended)).toBe(401);
  expect(await postgres.query('select id from sessions', 'target')).toEqual([]);

  // Whoever refreshed on the new server holds the next token: an older state would take it for a stolen one.
  expect(await call()).toBe(0);
  expect(told.at(-1)).toContain(`sessions: 2499 live ones are in ${where} (2499 were there already)${past}`);
  for (const person of logged.slice(100, 200)) expect(await refresh(server, person)).toBe(200);
  expect((await server.stop()).code).toBe(0);
});

test('a Redis that is away is named without its password, before anything is written', async () => {
  const folder = await temporaryFolder();
  await fillEveryTable(`sqlite:${folder}/tegata.db`, 1);
  const [from, to] = [`sqlite:${folder}/tegata.db`, `sqlite:${folder}/target.db`];
  const finished = await runTegata([
    'transfer',
    '--from',
    from,
    '--to',
    to,
    '--redis',
    'redis://ada:pass-word-of-ada@127.0.0.1:1',
  ]);
  expect(finished).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('Redis at 127.0.0.1:1, prefix tegata:'),
  });
  expect(finished.stderr).not.toContain('pass-word-of-ada');
  expect(() => new DatabaseSync(`${folder}/target.db`, { readOnly: true })).toThrow();
});
