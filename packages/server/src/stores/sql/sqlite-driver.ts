/**
 * Kysely's driver interface over one `node:sqlite` connection. It differs from Kysely's own SQLite driver where that one
 * gives away speed or safety under load: statements are prepared once and kept; whoever waits for the connection gets
 * it in turn, without waking all the others; a transaction takes the write lock when it begins; waiting for another
 * writer leaves the process free; and errors of the machine are told apart from errors of the data.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '@tegata/core';
import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely';

export const createSqliteDriver = (database: DatabaseSync, busyTimeoutMs: number): Driver => {
  const turns = createTurns();
  const run = createRunner(database);
  // Outside a transaction, whoever waits for another process lets others have their turn: reading needs no lock.
  const pause = async (ms: number) => {
    if (database.isTransaction) return sleep(ms);
    turns.pass();
    await sleep(ms);
    await turns.take();
  };
  const connection: DatabaseConnection = {
    executeQuery: async <Row>({ sql, parameters }: CompiledQuery) =>
      (await waitWhileBusy(() => run(sql, parameters as SQLInputValue[]), busyTimeoutMs, pause)) as QueryResult<Row>,
    streamQuery: () => {
      throw new Error('no query of Tegata is read as a stream');
    },
  };
  const execute = async (sql: string): Promise<void> => {
    await connection.executeQuery(CompiledQuery.raw(sql));
  };
  return {
    init: async () => {},
    acquireConnection: async () => {
      await turns.take();
      return connection;
    },
    releaseConnection: async () => turns.pass(),
    // Immediate: a transaction that reads first and writes later fails when another process wrote in between.
    beginTransaction: () => execute('begin immediate'),
    commitTransaction: () => execute('commit'),
    rollbackTransaction: async () => {
      // After some errors, such as a full disk, SQLite has already rolled back: a second time would hide the first error.
      if (database.isTransaction) await execute('rollback');
    },
    destroy: async () => database.close(),
  };
};

/** One at a time, first come first served. */
const createTurns = () => {
  let taken = false;
  const waiting: (() => void)[] = [];
  return {
    take: (): Promise<void> | undefined => {
      if (taken) return new Promise((resolve) => waiting.push(resolve));
      taken = true;
      return undefined;
    },
    pass: (): void => {
      const next = waiting.shift();
      if (next) next();
      else taken = false;
    },
  };
};

/** Ends the text of a statement that commits without a flush (`synchronous = normal`), unless it is part of a transaction. */
export const unflushedMark = '/* unflushed */';

/** More different statements than Tegata has; the bound is there for an application's own. */
const maxKeptStatements = 500;

const createRunner = (database: DatabaseSync) => {
  const kept = new Map<string, { statement: StatementSync; returnsRows: boolean; isFlushed: boolean }>();
  const flushing = { off: database.prepare('pragma synchronous = normal'), on: database.prepare('pragma synchronous = full') };
  const prepare = (sql: string) => {
    const statement = database.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0, isFlushed: !sql.endsWith(unflushedMark) };
    if (kept.size >= maxKeptStatements) kept.delete(kept.keys().next().value!);
    kept.set(sql, prepared);
    return prepared;
  };
  const run = (statement: StatementSync, returnsRows: boolean, parameters: SQLInputValue[]): QueryResult<unknown> => {
    if (returnsRows) return { rows: statement.all(...parameters) };
    return { numAffectedRows: BigInt(statement.run(...parameters).changes), rows: [] };
  };
  return (sql: string, parameters: SQLInputValue[]): QueryResult<unknown> => {
    const { statement, returnsRows, isFlushed } = kept.get(sql) ?? prepare(sql);
    if (isFlushed || database.isTransaction) return run(statement, returnsRows, parameters);
    flushing.off.run();
    try {
      return run(statement, returnsRows, parameters);
    } finally {
      flushing.on.run();
    }
  };
};

/** The pauses between tries, in milliseconds: those of SQLite's own busy handler. */
const pauses = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];

/**
 * Runs `work`, and again while another connection writes, for `busyTimeoutMs` at most. SQLite's own waiting would block
 * the thread, also for the transaction of this very process that it waits for. Inside a transaction nothing is
 * repeated: it has its lock from the start.
 *
 * @throws Unavailable when the database still is busy, or cannot be read or written.
 */
export const waitWhileBusy = async <Value>(
  work: () => Value,
  busyTimeoutMs: number,
  wait: (ms: number) => Promise<void> = sleep,
): Promise<Value> => {
  for (let tries = 0, waitedMs = 0; ; tries += 1) {
    try {
      return work();
    } catch (cause) {
      const code = primaryCode(cause);
      if (code === undefined || !infrastructureCodes.has(code)) throw cause;
      const pause = pauses[Math.min(tries, pauses.length - 1)]!;
      if (code !== busyCode || waitedMs + pause > busyTimeoutMs) {
        throw new Unavailable('the database is not available', { cause });
      }
      await wait(pause);
      waitedMs += pause;
    }
  }
};

/** The low byte of SQLite's result code; the rest of it is detail. */
const primaryCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;

const busyCode = 5;

/**
 * The result codes that say something about the machine and nothing about the data: PERM, BUSY, LOCKED, NOMEM, READONLY,
 * INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOLFS, AUTH, NOTADB. A database that is down must never look like
 * a row that is not there.
 */
const infrastructureCodes = new Set([3, busyCode, 6, 7, 8, 9, 10, 11, 13, 14, 15, 22, 23, 26]);
