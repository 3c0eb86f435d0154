import { execFileSync } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import { backend } from './backend.ts';
import type { TestServer } from './server.ts';

// Sessions that live in Redis, for tests that ask and change them in SQL: they are copied into a table, and what a
// statement has changed there is copied back.

type Server = Pick<TestServer, 'redis'>;

/** Whether the servers of this run keep their sessions in Redis. */
export const sessionsInRedis = backend === 'postgres+redis';

/** Whether the statement is for us: it speaks of sessions alone, and they are in Redis. */
export const isOfRedisSessions = ({ redis }: Server, statement: string): boolean =>
  redis !== undefined &&
  /\b(from|update) sessions\b/.test(statement) &&
  statement.match(/\b(from|join|update) \w/g)?.length === 1;

export const redisSessionRows = (server: Server, query: string): Record<string, unknown>[] =>
  withTable(server, (table) => table.prepare(query).all());

export const changeRedisSessions = (server: Server, statement: string, values: (string | number | null)[]): void =>
  withTable(server, (table, found) => {
    table.prepare(statement).run(...values);
    const left = new Map(
      table
        .prepare('select * from sessions')
        .all()
        .map((row) => [row.id, row]),
    );
    for (const { key, index, id } of found) {
      const row = left.get(id);
      if (!row)
        redisCli(server, 'EVAL', "redis.call('DEL', KEYS[1]); return redis.call('ZREM', KEYS[2], ARGV[1])", '2', key, index, id);
      else redisCli(server, 'SET', key, JSON.stringify(toRecord(row)), 'KEEPTTL');
    }
  });

type Found = { key: string; index: string; id: string; userId: string; record: Record<string, unknown> };

const withTable = <Value>(server: Server, work: (table: DatabaseSync, found: Found[]) => Value): Value => {
  const found = findAll(server);
  const table = new DatabaseSync(':memory:');
  try {
    table.exec(`create table sessions (id text, user_id text, ${columns.map(([, column]) => column).join(', ')})`);
    const insert = table.prepare(
      `insert into sessions values (${Array(columns.length + 2)
        .fill('?')
        .join(', ')})`,
    );
    for (const { id, userId, record } of found) {
      const values = columns.map(([name]) => record[name]);
      insert.run(id, userId, ...values.map((value) => (typeof value === 'boolean' ? Number(value) : (value as string | null))));
    }
    return work(table, found);
  } finally {
    table.close();
  }
};

const findAll = (server: Server): Found[] => {
  const lua = `local found = {}
    for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*:sessions:*')) do found[#found + 1] = { key, redis.call('GET', key) } end
    return cjson.encode(found)`;
  const answer = JSON.parse(redisCli(server, 'EVAL', lua, '0', server.redis?.prefix ?? ''));
  const pairs: [string, string][] = Array.isArray(answer) ? answer : [];
  return pairs
    .map(([key, text]) => {
      const [, userId = '', id = ''] = /\{(.+)\}:sessions:(.+)$/.exec(key) ?? [];
      return { key, index: key.slice(0, key.lastIndexOf(':')), id, userId, record: JSON.parse(text) };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
};

const columns = [
  ['generation', 'generation'],
  ['refreshJti', 'refresh_jti'],
  ['previousJti', 'previous_jti'],
  ['refreshKid', 'refresh_kid'],
  ['rotatedAt', 'rotated_at'],
  ['successorSeen', 'successor_seen'],
  ['idleSeconds', 'idle_seconds'],
  ['userAgent', 'user_agent'],
  ['ipAddress', 'ip_address'],
  ['createdAt', 'created_at'],
  ['lastUsedAt', 'last_used_at'],
  ['expiresAt', 'expires_at'],
  ['absoluteExpiresAt', 'absolute_expires_at'],
  ['endedAt', 'ended_at'],
  ['endReason', 'end_reason'],
] as const;

const toRecord = (row: Record<string, unknown>) => ({
  ...Object.fromEntries(columns.map(([name, column]) => [name, row[column]])),
  successorSeen: row.successor_seen === 1,
});

/** Not the client, whose answers come later: what a test looks up stands in the middle of its expectations. */
const redisCli = ({ redis }: Server, ...command: string[]): string =>
  execFileSync('redis-cli', ['-u', redis?.url ?? '', '--raw', '-e', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
