/**
 * SQLite through Node's own `node:sqlite`: no dependency to compile. Kysely's SqliteDialect does the work over a small
 * adapter; it has one connection, and every query waits for the one before it.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Unavailable } from '@tegata/core';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from 'kysely';
import type { Database, SqlDatabase } from './database.ts';

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
 * @param busyTimeoutMs How long a statement waits for another process that is writing; the process stands still meanwhile.
 * @throws Unavailable when the file cannot be opened.
 */
export const openSqlite = (path: string, { busyTimeoutMs = 5_000 }: { busyTimeoutMs?: number } = {}): SqlDatabase => {
  const connection = openConnection(path, busyTimeoutMs);
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: keepingStatements(connection) }) });
  return {
    db,
    // One writer at a time: `begin immediate` has already made everybody else wait.
    serialize: async () => {},
    skipLocked: sql``,
    migrateAlone: (work) =>
      db.connection().execute(async (alone) => {
        await sql`begin immediate`.execute(alone);
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
    return connection;
  } catch (cause) {
    throw new Unavailable('the database file cannot be opened', { cause });
  }
};

/** More different statements than Tegata has; the bound is there for an application's own. */
const maxKeptStatements = 500;

/**
 * What SqliteDialect needs of a driver. Statements are prepared once and kept. A transaction takes the write lock when
 * it begins, since one that reads first and writes later fails at once if another process wrote in between.
 */
const keepingStatements = (connection: DatabaseSync): SqliteDatabase => {
  const kept = new Map<string, SqliteStatement>();
  const prepare = (text: string): SqliteStatement => {
    const statement = available(() => connection.prepare(text));
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => available(() => statement.all(...(parameters as SQLInputValue[]))),
      run: (parameters) => available(() => statement.run(...(parameters as SQLInputValue[]))),
      iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
    };
  };
  return {
    close: () => connection.close(),
    prepare: (text) => {
      // After some errors, such as a full disk, SQLite has already rolled back: a second time would hide the first error.
      if (text === 'rollback' && !connection.isTransaction) return nothingToDo;
      const found = kept.get(text);
      if (found) return found;
      const statement = prepare(text === 'begin' ? 'begin immediate' : text);
      if (kept.size >= maxKeptStatements) kept.delete(kept.keys().next().value!);
      kept.set(text, statement);
      return statement;
    },
  };
};

const nothingToDo: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};

/**
 * SQLite's primary result codes that say something about the machine and nothing about the data: PERM, BUSY, LOCKED,
 * NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOLFS, AUTH, NOTADB.
 */
const infrastructureCodes = new Set([3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 22, 23, 26]);

/** A database that is down must never look like a row that is not there. */
const available = <Value>(work: () => Value): Value => {
  try {
    return work();
  } catch (error) {
    // The low byte is the primary code, the rest is detail.
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
    if (code === undefined || !infrastructureCodes.has(code)) throw error;
    throw new Unavailable('the database is not available', { cause: error });
  }
};
