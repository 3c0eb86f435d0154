import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { seed } from '../../bench/seed.ts';
import type { Session } from '../../packages/core/src/index.ts';
import { openDatabase } from '../../packages/server/src/stores/sql/sql-stores.ts';
import { tablesToMove } from '../../packages/server/src/stores/sql/transfer/tables.ts';
import { transfer } from '../../packages/server/src/stores/sql/transfer/transfer.ts';
import { openBackend } from '../backend.ts';
import { fillEveryTable } from '../rows-of-every-table.ts';
import { runTegata, spawnTegata, startServerProcess, temporaryFolder } from '../server-process.ts';

// Moving to another database of each kind: SQLite to SQLite in project unit, to PostgreSQL and back in project postgres.

vi.setConfig({ testTimeout: 120_000 });

/** The address of a database that does not exist or is empty. */
const emptyTarget = async (): Promise<string> => {
  const { settings, release } = await openBackend();
  onTestFinished(release);
  return settings.DATABASE_URL ?? `sqlite:${await temporaryFolder()}/target.db`;
};

const run = (from: string, to: string, ...more: string[]) => runTegata(['transfer', '--from', from, '--to', to, ...more]);

/** What a finished transfer said about each table: rows on both sides, checksum and verdict. */
const linesOf = (stdout: string) =>
  [...stdout.matchAll(/^(\w+) +(\d+) +(\d+) +([0-9a-f]{16}) +(.*)$/gm)].map(([, table, source, target, checksum, verdict]) => ({
    table,
    source: Number(source),
    target: Number(target),
    checksum,
    verdict,
  }));

let folder = '';
let source = '';
beforeEach(async () => {
  folder = await temporaryFolder();
  source = `sqlite:${folder}/tegata.db`;
});

test('every table arrives whole, with every kind of value; there and back it is still the same', async () => {
  await fillEveryTable(source, 300);
  const target = await emptyTarget();
  const there = await run(source, target);
  expect(there).toMatchObject({ code: 0 });
  const tables = (await tablesToMove()).map(({ name }) => name);
  expect(linesOf(there.stdout).map(({ table }) => table)).toEqual(tables);
  for (const line of linesOf(there.stdout)) expect(line).toMatchObject({ source: 300, target: 300, verdict: 'same' });
  expect(there.stdout).toContain(`${300 * tables.length} rows are the same on both sides`);

  const back = await run(target, `sqlite:${folder}/back.db`);
  expect(back).toMatchObject({ code: 0 });
  expect(linesOf(back.stdout)).toEqual(linesOf(there.stdout));
});

