/** Password hashes, one a user at most. */
import type { PasswordStore } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { Database, PasswordCredentialsTable } from './database.ts';

export const createPasswordStore = (db: Kysely<Database>): PasswordStore => ({
  find: async (userId) => {
    const row = await db
      .selectFrom('password_credentials')
      .select('password_hash')
      .where('user_id', '=', userId)
      .executeTakeFirst();
    return row?.password_hash;
  },

  create: async (credential) => {
    await db.insertInto('password_credentials').values(toRow(credential)).execute();
  },

  replace: async (userId, from, to, now) => {
    const { numUpdatedRows } = await db
      .updateTable('password_credentials')
      .set({ password_hash: to, updated_at: now })
      .where('user_id', '=', userId)
      .where('password_hash', '=', from)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  },

  set: async (credential) => {
    const { hash, now } = credential;
    await db
      .insertInto('password_credentials')
      .values(toRow(credential))
      .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ password_hash: hash, updated_at: now }))
      .execute();
  },

  remove: async (userId) => {
    await db.deleteFrom('password_credentials').where('user_id', '=', userId).execute();
  },
});

const toRow = ({ id, userId, hash, now }: Parameters<PasswordStore['create']>[0]): PasswordCredentialsTable => ({
  id,
  user_id: userId,
  password_hash: hash,
  created_at: now,
  updated_at: now,
});
