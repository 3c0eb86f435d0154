import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { Client, type Connection } from 'pg';
import { composeEngine } from '../packages/server/src/compose.ts';
import { isPostgresUrl } from '../packages/server/src/config/database-url.ts';
import { parseConfig } from '../packages/server/src/config/parse-config.ts';
import type { Database } from '../packages/server/src/stores/sql/database.ts';
import { newRowId } from '../packages/server/src/stores/sql/row-id.ts';
import { sqlitePath } from '../packages/server/src/stores/sql/sqlite.ts';
import { type Table, tablesToMove } from '../packages/server/src/stores/sql/transfer/tables.ts';

// Many people who are logged in, in seconds: whole rows in batches, where people.ts goes through the stores one by one.

export type Seeded = { email: string; userId: string; sessionId: string; accessToken: string; refreshToken: string };

const atOnce = 1_000;
const day = 86_400;
const week = 7 * day;

/** Every person's password. */
export const seededPassword = 'correct horse battery';

/**
 * `settings` are those of the server. Each person has an account, an address, a password, and `sessionsEach` live sessions,
 * a day apart, and the newest log-in in the audit log. Gives `wanted` of the sessions with tokens, spread evenly over all.
 */
export const seed = async (
  settings: Record<string, string>,
  people: number,
  wanted = 0,
  { sessionsEach = 1 }: { sessionsEach?: number } = {},
): Promise<Seeded[]> => {
  const config = parseConfig({ ...settings, LOG_LEVEL: 'silent' });
  const engine = await composeEngine(config);
  const { secrets, tokens, hasher } = engine.deps;
  const hash = await hasher.hash(seededPassword);
  const { inOneCommit, close } = await openTables(config.databaseUrl);

  const seeded: Seeded[] = [];
  const now = Date.now();
  const email = (number: number) => `person-${number}@example.com` as Database['user_emails']['email'];
  const isWanted = (session: number) => {
    const before = (count: number) => Math.floor((count * wanted) / (people * sessionsEach));
    return before(session + 1) > before(session);
  };
  const addBatch = async (numbers: readonly number[], insert: Insert) => {
    const batch = numbers.map((number) => ({ number, userId: secrets.uuid() }));
    const sessions = batch.flatMap(({ number, userId }) =>
      Array.from({ length: sessionsEach }, (_, each) => ({
        number,
        userId,
        id: secrets.uuid(),
        jti: secrets.uuid(),
        // Not all at one moment, so that an index by time looks as it does in life.
        startedAt: now - (each * day + (number % 3_600)) * 1000,
        isNewest: each === 0,
        isWanted: isWanted(number * sessionsEach + each),
      })),
    );
    const times = { created_at: now, updated_at: now };
    await insert(
      'users',
      batch.map(({ number, userId }) => ({
        id: userId,
        name: `Person ${number} 人`,
        avatar_url: null,
        locale: 'en',
        inactive_reason: null,
        ...times,
      })),
    );
    await insert(
      'active_users',
      batch.map(({ userId }) => ({ user_id: userId, activated_at: now })),
    );
    await insert(
      'user_emails',
      batch.map(({ number, userId }) => ({
        id: newRowId(now),
        user_id: userId,
        email: email(number),
        is_primary: 1,
        verified_at: now,
        ...times,
      })),
    );
    await insert(
      'password_credentials',
      batch.map(({ userId }) => ({ id: newRowId(now), user_id: userId, password_hash: hash, ...times })),
    );
    await insert(
      'sessions',
      sessions.map(({ userId, id, jti, startedAt }) => ({
        id,
        user_id: userId,
        generation: 0,
        refresh_jti: jti,
        previous_jti: null,
        refresh_kid: tokens.refreshKid(),
        rotated_at: startedAt,
        successor_seen: 1,
        idle_seconds: week,
        user_agent: 'Mozilla/5.0 "seed"',
        ip_address: '192.0.2.7',
        created_at: startedAt,
        last_used_at: startedAt,
        expires_at: startedAt + week * 1000,
        absolute_expires_at: startedAt + 90 * day * 1000,
        ended_at: null,
        end_reason: null,
      })),
    );
    await insert(
      'audit_events',
      sessions
        .filter(({ isNewest }) => isNewest)
        .map(({ userId, id, startedAt }) => ({
          id: newRowId(startedAt),
          at: startedAt,
          type: 'session.started',
          user_id: userId,
          session_id: id,
          ip_address: '192.0.2.7',
          reason: null,
        })),
    );
    const iat = Math.floor(now / 1000);
    for (const { number, userId, id, jti } of sessions.filter((session) => session.isWanted)) {
      const common = { sub: userId, sid: id, gen: 0, iat };
      const ofAccess = { ...common, uid: userId, email: email(number), jti: secrets.uuid(), exp: iat + day };
      seeded.push({
        email: email(number),
        userId,
        sessionId: id,
        accessToken: await tokens.signAccess(ofAccess),
        refreshToken: await tokens.signRefresh({ ...common, jti, exp: iat + week }),
      });
    }
  };
  for (let from = 0; from < people; from += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, people - from) }, (_, index) => from + index);
    await inOneCommit((insert) => addBatch(numbers, insert));
    // SQLite answers at once: without a pause no signal would be heard until the end.
    await turn();
  }
  await close();
  await engine.close();
  return seeded;
};

