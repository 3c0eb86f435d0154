/** What was revoked, for as long as a token that it is about could still be valid. Written with the revocation itself. */
import type { Kysely, Migration } from 'kysely';

export const revocations: Migration = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await db.schema
      .createTable('revocations')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('session_id', 'text')
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('generation', 'integer')
      .addColumn('reason', 'text', (column) => column.notNull())
      .addColumn('revoked_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('revocations_by_end').on('revocations').column('expires_at').execute();
  },
};
