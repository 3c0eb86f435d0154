/** Accounts at providers, one of each provider a user; and the marks of what may happen only once. */
import type { Kysely, Migration } from 'kysely';

export const connections: Migration = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await db.schema
      .createTable('oauth_accounts')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
      .addColumn('provider', 'text', (column) => column.notNull())
      .addColumn('provider_user_id', 'text', (column) => column.notNull())
      .addColumn('email', 'text')
      .addColumn('sealed_tokens', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('oauth_accounts_by_subject', ['provider', 'provider_user_id'])
      .addUniqueConstraint('oauth_accounts_by_user', ['user_id', 'provider'])
      .execute();

    await db.schema
      .createTable('single_use_marks')
      .addColumn('key', 'text', (column) => column.primaryKey().notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('single_use_marks_by_expiry').on('single_use_marks').column('expires_at').execute();
  },
};
