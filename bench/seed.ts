import type { Kysely } from 'kysely';
import { composeEngine } from '../packages/server/src/compose.ts';
import { parseConfig } from '../packages/server/src/config/config.ts';
import type { Database } from '../packages/server/src/stores/sql/database.ts';
import { newRowId } from '../packages/server/src/stores/sql/row-id.ts';
import { openDatabase } from '../packages/server/src/stores/sql/sql-stores.ts';
import { rowAdder } from '../packages/server/src/stores/sql/transfer/rows.ts';
import { tablesToMove } from '../packages/server/src/stores/sql/transfer/tables.ts';

// Many people who are logged in, in seconds: whole rows in batches, where people.ts goes through the stores one by one.

export type Seeded = { email: string; userId: string; sessionId: string; accessToken: string; refreshToken: string };

const atOnce = 1_000;
const day = 86_400;
const week = 7 * day;

/** Every person's password. */
export const seededPassword = 'correct horse battery';

/**
 * `settings` are those of the server. Each person has an account, an address, a password, and `sessionsEach` live sessions,
 * a day apart, with their entries in the audit log. Gives `wanted` of the sessions with tokens, spread evenly over all.
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
  const database = await openDatabase(config.databaseUrl, config.postgres);
  const add = rowAdder(config.databaseUrl);
  const tables = new Map((await tablesToMove()).map((table) => [table.name, table]));

  const seeded: Seeded[] = [];
  const now = Date.now();
  const email = (number: number) => `person-${number}@example.com` as Database['user_emails']['email'];
  const isWanted = (session: number) => {
    const before = (count: number) => Math.floor((count * wanted) / (people * sessionsEach));
    return before(session + 1) > before(session);
  };
  const addBatch = async (db: Kysely<Database>, numbers: readonly number[]) => {
    const insert = <Name extends keyof Database>(name: Name, rows: Database[Name][]) => add(db, tables.get(name)!, rows);
    const batch = numbers.map((number) => ({ number, userId: secrets.uuid() }));
    const sessions = batch.flatMap(({ number, userId }) =>
      Array.from({ length: sessionsEach }, (_, each) => ({
        number,
        userId,
        id: secrets.uuid(),
        jti: secrets.uuid(),
        // Not all at one moment, so that an index by time looks as it does in life.
        startedAt: now - (each * day + (number % 3_600)) * 1000,
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
      sessions.map(({ userId, id, startedAt }) => ({
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
    // One commit for all tables, which is most of the time where each is flushed.
    await database.db.transaction().execute((transaction) => addBatch(transaction, numbers));
  }
  await database.close();
  await engine.close();
  return seeded;
};

// `node bench/seed.ts 100000` with the settings of a server.
if (import.meta.main) {
  const people = Number(process.argv[2] ?? 1_000);
  const startedAt = performance.now();
  await seed(process.env as Record<string, string>, people);
  console.log(`${people} people in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}
