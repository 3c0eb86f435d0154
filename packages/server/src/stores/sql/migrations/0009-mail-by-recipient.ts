/**
 * Closing an account removes its mails, which without this index means reading everybody's. PostgreSQL lets nobody add a
 * mail while the index is made: about a second for each million mails that are kept.
 */
import type { Kysely, Migration } from 'kysely';

export const mailByRecipient: Migration = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await db.schema.createIndex('mail_outbox_by_recipient').on('mail_outbox').column('recipient').execute();
  },
};
