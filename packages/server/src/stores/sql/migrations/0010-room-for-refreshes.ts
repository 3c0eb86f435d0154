/**
 * A refresh rewrites its session. PostgreSQL puts the new row beside the old one if the page has room, and touches no
 * index then; on a full page it writes a row elsewhere and into every index, at twice the cost. So pages of sessions are
 * filled to 85 percent. Only pages yet to be written are, and nothing waits. SQLite rewrites rows in place.
 */
import { type Kysely, type Migration, PostgresAdapter, sql } from 'kysely';

export const roomForRefreshes: Migration = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return;
    await sql`alter table sessions set (fillfactor = 85)`.execute(db);
  },
};
