import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { seed } from '../../bench/seed.ts';
import { spawnTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { startPostgres } from '../services/postgres.ts';
import { seededRandom } from './seeded-random.ts';

// Everybody moves from a file to PostgreSQL, and the transfer dies with kill -9 on the way. PEOPLE sets how many there
// are, KILLS how often it dies, SEED when.

const people = Number(process.env.PEOPLE ?? 100_000);
const kills = Number(process.env.KILLS ?? 3);
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
