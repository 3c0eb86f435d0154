/** The two databases of a transfer: how each is opened, kept to itself, and named when something goes wrong with it. */
import { existsSync } from 'node:fs';
import { Unavailable } from '@tegata/core';
import { type Kysely, sql } from 'kysely';
import { isPostgresUrl, shownDatabaseUrl } from '../../../config/database-url.ts';
import type { Database, SqlDatabase } from '../database.ts';
import { openPostgres } from '../postgres.ts';
import { openSqlite, sqlitePath } from '../sqlite.ts';

/** Told to the operator in these words. */
export class TransferError extends Error {
  override name = 'TransferError';
}

export type Side = {
  url: string;
  /** For messages, without what opens it. */
  name: string;
  database: SqlDatabase;
  /** @throws TransferError that names this side, when the database does not answer. */
  asking: <Value>(work: () => Promise<Value>) => Promise<Value>;
};

export type Source = Side & {
  /** Runs `work` over one unchanging state. */
  reading: <Value>(work: (db: Kysely<Database>) => Promise<Value>) => Promise<Value>;
};

export type Target = Side & {
  /** Makes the filled database ready for its first requests. */
  afterwards: () => Promise<void>;
};

/** `isClosed`: nobody else can write until the end. */
export const openSource = async (url: string, { isClosed }: { isClosed: boolean }): Promise<Source> => {
  const name = `The source ${shownDatabaseUrl(url)}`;
  const side = await openSide(url, name, { isClosed, create: false });
  if (!side) throw new TransferError(`${name} does not exist: give the address that the server has in DATABASE_URL.`);
  return { ...side, reading: (work) => (isPostgresUrl(url) ? readPostgres(side, isClosed, work) : readSqlite(side, work)) };
};

/** Undefined when it does not exist and shall not be made. */
export const openTarget = async (url: string, { create }: { create: boolean }): Promise<Target | undefined> => {
  const side = await openSide(url, `The target ${shownDatabaseUrl(url)}`, { isClosed: create, create });
  return (
    side && {
      ...side,
      afterwards: async () => {
        // Without figures about its tables PostgreSQL would plan the first queries as for empty ones.
        if (isPostgresUrl(url)) await side.asking(() => sql`analyze`.execute(side.database.db));
      },
    }
  );
};

const openSide = async (
  url: string,
  name: string,
  { isClosed, create }: { isClosed: boolean; create: boolean },
): Promise<Side | undefined> => {
  const asking: Side['asking'] = async (work) => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof TransferError ? error : new TransferError(`${name} ${whatIsWrong(error)}`, { cause: error });
    }
  };
  if (isPostgresUrl(url)) {
    const database = openPostgres(url, { poolSize: 2, patient: true });
    try {
      await asking(() => sql`select 1`.execute(database.db));
    } catch (error) {
      await database.close();
      throw error;
    }
    return { url, name, asking, database };
  }
  const path = sqlitePath(url);
  if (!create && !existsSync(path)) return undefined;
  const open = () => openSqlite(path, { isExclusive: isClosed, busyTimeoutMs: 2_000 });
  return { url, name, asking, database: await asking(open) };
};

const whatIsWrong = (error: unknown): string => {
  let cause = error;
  while (cause instanceof Unavailable && cause.cause !== undefined) cause = cause.cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  if (/database is locked/.test(text)) {
    return 'is in use: stop every server and tool that has it open, and run the same command again.';
  }
  return `cannot be used (${text}). What was moved so far is kept: mend it and run the same command again.`;
};

/** The file is ours alone, or else everybody's and read within one transaction. */
const readSqlite = <Value>({ database, asking }: Side, work: (db: Kysely<Database>) => Promise<Value>): Promise<Value> =>
  database.db.connection().execute(async (db) => {
    await asking(() => sql`begin`.execute(db));
    try {
      return await work(db);
    } finally {
      await sql`rollback`.execute(db).catch(() => undefined);
    }
  });

const readPostgres = <Value>(
  { database, asking }: Side,
  isClosed: boolean,
  work: (db: Kysely<Database>) => Promise<Value>,
): Promise<Value> =>
  database.db.connection().execute(async (db) => {
    await asking(async () => {
      await sql`begin isolation level repeatable read`.execute(db);
      if (!isClosed) return;
      const { rows } = await sql<{ tablename: string }>`
        select tablename from pg_tables where schemaname = current_schema()`.execute(database.db);
      await sql`set local lock_timeout = '10s'`.execute(db);
      // Readers go on; whoever writes waits, and is told to come back.
      if (rows.length > 0) {
        await sql`lock table ${sql.join(rows.map(({ tablename }) => sql.table(tablename)))} in share mode`.execute(db);
      }
    });
    try {
      return await work(db);
    } finally {
      await sql`rollback`.execute(db).catch(() => undefined);
    }
  });
