import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { seed } from '../../bench/seed.ts';
import { parse } from '../../packages/server/src/cli/transfer.ts';
import { openDatabase } from '../../packages/server/src/stores/sql/sql-stores.ts';
import { tablesToMove } from '../../packages/server/src/stores/sql/transfer/tables.ts';
import { transfer } from '../../packages/server/src/stores/sql/transfer/transfer.ts';
import { fillEveryTable } from '../rows-of-every-table.ts';
import { runTegata, startServerProcess, temporaryFolder } from '../server-process.ts';

// Moving from one file to another. PostgreSQL, Redis, kills and many people: test/faults/transfer.test.ts.

let folder = '';
let source = '';
let target = '';
beforeEach(async () => {
  folder = await temporaryFolder();
  source = `sqlite:${folder}/tegata.db`;
  target = `sqlite:${folder}/target.db`;
});

const quietly = { report: () => {}, batchRows: 7 };
const move = async (from: string, to: string) => (await transfer({ ...quietly, from, to })).tables;
const run = (...args: string[]) => runTegata(['transfer', ...args]);

const execute = (statement: string) => {
  const database = new DatabaseSync(`${folder}/tegata.db`);
  database.exec(statement);
  database.close();
};

test('every table arrives whole, with every kind of value; there and back it is still the same', async () => {
  await fillEveryTable(source, 30);
  const there = await move(source, target);
  expect(there.map(({ table }) => table)).toEqual((await tablesToMove()).map(({ name }) => name));
  for (const { source: before, target: after, isSame } of there) {
    expect({ before, isSame }).toEqual({ before: after, isSame: true });
    expect(after.rows).toBe(30);
  }
  expect(await move(target, `sqlite:${folder}/back.db`)).toEqual(there);
});

