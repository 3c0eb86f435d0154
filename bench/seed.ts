import { composeEngine } from '../packages/server/src/compose.ts';
import { parseConfig } from '../packages/server/src/config/config.ts';
import type { Database } from '../packages/server/src/stores/sql/database.ts';
import { newRowId } from '../packages/server/src/stores/sql/row-id.ts';
import { openDatabase } from '../packages/server/src/stores/sql/sql-stores.ts';
import { rowAdder } from '../packages/server/src/stores/sql/transfer/rows.ts';
import { tablesToMove } from '../packages/server/src/stores/sql/transfer/tables.ts';

// Many people who are logged in, in seconds: whole rows in batches, where people.ts goes through the stores one by one.

export type Seeded = { email: string; userId: string; sessionId: string; refreshToken: string };

const atOnce = 1_000;
const week = 7 * 86_400;

/**
 * `settings` are those of the server. Each person has an account, an address, a password, a live session and an entry in
 * the audit log. Gives the first `wanted` of them with a refresh token.
 */
export const seed = async (settings: Record<string, string>, people: number, wanted = 0): Promise<Seeded[]> => {
  const config = parseConfig({ ...settings, LOG_LEVEL: 'silent' });
  const engine = await composeEngine(config);
  const { secrets, tokens, hasher } = engine.deps;
  const hash = await hasher.hash('correct horse battery');
  const database = await openDatabase(config.databaseUrl, config.postgres);
  const add = rowAdder(config.databaseUrl);
  const tables = new Map((await tablesToMove()).map((table) => [table.name, table]));
  const insert = <Name extends keyof Database>(name: Name, rows: Database[Name][]) => add(database.db, tables.get(name)!, rows);

  const seeded: Seeded[] = [];
  const now = Date.now();
  for (let from = 0; from < people; from += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, people - from) }, (_, index) => from + index);
    const batch = numbers.map((number) => ({ number, userId: secrets.uuid(), sessionId: secrets.uuid(), jti: secrets.uuid() }));
    const email = (number: number) => `person-${number}@example.com` as Database['user_emails']['email'];
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
      batch.map(({ userId, sessionId, jti }) => ({
        id: sessionId,
        user_id: userId,
        generation: 0,
        refresh_jti: jti,
        previous_jti: null,
        refresh_kid: tokens.refreshKid(),
        rotated_at: now,
        successor_seen: 1,
        idle_seconds: week,
        user_agent: 'Mozilla/5.0 "seed"',
        ip_address: '192.0.2.7',
        created_at: now,
        last_used_at: now,
        expires_at: now + week * 1000,
        absolute_expires_at: now + 90 * 86_400_000,
        ended_at: null,
        end_reason: null,
      })),
    );
    await insert(
      'audit_events',
      batch.map(({ userId, sessionId }) => ({
        id: newRowId(now),
        at: now,
        type: 'session.started',
        user_id: userId,
        session_id: sessionId,
        ip_address: '192.0.2.7',
        reason: null,
      })),
    );
    for (const { number, userId, sessionId, jti } of batch.slice(0, Math.max(0, wanted - seeded.length))) {
      const iat = Math.floor(now / 1000);
      const refreshToken = await tokens.signRefresh({ sub: userId, sid: sessionId, gen: 0, iat, jti, exp: iat + week });
      seeded.push({ email: email(number), userId, sessionId, refreshToken });
    }
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
