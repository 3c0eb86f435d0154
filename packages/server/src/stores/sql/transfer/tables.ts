/**
 * What a transfer moves: every table of the schema, found by making the schema and looking at it. A table that a later
 * migration adds is moved without anybody thinking of it; what stays behind is named here.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../database.ts';
import { migrateToLatest } from '../migrate.ts';
import { openSqlite } from '../sqlite.ts';

export type Table = { name: string; columns: readonly string[]; key: readonly string[] };

/** By name, with the reason. */
export const leftBehind: Readonly<Record<string, string>> = {
  tegata_migrations: 'each database keeps its own record of its schema',
  tegata_migration_lock: 'belongs to the migrations of its database',
  leases: 'names processes of the old server that are gone; the new one takes its own',
};

/** Parents before children, so that every foreign key finds its row. */
export const tablesToMove = async (): Promise<Table[]> => {
  // The migrations make the same tables on every database.
  const { db, close } = await openSchema();
  try {
    const found = await sql<{ name: string }>`
      select name from sqlite_master where type = 'table' and name not like 'sqlite%' order by name`.execute(db);
    const names = found.rows.map(({ name }) => name).filter((name) => !Object.hasOwn(leftBehind, name));
    const parents = new Map(await Promise.all(names.map(async (name) => [name, await parentsOf(db, name)] as const)));
    return await Promise.all(parentsFirst(parents).map((name) => describe(db, name)));
  } finally {
    await close();
  }
};

const openSchema = async () => {
  const database = await openSqlite(':memory:');
  await migrateToLatest(database);
  return database;
};

const describe = async (db: Kysely<Database>, name: string): Promise<Table> => {
  const { rows } = await sql<{ name: string; pk: number }>`select name, pk from pragma_table_info(${name})`.execute(db);
  const key = rows.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  if (key.length === 0) throw new Error(`the table ${name} has no primary key: it cannot be moved in batches`);
  return { name, columns: rows.map((column) => column.name), key: key.map((column) => column.name) };
};

const parentsOf = async (db: Kysely<Database>, name: string): Promise<string[]> => {
  const { rows } = await sql<{ table: string }>`select "table" from pragma_foreign_key_list(${name})`.execute(db);
  return rows.map(({ table }) => table).filter((table) => table !== name);
};

const parentsFirst = (parents: ReadonlyMap<string, readonly string[]>): string[] => {
  const ordered: string[] = [];
  while (ordered.length < parents.size) {
    const next = [...parents].find(([name, above]) => !ordered.includes(name) && above.every((one) => ordered.includes(one)));
    if (!next) throw new Error('the foreign keys of the schema go round in a circle');
    ordered.push(next[0]);
  }
  return ordered;
};
