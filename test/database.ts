import { execFileSync } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { inject } from 'vitest';
import { changeRedisSessions, isOfRedisSessions, redisSessionRows } from './redis-sessions.ts';
import type { TestServer } from './server.ts';

// What a test sees of the server's database, and does to it, behind the server's back.

type Value = string | number | null;
type Server = Pick<TestServer, 'databaseUrl' | 'redis'>;

/** Runs one statement, for a state that no call can make: an account without a password, a lost row. */
export const execute = (server: Server, statement: string, ...values: Value[]): void => {
  if (isOfRedisSessions(server, statement)) {
    changeRedisSessions(server, statement, values);
    return;
  }
  const { databaseUrl } = server;
  if (!isSqlite(databaseUrl)) {
    psql(databaseUrl, withValues(statement, values));
    return;
  }
  const database = new DatabaseSync(fileOf(databaseUrl), { timeout: 5000 });
  try {
    database.prepare(statement).run(...values);
  } finally {
    database.close();
  }
};

/** Rows as they are stored, read through a connection of our own. */
export const rows = (server: Server, query: string): Record<string, unknown>[] => {
  if (isOfRedisSessions(server, query)) return redisSessionRows(server, query);
  const { databaseUrl } = server;
  if (!isSqlite(databaseUrl)) {
    return JSON.parse(psql(databaseUrl, `select coalesce(json_agg(row_to_json(stored)), '[]') from (${query}) as stored`));
  }
  const database = new DatabaseSync(fileOf(databaseUrl), { readOnly: true });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
};

/** Runs `work` while another connection keeps everybody from writing, as a backup or a stuck process might. */
export const whileLocked = async <Result>({ databaseUrl }: Server, work: () => Promise<Result>): Promise<Result> => {
  if (isSqlite(databaseUrl)) {
    const database = new DatabaseSync(fileOf(databaseUrl), { timeout: 5000 });
    try {
      database.exec('begin immediate');
      return await work();
    } finally {
      database.close();
    }
  }
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const tables = await client.query(
      "select string_agg(quote_ident(tablename), ',') as names from pg_tables where schemaname = 'public'",
    );
    await client.query(`begin; lock table ${tables.rows[0].names} in share row exclusive mode`);
    return await work();
  } finally {
    await client.end();
  }
};

const isSqlite = (url: string): boolean => url.startsWith('sqlite:');
const fileOf = (url: string): string => url.slice('sqlite:'.length);

/** Not `pg`, whose answers come later: what a test looks up stands in the middle of its expectations. */
const psql = (url: string, statement: string): string =>
  execFileSync(inject('postgres').psql, ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', statement, url], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });

/** Only literals of tests come here. */
const withValues = (statement: string, values: Value[]): string => {
  const literals = values.map((value) => (typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)));
  return statement.replace(/\?/g, () => literals.shift() ?? 'null');
};