type Insert = <Name extends keyof Database>(name: Name, rows: Database[Name][]) => Promise<void>;
type Tables = { inOneCommit: (work: (insert: Insert) => Promise<void>) => Promise<void>; close: () => Promise<void> };

/** Takes whole rows as fast as each database does. */
const openTables = async (url: string): Promise<Tables> => {
  const tables = new Map((await tablesToMove()).map((table) => [table.name, table]));
  return isPostgresUrl(url) ? postgresTables(url, tables) : sqliteTables(url, tables);
};

const postgresTables = async (url: string, tables: ReadonlyMap<string, Table>): Promise<Tables> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  // One connection and one statement at a time: nothing else waits for `copy`.
  const insert: Insert = async (name, rows) => {
    const { columns } = tables.get(name)!;
    const lines = (rows as Record<string, unknown>[]).map((row) => columns.map((column) => copyText(row[column])).join('\t'));
    await copyIn(client, `copy ${name} (${columns.join(', ')}) from stdin`, `${lines.join('\n')}\n`);
  };
  return {
    inOneCommit: async (work) => {
      await client.query('begin');
      await work(insert);
      await client.query('commit');
    },
    close: () => client.end(),
  };
};

/** PostgreSQL's text format: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS */
const copyText = (value: unknown): string =>
  value === null || value === undefined
    ? '\\N'
    : String(value).replace(/[\\\n\r\t]/g, (char) => `\\${{ '\n': 'n', '\r': 'r', '\t': 't' }[char] ?? char}`);

const copyIn = (client: Client, statement: string, rows: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let failure: Error | undefined;
    client.query({
      submit: (connection: Connection) => connection.query(statement),
      handleCopyInResponse: (connection: CopyConnection) => {
        connection.sendCopyFromChunk(Buffer.from(rows));
        connection.endCopyFrom();
      },
      handleCommandComplete: () => {},
      handleError: (error: Error) => {
        failure = error;
        reject(error);
      },
      handleReadyForQuery: () => failure ?? resolve(),
    });
  });

type CopyConnection = Connection & { sendCopyFromChunk: (chunk: Buffer) => void; endCopyFrom: () => void };

/** Four times as fast as through JSON, which SQLite reads again for each column. Nothing of it has to survive a power cut. */
const sqliteTables = (url: string, tables: ReadonlyMap<string, Table>): Tables => {
  const database = new DatabaseSync(sqlitePath(url), { timeout: 5_000 });
  database.exec('pragma synchronous = off; pragma foreign_keys = off; pragma cache_size = -256000');
  const statements = new Map(
    [...tables.values()].map(({ name, columns }) => {
      const text = `insert into ${name} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`;
      return [name, { columns, statement: database.prepare(text) }] as const;
    }),
  );
  const insert: Insert = async (name, rows) => {
    const { columns, statement } = statements.get(name)!;
    for (const row of rows as Record<string, SQLInputValue>[]) statement.run(...columns.map((column) => row[column] ?? null));
  };
  return {
    inOneCommit: async (work) => {
      database.exec('begin immediate');
      await work(insert);
      database.exec('commit');
    },
    close: async () => {
      database.exec('pragma wal_checkpoint(truncate)');
      database.close();
    },
  };
};

// `node bench/seed.ts 100000` with the settings of a server.
if (import.meta.main) {
  const people = Number(process.argv[2] ?? 1_000);
  const startedAt = performance.now();
  await seed(process.env as Record<string, string>, people);
  console.log(`${people} people in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}
