/** Accounts at providers. Two unique indexes decide: one user for each of them, and one of each provider for a user. */
import type { Connection, ConnectionStore } from '@tegata/core';
import type { Kysely, Selectable } from 'kysely';
import type { Database, OauthAccountsTable } from './database.ts';

export const createConnectionStore = (db: Kysely<Database>): ConnectionStore => ({
  add: async (connection) => {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('oauth_accounts')
      .values(toRow(connection))
      // Whichever of the two indexes it is.
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  },

  find: async (provider, providerUserId) => {
    const row = await db
      .selectFrom('oauth_accounts')
      .selectAll()
      .where('provider', '=', provider)
      .where('provider_user_id', '=', providerUserId)
      .executeTakeFirst();
    return row && toConnection(row);
  },

  list: async (userId) => {
    const rows = await db
      .selectFrom('oauth_accounts')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(toConnection);
  },

  update: async (id, { email, sealedTokens }, now) => {
    await db
      .updateTable('oauth_accounts')
      .set({ email, sealed_tokens: sealedTokens, updated_at: now })
      .where('id', '=', id)
      .execute();
  },

  remove: async (userId, provider) => {
    const { numDeletedRows } = await db
      .deleteFrom('oauth_accounts')
      .where('user_id', '=', userId)
      .where('provider', '=', provider)
      .executeTakeFirst();
    return numDeletedRows === 1n;
  },

  removeAll: async (userId) => {
    await db.deleteFrom('oauth_accounts').where('user_id', '=', userId).execute();
  },
});

const toConnection = (row: Selectable<OauthAccountsTable>): Connection => ({
  id: row.id,
  userId: row.user_id,
  provider: row.provider,
  providerUserId: row.provider_user_id,
  email: row.email,
  sealedTokens: row.sealed_tokens,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const toRow = (connection: Connection): OauthAccountsTable => ({
  id: connection.id,
  user_id: connection.userId,
  provider: connection.provider,
  provider_user_id: connection.providerUserId,
  email: connection.email,
  sealed_tokens: connection.sealedTokens,
  created_at: connection.createdAt,
  updated_at: connection.updatedAt,
});
