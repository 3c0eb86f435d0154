/** Sessions. Every change is conditional on what it replaces, so that of parallel calls exactly one succeeds. */
import type { Session, SessionStore } from '@tegata/core';
import { type Kysely, type QueryCreator, type Selectable, sql } from 'kysely';
import { type Database, inTransaction, type SessionsTable, type SqlDatabase } from './database.ts';
import { precompiled } from './precompiled.ts';
import { findUser, isPrimary, toUser, type UserRow, userColumns } from './user-row.ts';

export const createSessionStore = (
  db: Kysely<Database>,
  { serialize, readsFromWrites }: Pick<SqlDatabase, 'serialize' | 'readsFromWrites'>,
): SessionStore => ({
  create: (session, maxSessions) =>
    inTransaction(db, async (transaction) => {
      await serialize(transaction, session.userId);
      await transaction.insertInto('sessions').values(toRow(session)).execute();
      const now = session.createdAt;
      const evicted = await transaction
        .updateTable('sessions')
        .set({ ended_at: now, end_reason: 'session_limit' })
        .where('user_id', '=', session.userId)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', now)
        // The new one stays whatever the clocks of other servers wrote into the old ones.
        .where('id', '!=', session.id)
        .where('id', 'not in', ({ selectFrom }) =>
          selectFrom('sessions as kept')
            .select('kept.id')
            .where('kept.user_id', '=', session.userId)
            .where('kept.ended_at', 'is', null)
            .where('kept.expires_at', '>', now)
            .where('kept.id', '!=', session.id)
            .orderBy('kept.last_used_at', 'desc')
            .orderBy('kept.id', 'desc')
            .limit(maxSessions - 1),
        )
        .returning('id')
        .execute();
      return evicted.map((row) => row.id);
    }),

  find: async (id, userId) => {
    const row = await db.selectFrom('sessions').selectAll().where('id', '=', id).where('user_id', '=', userId).executeTakeFirst();
    return row && toSession(row);
  },

  findWithUser: async (id, userId) => {
    const [row] = (await selectWithUser(db, { id, userId })).rows;
    return row && withUser(row);
  },

  listLive: async (userId, now) => {
    const rows = await db
      .selectFrom('sessions')
      .selectAll()
      .where('user_id', '=', userId)
      .where('ended_at', 'is', null)
      .where('expires_at', '>', now)
      .orderBy('last_used_at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    return rows.map(toSession);
  },

  rotate: async ({ id, userId, from, to, now }) => {
    const { generation, refreshJti: previousJti } = from;
    const rotation = { id, userId, generation, nextGeneration: generation + 1, previousJti, ...to, now };
    if (readsFromWrites) {
      const [row] = (await rotateWithUser(db, rotation)).rows;
      return row && withUser(row);
    }
    const [row] = (await rotateAlone(db, rotation)).rows;
    return row && { session: toSession(row), user: await findUser(db, userId) };
  },

  markSuccessorSeen: async (id, userId, generation) => {
    await db
      .updateTable('sessions')
      .set({ successor_seen: 1 })
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .where('generation', '=', generation)
      .where('successor_seen', '=', 0)
      .execute();
  },

  end: async (id, userId, reason, now) => {
    const { numUpdatedRows } = await db
      .updateTable('sessions')
      .set({ ended_at: now, end_reason: reason })
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  },

  endAll: async (userId, reason, now, exceptId) => {
    let query = db
      .updateTable('sessions')
      .set({ ended_at: now, end_reason: reason })
      .where('user_id', '=', userId)
      .where('ended_at', 'is', null)
      .where('expires_at', '>', now);
    if (exceptId !== undefined) query = query.where('id', '!=', exceptId);
    return Number((await query.executeTakeFirst()).numUpdatedRows);
  },
});

/** Sessions and their owners, from the table or from what a statement before it has written and calls by that name. */
const sessionsWithUser = (db: Pick<Kysely<Database>, 'selectFrom'>) =>
  db
    .selectFrom('sessions')
    .leftJoin('users', 'users.id', 'sessions.user_id')
    .leftJoin('user_emails as primary_email', (join) => join.onRef('primary_email.user_id', '=', 'users.id').on(isPrimary))
    .leftJoin('active_users', 'active_users.user_id', 'users.id')
    .selectAll('sessions')
    .select(userColumns);

const selectWithUser = precompiled((db, { id, userId }: { id: string; userId: string }) =>
  sessionsWithUser(db).where('sessions.id', '=', id).where('sessions.user_id', '=', userId),
);

type Rotation = {
  id: string;
  userId: string;
  generation: number;
  nextGeneration: number;
  previousJti: string;
  refreshJti: string;
  refreshKid: string;
  now: number;
};

const rotation = (db: QueryCreator<Database>, to: Rotation) => {
  const slid = sql<number>`${to.now} + sessions.idle_seconds * 1000`;
  return db
    .updateTable('sessions')
    .set({
      generation: to.nextGeneration,
      refresh_jti: to.refreshJti,
      previous_jti: to.previousJti,
      refresh_kid: to.refreshKid,
      rotated_at: to.now,
      successor_seen: 0,
      last_used_at: to.now,
      // As `slidEnd` of the core has it.
      expires_at: sql`case when ${slid} < sessions.absolute_expires_at then ${slid} else sessions.absolute_expires_at end`,
    })
    .where('id', '=', to.id)
    .where('user_id', '=', to.userId)
    .where('generation', '=', to.generation)
    .where('refresh_jti', '=', to.previousJti)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', to.now)
    .returningAll();
};

const rotateAlone = precompiled((db, to: Rotation) => rotation(db, to));

const rotateWithUser = precompiled((db, to: Rotation) => sessionsWithUser(db.with('sessions', (inner) => rotation(inner, to))));

type Joined = { [Column in keyof UserRow]: UserRow[Column] | null };

const hasUser = (row: Joined): row is UserRow => row.account_id !== null && row.account_email !== null;

const withUser = (row: Selectable<SessionsTable> & Joined) => ({
  session: toSession(row),
  user: hasUser(row) ? toUser(row) : undefined,
});

export const toSession = (row: Selectable<SessionsTable>): Session => ({
  id: row.id,
  userId: row.user_id,
  generation: row.generation,
  refreshJti: row.refresh_jti,
  previousJti: row.previous_jti,
  refreshKid: row.refresh_kid,
  rotatedAt: row.rotated_at,
  successorSeen: row.successor_seen === 1,
  idleSeconds: row.idle_seconds,
  userAgent: row.user_agent,
  ipAddress: row.ip_address,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  expiresAt: row.expires_at,
  absoluteExpiresAt: row.absolute_expires_at,
  endedAt: row.ended_at,
  endReason: row.end_reason,
});

const toRow = (session: Session): SessionsTable => ({
  id: session.id,
  user_id: session.userId,
  generation: session.generation,
  refresh_jti: session.refreshJti,
  previous_jti: session.previousJti,
  refresh_kid: session.refreshKid,
  rotated_at: session.rotatedAt,
  successor_seen: session.successorSeen ? 1 : 0,
  idle_seconds: session.idleSeconds,
  user_agent: session.userAgent,
  ip_address: session.ipAddress,
  created_at: session.createdAt,
  last_used_at: session.lastUsedAt,
  expires_at: session.expiresAt,
  absolute_expires_at: session.absoluteExpiresAt,
  ended_at: session.endedAt,
  end_reason: session.endReason,
});
