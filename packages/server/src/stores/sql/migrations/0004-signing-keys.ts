/** Keys that sign access tokens. Of derived keys only the times are kept, so their halves are null. */
import type { Kysely, Migration } from 'kysely';

export const signingKeys: Migration = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await db.schema
      .createTable('signing_keys')
      .addColumn('kid', 'text', (column) => column.primaryKey().notNull())
      .addColumn('alg', 'text', (column) => column.notNull())
      .addColumn('sequence', 'bigint', (column) => column.notNull())
      .addColumn('public_jwk', 'text')
      .addColumn('sealed_private', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('activates_at', 'bigint')
      .addColumn('retires_at', 'bigint')
      .addColumn('revoked_at', 'bigint')
      .addUniqueConstraint('signing_keys_by_sequence', ['alg', 'sequence'])
      .execute();
  },
};