test('who was logged in refreshes on the new server, and nobody has to log in again', async () => {
  const settings = { TEGATA_DATA_DIR: folder };
  const people = await seed(settings, 50, 50);
  const target = await emptyTarget();
  const { code, stdout } = await run(source, target);
  expect(code).toBe(0);
  expect(stdout).toContain(`is in ${folder}/secret: set TEGATA_SECRET to what stands there`);
  const server = await startServerProcess({ ...settings, DATABASE_URL: target });
  const statuses = await Promise.all(
    people.map(async ({ refreshToken }) => {
      const answer = await fetch(`${server.url}/api/v1/auth/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: refreshToken }),
      });
      return answer.status;
    }),
  );
  expect(statuses).toEqual(people.map(() => 200));
});

test('killed at any moment, the same call goes on, and ends with the same checksums', async () => {
  await fillEveryTable(source, 3_000);
  const whole = await run(source, `sqlite:${folder}/whole.db`);
  expect(whole.code).toBe(0);
  const target = await emptyTarget();
  let resumed = 0;
  for (let kills = 0; kills < 4; kills += 1) {
    const running = spawnTegata(['transfer', '--from', source, '--to', target]);
    // After the start of node, and a different number of tables later each time.
    const seen = () => running.stderr().match(/comparing/g)?.length ?? 0;
    running.child.stderr?.on('data', () => {
      if (seen() > 2 * kills) running.child.kill('SIGKILL');
    });
    const { signal, stderr } = await running.finished;
    if (/from an interrupted transfer/.test(stderr)) resumed += 1;
    expect(signal).toBe('SIGKILL');
  }
  const last = await run(source, target);
  expect(last.code).toBe(0);
  expect(last.stderr).toContain('from an interrupted transfer: going on behind them');
  expect(resumed).toBeGreaterThan(0);
  expect(linesOf(last.stdout)).toEqual(linesOf(whole.stdout));
});

test('a target with data of its own is refused, and keeps it', async () => {
  await fillEveryTable(source, 20);
  const target = await emptyTarget();
  await fillEveryTable(target, 21);
  const before = await transfer({ from: target, to: `sqlite:${folder}/copy.db`, report: () => {} });
  const { code, stdout, stderr } = await run(source, target);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/holds data of its own in \w+, .* Nothing was written\. Give an empty database/);
  expect(await transfer({ from: target, to: `sqlite:${folder}/copy.db`, report: () => {} })).toEqual(before);
});

test('a source that changed after an interruption is refused rather than mixed', async () => {
  await fillEveryTable(source, 20);
  const target = await emptyTarget();
  expect((await run(source, target)).code).toBe(0);
  const database = new DatabaseSync(`${folder}/tegata.db`);
  database.exec("update users set name = 'changed' where id = (select id from users limit 1)");
  database.close();
  expect(await run(source, target)).toMatchObject({ code: 1, stderr: expect.stringContaining('holds data of its own in users') });
});

test('a dry run counts and writes nothing, also beside a running server', async () => {
  const server = await startServerProcess({ TEGATA_DATA_DIR: folder });
  const target = `sqlite:${folder}/new/target.db`;
  const { code, stdout } = await run(source, target, '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^users +0 +0$/m);
  await expect(openDatabase(target).then(({ db }) => db.selectFrom('users').execute())).rejects.toThrow();
  await server.stop();
});

test('live sessions are given to a store beside the tables, and ended or expired ones are not', async () => {
  const people = await seed({ TEGATA_DATA_DIR: folder }, 30, 30);
  const database = new DatabaseSync(`${folder}/tegata.db`);
  const change = (assignment: string, index: number) =>
    database.prepare(`update sessions set ${assignment} where id = ?`).run(people[index]!.sessionId);
  change('ended_at = 1', 3);
  change('expires_at = 1', 4);
  database.close();
  const loaded: Session[] = [];
  await transfer({
    from: source,
    to: await emptyTarget(),
    batchRows: 7,
    report: () => {},
    loadSessions: async (sessions) => void loaded.push(...sessions),
  });
  const live = people.filter((_, index) => index !== 3 && index !== 4).map(({ sessionId }) => sessionId);
  expect(loaded.map(({ id }) => id).sort()).toEqual(live.sort());
  expect(loaded[0]).toMatchObject({ generation: 0, endedAt: null, successorSeen: true });
});

describe('what the operator is told', () => {
  test('a source that a server has open is refused until the server stops', async () => {
    const server = await startServerProcess({ TEGATA_DATA_DIR: folder });
    const target = `sqlite:${folder}/target.db`;
    const { code, stderr } = await run(source, target);
    expect(code).toBe(1);
    expect(stderr).toContain('is in use: stop every server and tool that has it open');
    await server.stop();
    expect((await run(source, target)).code).toBe(0);
  });

  test('wrong calls and addresses say what to give, and never a password', async () => {
    const secret = 'pass-word-of-ada';
    const away = `postgres://ada:${secret}@127.0.0.1:1/tegata`;
    await fillEveryTable(source, 1);
    const calls: [string[], number, RegExp][] = [
      [[], 2, /--from is missing/],
      [['--from', source], 2, /--to is missing/],
      [['--from', source, '--to', source], 2, /name the same database/],
      [['--from', `mysql://ada:${secret}@host/x`, '--to', source], 2, /--from: give sqlite:<path> or postgres:/],
      [['--from', source, '--to', 'sqlite::memory:'], 2, /a database in memory/],
      [['--from', source, `--too=${away}`], 2, /no call of transfer/],
      [
        ['--from', `sqlite:${folder}/nowhere.db`, '--to', `sqlite:${folder}/b.db`],
        1,
        /does not exist: give the address that the server has/,
      ],
      [
        ['--from', source, '--to', away],
        1,
        /The target postgres:\/\/127\.0\.0\.1:1\/tegata cannot be used .*run the same command again/,
      ],
      [['--from', away, '--to', `sqlite:${folder}/b.db`], 1, /The source postgres:\/\/127\.0\.0\.1:1\/tegata cannot be used/],
    ];
    for (const [args, code, text] of calls) {
      const finished = await runTegata(['transfer', ...args]);
      expect(finished.code, args.join(' ')).toBe(code);
      expect(finished.stderr).toMatch(text);
      expect(finished.stdout + finished.stderr).not.toContain(secret);
    }
  });

  test('the schema of another release is refused', async () => {
    await fillEveryTable(source, 1);
    const database = new DatabaseSync(`${folder}/tegata.db`);
    database.exec("insert into tegata_migrations (name, timestamp) values ('9999-from-the-future', '2040-01-01')");
    expect(await run(source, `sqlite:${folder}/b.db`)).toMatchObject({ code: 1 });
    database.exec("delete from tegata_migrations where name like '9999%' or name like '0002%'");
    database.close();
    const older = await run(source, `sqlite:${folder}/b.db`);
    expect(older).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('run `tegata migrate` with DATABASE_URL set to it first'),
    });
  });
});
