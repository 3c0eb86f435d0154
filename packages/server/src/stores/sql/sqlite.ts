/**
 * SQLite through Node's own `node:sqlite`: no dependency to compile. There is one connection, and every query waits for
 * the one before it.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Unavailable } from '@tegata/core';
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely';
import type { Database, SqlDatabase } from './database.ts';
import { createSqliteDriver } from './sqlite-driver.ts';

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
 * @throws Unavailable when the file cannot be opened.
 */
export const openSqlite = (path: string, { busyTimeoutMs = 5_000 }: { busyTimeoutMs?: number } = {}): SqlDatabase => {
  const connection = openConnection(path, busyTimeoutMs);
  const db = new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => createSqliteDriver(connection, busyTimeoutMs),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  return {
    db,
    // One writer at a time: `begin immediate` has already made everybody else wait.
    serialize: async () => {},
    skipLocked: sql``,
    migrateAlone: (work) =>
      db.connection().execute(async (alone) => {
        await sql`begin`.execute(alone);
        try {
          const value = await work(alone);
          await sql`commit`.execute(alone);
          return value;
        } catch (error) {
          await sql`rollback`.execute(alone);
          throw error;
        }
      }),
  };
};

const openConnection = (path: string, busyTimeoutMs: number): DatabaseSync => {
  try {
    if (path !== ':memory:') {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // Made before SQLite does it, which would leave the mode to the umask; its -wal and -shm files take this one's.
      closeSync(openSync(path, 'a', 0o600));
    }
    const connection = new DatabaseSync(path, { timeout: busyTimeoutMs });
    connection.exec('pragma journal_mode = wal');
    // What was acknowledged survives a power cut: each commit is flushed.
    connection.exec('pragma synchronous = full');
    connection.exec('pragma foreign_keys = on');
    // A file from elsewhere cannot smuggle functions into its schema.
    connection.exec('pragma trusted_schema = off');
    // SQLite waits by blocking the thread, which is right while starting and wrong from here on: the driver waits instead.
    connection.exec('pragma busy_timeout = 0');
    return connection;
  } catch (cause) {
    throw new Unavailable('the database file cannot be opened', { cause });
  }
};
