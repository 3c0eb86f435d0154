import { DatabaseSync } from 'node:sqlite';
import { createClient } from '@redis/client';
import { Pool } from 'pg';

// What a session check and a refresh cannot do without, on each kind of store: one prepared statement each, or one script.

export type StoreAddress = { file: string } | { postgres: string; redis?: string };

export type UserRow = Record<'user_id' | 'email' | 'name' | 'verified_at' | 'created_at' | 'updated_at', string | number | null>;

export type Rotation = { userId: string; sessionId: string; generation: number; jti: string; next: string; now: number };

export type LimitStore = {
  look: (userId: string, sessionId: string) => UserRow | Promise<UserRow>;
  /** Gives the user's id; throws when the session is not in that generation any more. */
  rotate: (rotation: Rotation) => string | Promise<string>;
};

/** Where the limit keeps its copies of the sessions in Redis. */
export const limitPrefix = 'limit:';

const user = `
  left join user_emails on user_emails.user_id = users.id and user_emails.is_primary = 1
  left join active_users on active_users.user_id = users.id`;
const columns = 'users.*, user_emails.email, user_emails.verified_at, active_users.activated_at';
const sessionAndUser = (id: string) => `
  select sessions.*, ${columns} from sessions left join users on users.id = sessions.user_id ${user} where sessions.id = ${id}`;
const rotation = ([jti, now, id, generation, before]: readonly [string, string, string, string, string]) => `
  update sessions set generation = generation + 1, previous_jti = refresh_jti, refresh_jti = ${jti}, rotated_at = ${now},
    successor_seen = 0, last_used_at = ${now}, expires_at = ${now} + idle_seconds * 1000
  where id = ${id} and generation = ${generation} and refresh_jti = ${before} and ended_at is null and expires_at > ${now}
  returning user_id`;

const openSqlite = (file: string): LimitStore => {
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -32000; pragma foreign_keys = on');
  const select = database.prepare(sessionAndUser('?'));
  const update = database.prepare(rotation(['?1', '?2', '?3', '?4', '?5']));
  return {
    look: (_, sessionId) => select.get(sessionId) as UserRow,
    rotate: ({ sessionId, generation, jti, next, now }) =>
      (update.get(next, now, sessionId, generation, jti) as { user_id: string }).user_id,
  };
};

const openPostgres = (url: string): LimitStore => {
  const pool = new Pool({ connectionString: url, max: 10 });
  const text = rotation(['$1', '$2::bigint', '$3', '$4', '$5']);
  return {
    look: async (_, sessionId) =>
      (await pool.query({ name: 'look', text: sessionAndUser('$1'), values: [sessionId] })).rows[0] as UserRow,
    rotate: async ({ sessionId, generation, jti, next, now }) => {
      const { rows } = await pool.query({ name: 'rotate', text, values: [next, now, sessionId, generation, jti] });
      return (rows[0] as { user_id: string }).user_id;
    },
  };
};

const rotateInRedis = `
local session = cjson.decode(redis.call('GET', KEYS[1]))
if session.generation ~= tonumber(ARGV[1]) or session.refreshJti ~= ARGV[2] then return 0 end
session.generation = session.generation + 1
session.previousJti = session.refreshJti
session.refreshJti = ARGV[3]
session.rotatedAt = tonumber(ARGV[4])
session.lastUsedAt = session.rotatedAt
session.expiresAt = session.rotatedAt + session.idleSeconds * 1000
redis.call('SET', KEYS[1], cjson.encode(session), 'KEEPTTL')
return 1`;

/** Sessions in Redis, users in PostgreSQL. */
const openRedis = async (postgres: string, url: string): Promise<LimitStore> => {
  const pool = new Pool({ connectionString: postgres, max: 10 });
  const redis = createClient({ url });
  await redis.connect();
  const sha = await redis.scriptLoad(rotateInRedis);
  const text = `select users.id as user_id, ${columns} from users ${user} where users.id = $1`;
  const keyOf = (userId: string, sessionId: string) => `${limitPrefix}{${userId}}:sessions:${sessionId}`;
  return {
    look: async (userId, sessionId) => {
      const asked = { name: 'look', text, values: [userId] };
      const [record, { rows }] = await Promise.all([redis.get(keyOf(userId, sessionId)), pool.query(asked)]);
      JSON.parse(record ?? '');
      return rows[0] as UserRow;
    },
    rotate: async ({ userId, sessionId, generation, jti, next, now }) => {
      const done = await redis.evalSha(sha, {
        keys: [keyOf(userId, sessionId)],
        arguments: [String(generation), jti, next, String(now)],
      });
      if (done !== 1) throw new Error('the session is in another generation');
      return userId;
    },
  };
};

export const openLimitStore = async (address: StoreAddress): Promise<LimitStore> => {
  if ('file' in address) return openSqlite(address.file);
  return address.redis === undefined ? openPostgres(address.postgres) : openRedis(address.postgres, address.redis);
};
