import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { migrateToLatest } from '../migrate.ts';
import { openSqlite } from '../sqlite.ts';
import { leftBehind, tablesToMove } from './tables.ts';

const schema = async () => {
  const database = await openSqlite(':memory:');
  await migrateToLatest(database);
  const { rows } = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(database.db);
  const names = rows.map(({ name }) => name).filter((name) => !name.startsWith('sqlite_'));
  const references = await sql<{ child: string; parent: string }>`
    select t.name as child, f."table" as parent from sqlite_master t, pragma_foreign_key_list(t.name) f where t.type = 'table'`.execute(
    database.db,
  );
  await database.close();
  return { names, references: references.rows };
};

test('every table of the schema is moved, or left behind for a reason; nothing else is named', async () => {
  const moved = (await tablesToMove()).map(({ name }) => name);
  expect([...moved, ...Object.keys(leftBehind)].sort()).toEqual((await schema()).names.sort());
  expect(Object.values(leftBehind).every((reason) => reason.length > 20)).toBe(true);
});

test('a row is moved after those that it refers to', async () => {
  const moved = (await tablesToMove()).map(({ name }) => name);
  const { references } = await schema();
  expect(references.length).toBeGreaterThan(0);
  for (const { child, parent } of references) {
    expect(moved.indexOf(parent), `${child} refers to ${parent}`).toBeLessThan(moved.indexOf(child));
  }
});

test('each table has its columns and a key to read it by', async () => {
  const tables = await tablesToMove();
  for (const { key, columns } of tables) {
    expect(key.length).toBeGreaterThan(0);
    expect(columns).toEqual(expect.arrayContaining([...key]));
  }
  expect(tables.find(({ name }) => name === 'lockouts')?.key).toEqual(['subject', 'source']);
});
