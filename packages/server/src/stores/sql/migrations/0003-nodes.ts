/** For many nodes over one database: who does what only one should do, and the index that purging sent mail needs. */
import { type Kysely, type Migration, sql } from 'kysely';

export const nodes: Migration = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await db.schema
      .createTable('leases')
      .addColumn('name', 'text', (column) => column.primaryKey().notNull())
      .addColumn('holder', 'text', (column) => column.notNull())
      .addColumn('held_until', 'bigint', (column) => column.notNull())
      .execute();
    await sql`create index mail_outbox_done on mail_outbox (coalesce(sent_at, failed_at))
      where sent_at is not null or failed_at is not null`.execute(db);
  },
};
