/**
 * Kysely's driver interface over a pool of `pg` connections. It differs from Kysely's own PostgreSQL driver where that
 * one gives away speed or safety: statements are named, so that the server parses each text once per connection; nobody
 * waits longer than said for a server that is gone; a connection that broke is never used again; a transaction that the
 * server has rolled back is never taken for committed; and errors of the machine are told apart from errors of the data.
 */
import { Unavailable } from '@tegata/core';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import { DatabaseError, type QueryResult as PgResult, type Pool, type PoolClient } from 'pg';

export type PostgresDriverOptions = {
  /** Off behind a proxy that gives each transaction another connection: it would not know the names. */
  namedStatements: boolean;
  /** How long a statement may take, the wait for a lock included; undefined is as long as it needs. */
  queryTimeoutMs: number | undefined;
};

export const createPostgresDriver = (pool: Pool, { namedStatements, queryTimeoutMs }: PostgresDriverOptions): Driver => {
  const nameOf = namedStatements ? createNames() : () => undefined;
  const busy = createCount();

  const open = (client: PoolClient): Connection => {
    const run = async (sql: string, parameters: readonly unknown[], isNamed: boolean): Promise<PgResult> => {
      const name = isNamed ? nameOf(sql) : undefined;
      try {
        return await client.query({
          text: sql,
          values: parameters as unknown[],
          ...(name && { name }),
          ...(queryTimeoutMs && { query_timeout: queryTimeoutMs }),
        });
      } catch (error) {
        connection.isBroken ||= !leavesConnectionUsable(error);
        throw error;
      }
    };

    const connection: Connection = {
      client,
      isBroken: false,
      isInTransaction: false,
      command: async (sql) => {
        try {
          return (await run(sql, [], false)).command;
        } catch (error) {
          throw translated(error);
        }
      },
      executeQuery: async <Row>({ sql, parameters }: CompiledQuery) => {
        try {
          return toKysely<Row>(await run(sql, parameters, true));
        } catch (error) {
          // A newer release has added a column to a table that a named statement reads whole. The names of this
          // connection are stale, so it goes; outside a transaction nothing has happened yet, and nobody need notice.
          if (!isStalePlan(error)) throw translated(error);
          connection.isBroken = true;
          if (connection.isInTransaction) throw translated(error);
        }
        try {
          return toKysely<Row>(await run(sql, parameters, false));
        } catch (error) {
          throw translated(error);
        }
      },
      streamQuery: () => {
        throw new Error('no query of Tegata is read as a stream');
      },
    };
    return connection;
  };

  return {
    init: async () => {},
    acquireConnection: async () => {
      busy.add();
      try {
        return open(await pool.connect());
      } catch (error) {
        busy.remove();
        throw translated(error);
      }
    },
    releaseConnection: async (connection) => {
      const { client, isBroken } = connection as Connection;
      client.release(isBroken);
      busy.remove();
    },
    beginTransaction: async (connection) => {
      await (connection as Connection).command('begin');
      (connection as Connection).isInTransaction = true;
    },
    commitTransaction: async (connection) => {
      // After a statement failed, PostgreSQL answers `commit` with ROLLBACK and no error.
      const done = await (connection as Connection).command('commit');
      (connection as Connection).isInTransaction = false;
      if (done !== 'COMMIT') throw new Error('the transaction was rolled back, because a statement in it had failed');
    },
    rollbackTransaction: async (connection) => {
      const open = connection as Connection;
      // The server rolls back what a lost connection had begun; a second error would hide the first one.
      if (open.isInTransaction && !open.isBroken) await open.command('rollback').catch(() => undefined);
      open.isInTransaction = false;
    },
    destroy: async () => {
      await busy.none();
      await pool.end();
    },
  };
};

type Connection = DatabaseConnection & {
  client: PoolClient;
  isBroken: boolean;
  isInTransaction: boolean;
  /** Runs a statement without parameters and gives its command tag. */
  command: (sql: string) => Promise<string>;
};

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

const toKysely = <Row>({ command, rowCount, rows }: PgResult): QueryResult<Row> =>
  changing.has(command) ? { numAffectedRows: BigInt(rowCount ?? 0), rows } : { rows };

/** Above what Tegata has texts, so that a text that turns out to vary cannot fill the memory of the server. */
const maxNames = 300;

/** Names by text, the same on every connection; none once there are too many. */
const createNames = (): ((sql: string) => string | undefined) => {
  const names = new Map<string, string>();
  return (sql) => {
    const known = names.get(sql);
    if (known !== undefined || names.size >= maxNames) return known;
    const name = `tegata_${names.size}`;
    names.set(sql, name);
    return name;
  };
};

/** How many have a connection or wait for one. */
const createCount = () => {
  let count = 0;
  let zero = Promise.withResolvers<void>();
  return {
    add: () => {
      if (count === 0) zero = Promise.withResolvers<void>();
      count += 1;
    },
    remove: () => {
      count -= 1;
      if (count === 0) zero.resolve();
    },
    none: async () => {
      if (count > 0) await zero.promise;
    },
  };
};

/**
 * A database that is down must never look like a row that is not there, and what is wrong with the data must never look
 * like a database that is down: callers repeat the one and not the other.
 */
const translated = (error: unknown): unknown => {
  if (error instanceof DatabaseError) {
    const reason = reasonOf(error.code ?? '');
    return reason ? new Unavailable(reason, { cause: error }) : error;
  }
  // `pg` throws nothing else but what happened to the socket, to name resolution, to TLS, or to its own patience.
  return new Unavailable('the database is not available', { cause: error });
};

/** By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html. Undefined is an error of the data. */
const reasonOf = (state: string): string | undefined => {
  if (state === '26000' || state === '42P05') {
    return 'the database does not know a named statement: behind a proxy that pools transactions set TEGATA_DATABASE_STATEMENTS=unnamed';
  }
  if (state === '40001' || state === '40P01') return 'the database gave up a transaction in favor of another one';
  if (state === '25006') return 'the database takes no writes: it is a standby, or read-only';
  if (state === '55P03' || state === '57014') return 'the database took too long';
  if (state === '0A000' || machineClasses.has(state.slice(0, 2)) || machineStates.has(state)) {
    return 'the database is not available';
  }
  return undefined;
};

/**
 * Connection, authorization, resources, operator intervention (shutdown, start-up), system, configuration file, internal
 * error.
 */
const machineClasses = new Set(['08', '28', '53', '57', '58', 'F0', 'XX']);
/** Waited too long inside a transaction, no such database, permission denied. */
const machineStates = new Set(['25P03', '3D000', '42501']);

const isStalePlan = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === '0A000' && error.message.startsWith('cached plan must not change');

/** What the server answered to a statement leaves the connection as it was, unless it said that it ends it. */
const leavesConnectionUsable = (error: unknown): boolean =>
  error instanceof DatabaseError &&
  error.severity !== 'FATAL' &&
  error.severity !== 'PANIC' &&
  !brokenStates.has(error.code ?? '');

const brokenStates = new Set(['26000', '42P05', '25006']);
