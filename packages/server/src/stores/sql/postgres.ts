/**
 * PostgreSQL through `pg`. Nothing here is kept in a session of the server: no advisory lock that outlives its
 * transaction, no `set`, no `listen`. A proxy that gives each transaction another connection may stand in between.
 */
import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely';
import { Pool, types } from 'pg';
import type { AroundDriver, Database, SqlDatabase } from './database.ts';
import { createPostgresDriver } from './postgres-driver.ts';

export type PostgresOptions = {
  /** Connections of this process at most. */
  poolSize?: number;
  /** `unnamed` behind a proxy that pools transactions and knows no names. */
  statements?: 'named' | 'unnamed';
  /** Statements may take as long as they need: for moving whole tables, never for requests. */
  patient?: boolean;
  around?: AroundDriver | undefined;
};

/** How long a request waits for a connection, and for a statement, before it is told to come back. */
const connectTimeoutMs = 3_000;
const queryTimeoutMs = 5_000;

/** Opens no connection yet: a server that is down is found by the first query. */
export const openPostgres = (
  url: string,
  { poolSize = 10, statements = 'named', patient = false, around }: PostgresOptions = {},
): SqlDatabase => {
  const namedStatements = statements === 'named';
  const pool = createPool(url, {
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    // What the server gives up by itself leaves no lock behind when this process hangs. Not behind a proxy, which knows
    // no such settings: there they belong to the role.
    ...(namedStatements &&
      !patient && { statement_timeout: queryTimeoutMs, idle_in_transaction_session_timeout: 2 * queryTimeoutMs }),
  });
  // A second longer, so that the server's own answer comes first and the connection can be kept.
  const db = createKysely(pool, { namedStatements, queryTimeoutMs: patient ? undefined : queryTimeoutMs + 1_000 }, around);
  return {
    db,
    serialize: async (transaction, key) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(transaction);
    },
    // Not against rows that only refer to it, such as a new token of the user.
    lockRow: sql`for no key update`,
    waitForWriters: (table) => sql`for share of ${sql.table(table)}`,
    skipLocked: sql`for update skip locked`,
    // A transaction of its own to say so would cost more than the flush, which PostgreSQL shares among those who wait.
    unflushed: sql``,
    readsFromWrites: true,
    migrateAlone: async (work) => {
      // On a connection of its own: an index over a large table may take longer than any request waits.
      const patient = createKysely(createPool(url, { max: 1, connectionTimeoutMillis: connectTimeoutMs }), {
        namedStatements: false,
        queryTimeoutMs: undefined,
      });
      try {
        // Not `transaction()`: Kysely's Migrator refuses to work in one that it did not begin.
        return await patient.connection().execute(async (alone) => {
          await sql`begin`.execute(alone);
          try {
            await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(alone);
            const value = await work(alone);
            // Fails where a statement has failed unnoticed: `commit` would roll back and say nothing.
            await sql`select 1`.execute(alone);
            await sql`commit`.execute(alone);
            return value;
          } catch (error) {
            await sql`rollback`.execute(alone).catch(() => undefined);
            throw error;
          }
        });
      } finally {
        await patient.destroy();
      }
    },
    poolCounts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => db.destroy(),
  };
};

/** Any number will do, as long as every release uses it and nobody else. */
const migrationLock = 8_348_427_216_113n;

const createPool = (url: string, settings: ConstructorParameters<typeof Pool>[0]): Pool => {
  const pool = new Pool({
    connectionString: url,
    application_name: 'tegata',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: (oid, format) => (oid === int8 ? Number : types.getTypeParser(oid, format)) },
    ...settings,
  });
  // A connection may break at any time, in use or idle. Who uses it is told by the query; the event itself would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
};

/** Milliseconds and counts stay far below 2^53, and `pg` would give texts. */
const int8 = 20;

const createKysely = (
  pool: Pool,
  options: Parameters<typeof createPostgresDriver>[1],
  around: AroundDriver = (driver) => driver,
): Kysely<Database> =>
  new Kysely<Database>({
    dialect: {
      createAdapter: () => new Adapter(),
      createDriver: () => around(createPostgresDriver(pool, options)),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });

/** Kysely's Migrator locks for a session and wants a transaction of its own; `migrateAlone` has done both. */
class Adapter extends PostgresAdapter {
  override get supportsTransactionalDdl(): boolean {
    return false;
  }
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}
