/**
 * Brings a database to the newest schema, at every start and from the command line. Kysely's Migrator keeps the record,
 * in tables of our own names so that an application that embeds Tegata can have its own migrations beside ours.
 */
import { Unavailable } from '@tegata/core';
import { type Migration, type MigrationResult, Migrator, sql } from 'kysely';
import type { SqlDatabase } from './database.ts';
import { initial } from './migrations/0001-initial.ts';
import { organizations } from './migrations/0002-organizations.ts';
import { nodes } from './migrations/0003-nodes.ts';
import { signingKeys } from './migrations/0004-signing-keys.ts';
import { connections } from './migrations/0005-connections.ts';
import { services } from './migrations/0006-services.ts';
import { revocations } from './migrations/0007-revocations.ts';
import { revocationsByUser } from './migrations/0008-revocations-by-user.ts';
import { mailByRecipient } from './migrations/0009-mail-by-recipient.ts';
import { roomForRefreshes } from './migrations/0010-room-for-refreshes.ts';

/** Imported rather than read from a folder, so that a bundled or compiled server has them too. Append only. */
const migrations: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-organizations': organizations,
  '0003-nodes': nodes,
  '0004-signing-keys': signingKeys,
  '0005-connections': connections,
  '0006-services': services,
  '0007-revocations': revocations,
  '0008-revocations-by-user': revocationsByUser,
  '0009-mail-by-recipient': mailByRecipient,
  '0010-room-for-refreshes': roomForRefreshes,
};

const migrationTable = 'tegata_migrations';

const createMigrator = (db: SqlDatabase['db']): Migrator =>
  new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableName: migrationTable,
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
    if (error) throw nameOf(results, error);
    return results.map((result) => result.migrationName);
  });
};

/** An operator has to know which one it was; that the database is away says itself. */
const nameOf = (results: readonly MigrationResult[], error: unknown): unknown => {
  const failed = results.find(({ status }) => status === 'Error');
  if (failed === undefined || error instanceof Unavailable) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new Error(`Migration ${failed.migrationName} failed, and nothing of it remains: ${why}`, { cause: error });
};

const isUpToDate = async (db: SqlDatabase['db']): Promise<boolean> =>
  (await createMigrator(db).getMigrations()).every((migration) => migration.executedAt !== undefined);

/** What an open database lacks of this release's schema, and what it has of a later one. */
export const schemaState = async (db: SqlDatabase['db']): Promise<{ missing: string[]; unknown: string[] }> => {
  const known = await createMigrator(db).getMigrations();
  const missing = known.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
  if (missing.length === known.length) return { missing, unknown: [] };
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(migrationTable)} order by name`.execute(db);
  return { missing, unknown: rows.map(({ name }) => name).filter((name) => !Object.hasOwn(migrations, name)) };
};
