/**
 * Brings a database to the newest schema, at every start and from the command line. Kysely's Migrator keeps the record,
 * in tables of our own names so that an application that embeds Tegata can have its own migrations beside ours.
 */
import { type Migration, Migrator } from 'kysely';
import type { SqlDatabase } from './database.ts';
import { initial } from './migrations/0001-initial.ts';
import { organizations } from './migrations/0002-organizations.ts';
import { nodes } from './migrations/0003-nodes.ts';

/** Imported rather than read from a folder, so that a bundled or compiled server has them too. Append only. */
const migrations: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-organizations': organizations,
  '0003-nodes': nodes,
};

const createMigrator = (db: SqlDatabase['db']): Migrator =>
  new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableName: 'tegata_migrations',
    migrationLockTableName: 'tegata_migration_lock',
  });

/**
 * Applies what is missing, in one piece and by one process only, however many start at once. A database that has our
 * migrations and newer ones is left alone: the previous release may start again on the schema of the next.
 *
 * @returns The names of the migrations that this call applied.
 * @throws Unavailable when the database is; anything else is a migration that failed and left nothing behind.
 */
export const migrateToLatest = async (database: SqlDatabase): Promise<string[]> => {
  if (await isUpToDate(database.db)) return [];
  return database.migrateAlone(async (db) => {
    if (await isUpToDate(db)) return [];
    const { error, results = [] } = await createMigrator(db).migrateToLatest();
    if (error) throw error;
    return results.map((result) => result.migrationName);
  });
};

const isUpToDate = async (db: SqlDatabase['db']): Promise<boolean> =>
  (await createMigrator(db).getMigrations()).every((migration) => migration.executedAt !== undefined);
