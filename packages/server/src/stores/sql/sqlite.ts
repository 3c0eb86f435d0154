/**
 * SQLite through Node's own `node:sqlite`: no dependency to compile. There is one connection, and every query waits for
 * the one before it.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Unavailable } from '@tegata/core';
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely';
import type { AroundDriver, Database, SqlDatabase } from './database.ts';
import { createSqliteDriver, unflushedMark, waitWhileBusy } from './sqlite-driver.ts';

/**
 * The file that `sqlite:./path/file.db` names, relative to the working directory, or `:memory:`.
 * @throws Error when there is no path behind `sqlite:`.
 */
export const sqlitePath = (url: string): string => {
  const path = url.replace(/^sqlite:/, '');
  if (path === '') throw new Error('a SQLite database is named sqlite:<file> or sqlite::memory:');
  return path;
};

/**
 * Opens the file, and makes it and its folder when they are missing, readable for their owner only.
 *
 * @param busyTimeoutMs How long a statement waits for another connection or process that is writing.
 * @param isExclusive Nobody else may have the file open, from here to the end: refused as busy when somebody has.
 * @throws Unavailable when the file cannot be opened.
 */
export const openSqlite = async (
  path: string,
  {
    busyTimeoutMs = 5_000,
    isExclusive = false,
    around = (driver) => driver,
  }: { busyTimeoutMs?: number; isExclusive?: boolean; around?: AroundDriver | undefined } = {},
): Promise<SqlDatabase> => {
  const connection = await openConnection(path, busyTimeoutMs, isExclusive ? `${exclusive}${settings}` : settings);
  const db = new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => around(createSqliteDriver(connection, busyTimeoutMs)),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  return {
    db,
    // One writer at a time: `begin immediate` has already made everybody else wait.
    serialize: async () => {},
    lockRow: sql``,
    waitForWriters: () => sql``,
    skipLocked: sql``,
    unflushed: sql.raw(unflushedMark),
    readsFromWrites: false,
    // SQLite's changes of schema are transactional, though Kysely's Migrator does not count on it.
    migrateAlone: (work) =>
      db.connection().execute(async (alone) => {
        await sql`begin immediate`.execute(alone);
        try {
          const value = await work(alone);
          await sql`commit`.execute(alone);
          return value;
        } catch (error) {
          if (connection.isTransaction) await sql`rollback`.execute(alone);
          throw error;
        }
      }),
    close: async () => {
      await db.connection().execute(async () => {});
      await db.destroy();
    },
  };
};

const openConnection = async (path: string, busyTimeoutMs: number, opening: string): Promise<DatabaseSync> => {
  let connection: DatabaseSync | undefined;
  try {
    if (path !== ':memory:') {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // Made before SQLite does it, which would leave the mode to the umask; its -wal and -shm files take this one's.
      closeSync(openSync(path, 'a', 0o600));
    }
    const opened = new DatabaseSync(path);
    connection = opened;
    // Of processes that turn a new file into one with a write-ahead log at once, all but one are refused without waiting.
    await waitWhileBusy(() => opened.exec(opening), busyTimeoutMs);
    return opened;
  } catch (cause) {
    connection?.close();
    throw new Unavailable('the database file cannot be opened', { cause });
  }
};

/**
 * Each commit is flushed: what was acknowledged survives a power cut. A file from elsewhere brings no functions along.
 * The cache of 32 MB, against SQLite's usual 2, makes look-ups among a million rows twice as fast.
 */
const settings = `
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma cache_size = -32000;
  pragma foreign_keys = on;
  pragma trusted_schema = off;
`;

/** Before the first access, so that even an idle connection of somebody else is noticed (SQLite, section 6 of its WAL page). */
const exclusive = 'pragma locking_mode = exclusive;';
