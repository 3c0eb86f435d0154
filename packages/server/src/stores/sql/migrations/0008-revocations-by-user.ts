/** Whether a session that has ended is among what was revoked: asked for one user at a time. */
import type { Kysely, Migration } from 'kysely';

export const revocationsByUser: Migration = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await db.schema.createIndex('revocations_by_user').on('revocations').column('user_id').execute();
  },
};
