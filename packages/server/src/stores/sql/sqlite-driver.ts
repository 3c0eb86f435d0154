/**
 * Kysely's SqliteDriver, with three things of ours around `node:sqlite`. Statements are prepared once and kept. Waiting
 * for another writer leaves the process free: SQLite's own waiting blocks the thread, also for the very transaction of
 * this process that it waits for. And errors of the machine are told apart from errors of the data.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '@tegata/core';
import { type DatabaseConnection, type Driver, type SqliteDatabase, SqliteDriver, type SqliteStatement } from 'kysely';

export const createSqliteDriver = (connection: DatabaseSync, busyTimeoutMs: number): Driver => {
  const driver = new SqliteDriver({ database: keepingStatements(connection) });
  const acquireConnection = driver.acquireConnection.bind(driver);
  let patient: DatabaseConnection | undefined;
  driver.acquireConnection = async () => {
    const acquired = await acquireConnection();
    patient ??= waitingForWriters(acquired, busyTimeoutMs);
    return patient;
  };
  return driver;
};

/** More different statements than Tegata has; the bound is there for an application's own. */
const maxKeptStatements = 500;

const keepingStatements = (connection: DatabaseSync): SqliteDatabase => {
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => connection.close(),
    prepare: (text) => {
      // After some errors, such as a full disk, SQLite has already rolled back: a second time would hide the first error.
      if (text === 'rollback' && !connection.isTransaction) return nothingToDo;
      const found = kept.get(text);
      if (found) return found;
      // A transaction takes the write lock when it begins: one that reads first and writes later fails if another wrote between.
      const statement = prepare(connection, text === 'begin' ? 'begin immediate' : text);
      if (kept.size >= maxKeptStatements) kept.delete(kept.keys().next().value!);
      kept.set(text, statement);
      return statement;
    },
  };
};

const prepare = (connection: DatabaseSync, text: string): SqliteStatement => {
  const statement = available(() => connection.prepare(text));
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => available(() => statement.all(...(parameters as SQLInputValue[]))),
    run: (parameters) => available(() => statement.run(...(parameters as SQLInputValue[]))),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
  };
};

const nothingToDo: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};

/** The pauses between tries, in milliseconds: those of SQLite's own busy handler. */
const pauses = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];

/** Tries again while another connection writes. A transaction has its lock from the start, so nothing in it is repeated. */
const waitingForWriters = (connection: DatabaseConnection, busyTimeoutMs: number): DatabaseConnection => ({
  executeQuery: async (query) => {
    for (let tries = 0, waitedMs = 0; ; tries += 1) {
      try {
        return await connection.executeQuery(query);
      } catch (error) {
        const pause = pauses[Math.min(tries, pauses.length - 1)]!;
        if (!isBusy(error) || waitedMs + pause > busyTimeoutMs) throw error;
        await sleep(pause);
        waitedMs += pause;
      }
    }
  },
  streamQuery: connection.streamQuery.bind(connection),
});

/**
 * SQLite's primary result codes that say something about the machine and nothing about the data: PERM, BUSY, LOCKED,
 * NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOLFS, AUTH, NOTADB.
 */
const infrastructureCodes = new Set([3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 22, 23, 26]);
const busyCode = 5;

/** The low byte of SQLite's code; the rest of it is detail. */
const primaryCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;

const isBusy = (error: unknown): boolean => error instanceof Unavailable && primaryCode(error.cause) === busyCode;

/** A database that is down must never look like a row that is not there. */
const available = <Value>(work: () => Value): Value => {
  try {
    return work();
  } catch (cause) {
    const code = primaryCode(cause);
    if (code === undefined || !infrastructureCodes.has(code)) throw cause;
    throw new Unavailable('the database is not available', { cause });
  }
};
