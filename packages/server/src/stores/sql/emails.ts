/** Addresses of users. The unique index on the address decides who gets it, the one on primaries that each user has one. */
import type { EmailStore, UserEmail } from '@tegata/core';
import type { Kysely, Selectable } from 'kysely';
import { type Database, inTransaction, type UserEmailsTable } from './database.ts';

export const createEmailStore = (db: Kysely<Database>): EmailStore => ({
  add: async ({ id, userId, email, isPrimary, verifiedAt, createdAt }) => {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('user_emails')
      .values({
        id,
        user_id: userId,
        email,
        is_primary: isPrimary ? 1 : 0,
        verified_at: verifiedAt,
        created_at: createdAt,
        updated_at: createdAt,
      })
      .onConflict((conflict) => conflict.column('email').doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  },

  list: async (userId) => {
    const rows = await db
      .selectFrom('user_emails')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('is_primary', 'desc')
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(toUserEmail);
  },

  markVerified: async (userId, email, now) => {
    const { numUpdatedRows } = await db
      .updateTable('user_emails')
      .set(({ fn, val, ref, eb }) => ({
        verified_at: fn.coalesce('verified_at', val(now)),
        updated_at: eb.case().when('verified_at', 'is', null).then(now).else(ref('updated_at')).end(),
      }))
      .where('user_id', '=', userId)
      .where('email', '=', email)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  },

  setPrimary: (userId, emailId, now) =>
    inTransaction(db, async (transaction) => {
      // Who holds the user's row goes first: two changes at once cannot both demote the same old address and then collide.
      await transaction.updateTable('users').set({ updated_at: now }).where('id', '=', userId).execute();
      const next = await transaction
        .selectFrom('user_emails')
        .select('is_primary')
        .where('id', '=', emailId)
        .where('user_id', '=', userId)
        .where('verified_at', 'is not', null)
        .executeTakeFirst();
      if (!next) return false;
      if (next.is_primary === 1) return true;
      await transaction
        .updateTable('user_emails')
        .set({ is_primary: 0, updated_at: now })
        .where('user_id', '=', userId)
        .where((eb) => eb('is_primary', '=', eb.lit(1)))
        .execute();
      await transaction.updateTable('user_emails').set({ is_primary: 1, updated_at: now }).where('id', '=', emailId).execute();
      return true;
    }),

  remove: async (userId, emailId) => {
    const { numDeletedRows } = await db
      .deleteFrom('user_emails')
      .where('id', '=', emailId)
      .where('user_id', '=', userId)
      .where('is_primary', '=', 0)
      .executeTakeFirst();
    return numDeletedRows === 1n;
  },
});

const toUserEmail = (row: Selectable<UserEmailsTable>): UserEmail => ({
  id: row.id,
  userId: row.user_id,
  email: row.email,
  isPrimary: row.is_primary === 1,
  verifiedAt: row.verified_at,
  createdAt: row.created_at,
});
