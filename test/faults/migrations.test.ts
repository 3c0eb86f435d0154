import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { runTegata, temporaryFolder } from '../server-process.ts';
import { startPostgres } from '../services/postgres.ts';
import { sideBySide } from './side-by-side.ts';

// Two processes find the same empty database at the same moment, as two nodes of a first rollout do. STARTS sets how often.

const starts = size('STARTS', { long: 25, short: 3 });

/** A new database: the settings that lead to it, and the migrations it says it has. */
type Fresh = { settings: Record<string, string>; applied: () => Promise<string[]> };

const sqlite = async (): Promise<(round: number) => Promise<Fresh>> => {
  const folder = await temporaryFolder();
  return async (round) => {
    const file = `${folder}/round-${round}.db`;
    const applied = async () => {
      const database = new DatabaseSync(file, { readOnly: true });
      const rows = database.prepare('select name from tegata_migrations order by name').all();
      database.close();
      return rows.map(({ name }) => String(name));
    };
    return { settings: { TEGATA_DATA_DIR: folder, DATABASE_URL: `sqlite:${file}` }, applied };
  };
};

const postgres = async (): Promise<(round: number) => Promise<Fresh>> => {
  const [folder, server] = [await temporaryFolder(), await startPostgres()];
  onTestFinished(server.remove);
  return async (round) => {
    const name = `round_${round}`;
    await server.query(`create database ${name}`);
    const applied = async () => {
      const rows = await server.query('select name from tegata_migrations order by name', name);
      return rows.map((row) => String(row.name));
    };
    return { settings: { TEGATA_DATA_DIR: folder, DATABASE_URL: server.url(name) }, applied };
  };
};

const databases = [
  { name: 'SQLite', open: sqlite },
  { name: 'PostgreSQL', open: postgres },
];

test('two processes that migrate the same new database at once both end well, and each migration happens once', async () => {
  await sideBySide(databases, async ({ name, open }) => {
    const fresh = await open();
    let failed = 0;
    let shared = 0;
    let expected: string[] | undefined;
    for (let round = 0; round < starts; round += 1) {
      const { settings, applied } = await fresh(round);
      const both = await Promise.all([runTegata(['migrate'], settings), runTegata(['migrate'], settings)]);
      const after = await applied();
      expected ??= after;
      const isRight = both.every(({ code }) => code === 0) && after.length > 0 && after.join() === expected.join();
      if (!isRight) failed += 1;
      // One of them came first, and did all of it.
      const told = both.map(({ stdout }) => after.filter((migration) => stdout.includes(migration)).length);
      if (told[0] !== 0 && told[1] !== 0) shared += 1;
      expect({ round, codes: both.map(({ code }) => code), errors: both.map(({ stderr }) => stderr), after }).toEqual({
        round,
        codes: [0, 0],
        errors: ['', ''],
        after: expected,
      });
    }
    figure({
      row: 'migrations',
      part: name,
      tried: starts,
      failed: failed + shared,
      detail: `two processes each time, ${expected?.length} migrations; ${shared} times both claimed one`,
      reached: failed + shared === 0,
    });
    expect(shared).toBe(0);
  });
});
