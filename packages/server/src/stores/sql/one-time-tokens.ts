/** One-time tokens, by their digests. Consuming one is a compare-and-set: of parallel uses exactly one succeeds. */
import type { OneTimeToken, OneTimeTokenStore } from '@tegata/core';
import type { Kysely, Selectable } from 'kysely';
import type { Database, OneTimeTokensTable } from './database.ts';

export const createOneTimeTokenStore = (db: Kysely<Database>): OneTimeTokenStore => ({
  create: async (token) => {
    await db.insertInto('one_time_tokens').values(toRow(token)).execute();
  },

  findByDigest: async (purpose, digest) => {
    const row = await db
      .selectFrom('one_time_tokens')
      .selectAll()
      .where('digest', '=', digest)
      .where('purpose', '=', purpose)
      .executeTakeFirst();
    return row && toToken(row);
  },

  findNewest: async (purpose, email) => {
    const row = await db
      .selectFrom('one_time_tokens')
      .selectAll()
      .where('email', '=', email)
      .where('purpose', '=', purpose)
      .where('code_digest', 'is not', null)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && toToken(row);
  },

  takeCodeAttempt: async (id, maxAttempts) => {
    const { numUpdatedRows } = await db
      .updateTable('one_time_tokens')
      .set(({ eb }) => ({ code_attempts: eb('code_attempts', '+', 1) }))
      .where('id', '=', id)
      .where('code_attempts', '<', maxAttempts)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  },

  consume: async (id, now) => {
    const { numUpdatedRows } = await db
      .updateTable('one_time_tokens')
      .set({ used_at: now })
      .where('id', '=', id)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  },

  invalidate: async (userId, purpose, now, email) => {
    let query = db
      .updateTable('one_time_tokens')
      .set({ used_at: now })
      .where('user_id', '=', userId)
      .where('purpose', '=', purpose)
      .where('used_at', 'is', null);
    if (email !== undefined) query = query.where('email', '=', email);
    await query.execute();
  },

  listUsable: async (userId, purpose, now) => {
    const rows = await db
      .selectFrom('one_time_tokens')
      .selectAll()
      .where('user_id', '=', userId)
      .where('purpose', '=', purpose)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    return rows.map(toToken);
  },

  remove: async (id, userId) => {
    const { numDeletedRows } = await db
      .deleteFrom('one_time_tokens')
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    return numDeletedRows === 1n;
  },
});

const toToken = (row: Selectable<OneTimeTokensTable>): OneTimeToken => ({
  id: row.id,
  userId: row.user_id,
  purpose: row.purpose,
  email: row.email,
  digest: row.digest,
  codeDigest: row.code_digest,
  codeAttempts: row.code_attempts,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  usedAt: row.used_at,
});

const toRow = (token: OneTimeToken): OneTimeTokensTable => ({
  id: token.id,
  user_id: token.userId,
  purpose: token.purpose,
  email: token.email,
  digest: token.digest,
  code_digest: token.codeDigest,
  code_attempts: token.codeAttempts,
  created_at: token.createdAt,
  expires_at: token.expiresAt,
  used_at: token.usedAt,
});