test('who was logged in refreshes on the new server, and the operator is told what to set', async () => {
  const settings = { TEGATA_DATA_DIR: folder };
  const people = await seed(settings, 5, 5);
  const { code, stdout } = await run('--from', source, '--to', target);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^sessions +5 +5 +[0-9a-f]{16} +same$/m);
  expect(stdout).toMatch(/^\d+ rows are the same on both sides \(/m);
  expect(stdout).toContain(`is in ${folder}/secret: set TEGATA_SECRET to what stands there`);
  expect(stdout).not.toContain('REDIS');
  const server = await startServerProcess({ ...settings, DATABASE_URL: target });
  for (const { refreshToken } of people) {
    const answer = await fetch(`${server.url}/api/v1/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: refreshToken }),
    });
    expect(answer.status).toBe(200);
  }
});

test('interrupted anywhere, the same call goes on, and ends with the same checksums', async () => {
  await fillEveryTable(source, 30);
  const whole = await move(source, `sqlite:${folder}/whole.db`);
  for (let tables = 1; tables < whole.length; tables += 4) {
    let left = tables;
    const report = (text: string) => {
      if (!text.endsWith('comparing')) return;
      left -= 1;
      if (left === 0) throw new Error('interrupted');
    };
    await expect(transfer({ from: source, to: target, batchRows: 7, report })).rejects.toThrow('interrupted');
  }
  const told: string[] = [];
  const last = await transfer({ from: source, to: target, batchRows: 7, report: (text) => told.push(text) });
  expect(told[0]).toMatch(/^\d+ rows are there already, from an interrupted transfer: going on behind them\.$/);
  expect(last.tables).toEqual(whole);
});

test('a target with data of its own is refused, and keeps it', async () => {
  await fillEveryTable(source, 20);
  await fillEveryTable(target, 21);
  const before = await move(target, `sqlite:${folder}/copy.db`);
  await expect(move(source, target)).rejects.toThrow(
    /holds data of its own in \w+, .* Nothing was written\. Give an empty database/,
  );
  expect(await move(target, `sqlite:${folder}/copy.db`)).toEqual(before);
});

test('a source that changed after an interruption is refused rather than mixed', async () => {
  await fillEveryTable(source, 20);
  await move(source, target);
  execute("update users set name = 'changed' where id = (select id from users limit 1)");
  await expect(move(source, target)).rejects.toThrow('holds data of its own in users');
});

test('beside a running server a dry run counts and writes nothing, and the transfer itself waits until it stops', async () => {
  const server = await startServerProcess({ TEGATA_DATA_DIR: folder });
  const to = `sqlite:${folder}/new/target.db`;
  const dry = await run('--from', source, '--to', to, '--dry-run');
  expect(dry.code).toBe(0);
  expect(dry.stdout).toMatch(/^users +0 +0$/m);
  await expect(openDatabase(to).then(({ db }) => db.selectFrom('users').execute())).rejects.toThrow();

  const refused = await run('--from', source, '--to', target);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('is in use: stop every server and tool') });
  await server.stop();
  expect((await move(source, target)).every(({ isSame }) => isSame)).toBe(true);
});

describe('sessions that go to another store', () => {
  test('are the live ones, as they are; the table stays empty, and what is there already is counted', async () => {
    const people = await seed({ TEGATA_DATA_DIR: folder }, 30, 30);
    execute(`update sessions set ended_at = 1 where id = '${people[3]!.sessionId}'`);
    execute(`update sessions set expires_at = 1 where id = '${people[4]!.sessionId}'`);
    const taken = new Map<string, unknown>();
    const adopt: NonNullable<Parameters<typeof transfer>[0]['sessionsTo']>['adopt'] = async (sessions) => {
      const added = sessions.filter(({ id }) => !taken.has(id));
      for (const session of added) taken.set(session.id, session);
      return added.length;
    };
    const call = { ...quietly, from: source, to: target, sessionsTo: { adopt } };
    const dry = await transfer({ ...call, dryRun: true });
    expect(dry.sessions).toEqual({ live: 28, there: 0, notLive: 2 });
    expect(taken.size).toBe(0);

    const moved = await transfer(call);
    expect(moved.sessions).toEqual({ live: 28, there: 0, notLive: 2 });
    expect(moved.tables.map(({ table }) => table)).not.toContain('sessions');
    const live = people.filter((_, index) => index !== 3 && index !== 4).map(({ sessionId }) => sessionId);
    expect([...taken.keys()].sort()).toEqual(live.sort());
    expect(taken.get(live[0]!)).toMatchObject({ generation: 0, endedAt: null, successorSeen: true });
    const { db, close } = await openDatabase(target);
    expect(await db.selectFrom('sessions').select('id').execute()).toEqual([]);
    await close();

    expect((await transfer(call)).sessions).toEqual({ live: 28, there: 28, notLive: 2 });
  });

  test('are refused where the target has some in its table, which would come to life again some day', async () => {
    await fillEveryTable(source, 3);
    await move(source, target);
    const call = { ...quietly, from: source, to: target, sessionsTo: { adopt: async () => 0 } };
    await expect(transfer(call)).rejects.toThrow('holds sessions in its own table. Nothing was written.');
  });
});

describe('what the operator is told', () => {
  const secret = 'pass-word-of-ada';
  const away = `postgres://ada:${secret}@127.0.0.1:1/tegata`;

  const messageOf = async (work: () => unknown): Promise<string> => {
    try {
      await work();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('it did not fail');
  };

  test.each<[string[], RegExp]>([
    [[], /--from is missing/],
    [['--from', 'sqlite:a.db'], /--to is missing/],
    [['--from', 'sqlite:a.db', '--to', 'sqlite:a.db'], /name the same database/],
    [['--from', `mysql://ada:${secret}@host/x`, '--to', 'sqlite:a.db'], /--from: give sqlite:<path> or postgres:/],
    [['--from', 'sqlite:a.db', '--to', 'sqlite::memory:'], /a database in memory/],
    [['--from', 'sqlite:a.db', `--too=${away}`], /no call of transfer/],
    [['--from', 'sqlite:a.db', '--to', 'sqlite:b.db', '--redis', `http://ada:${secret}@host`], /^--redis: give redis:/],
    [['--from', 'sqlite:a.db', '--to', 'sqlite:b.db', '--redis', `redis://ada:${secret}@host:6379/a/b`], /^--redis: give redis:/],
  ])('a wrong call says what to give, and never a password: %j', async (args, text) => {
    const message = await messageOf(() => parse(args, {}));
    expect(message).toMatch(text);
    expect(message).not.toContain(secret);
  });

  test('the prefix in Redis is the one that the server has', () => {
    const args = ['--from', 'sqlite:a.db', '--to', 'sqlite:b.db', '--redis', 'redis://host'];
    expect(parse(args, {}).redis).toEqual({ url: 'redis://host', prefix: 'tegata:' });
    expect(parse(args, { TEGATA_REDIS_PREFIX: 'mine:' }).redis).toEqual({ url: 'redis://host', prefix: 'mine:' });
    expect(() => parse(args, { TEGATA_REDIS_PREFIX: '{all}' })).toThrow(/^TEGATA_REDIS_PREFIX=\{all\}: give/);
    // It would not be used where the sessions go into the database.
    expect(parse(args.slice(0, 4), { TEGATA_REDIS_PREFIX: '{all}' }).redis).toBeUndefined();
  });

  test('an address that leads nowhere is named without its password', async () => {
    await fillEveryTable(source, 1);
    const calls: [string, string, RegExp][] = [
      [`sqlite:${folder}/nowhere.db`, target, /does not exist: give the address that the server has/],
      [source, away, /The target postgres:\/\/127\.0\.0\.1:1\/tegata cannot be used .*run the same command again/],
      [away, target, /The source postgres:\/\/127\.0\.0\.1:1\/tegata cannot be used/],
    ];
    for (const [from, to, text] of calls) {
      const message = await messageOf(() => move(from, to));
      expect(message).toMatch(text);
      expect(message).not.toContain(secret);
    }
    expect(await run('--from', source)).toMatchObject({ code: 2, stderr: expect.stringContaining('--to is missing') });
  });

  test('the schema of another release is refused', async () => {
    await fillEveryTable(source, 1);
    execute("insert into tegata_migrations (name, timestamp) values ('9999-from-the-future', '2040-01-01')");
    await expect(move(source, target)).rejects.toThrow('use that release for the transfer');
    execute("delete from tegata_migrations where name like '9999%' or name like '0002%'");
    await expect(move(source, target)).rejects.toThrow('run `tegata migrate` with DATABASE_URL set to it first');
  });
});
