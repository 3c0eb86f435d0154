/**
 * Counted failures. They do not wait for the disk: a log-in writes them twice, and what a power cut forgets is a few
 * guesses. A change is a compare-and-set, repeated until nobody else wrote in between: no parallel guess is lost.
 */
import { randomInt } from 'node:crypto';
import type { Lockout, LockoutStore } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { Database, SqlDatabase } from './database.ts';

type Unflushed = Pick<SqlDatabase, 'unflushed'>;

export const createLockoutStore = (db: Kysely<Database>, { unflushed }: Unflushed): LockoutStore => ({
  change: async (subject, source, rule) => {
    for (let written = false; !written; ) {
      const row = await db
        .selectFrom('lockouts')
        .select(['failures', 'locks', 'locked_until', 'updated_at', 'version'])
        .where('subject', '=', subject)
        .where('source', '=', source)
        .executeTakeFirst();
      const next = rule(
        row && { failures: row.failures, locks: row.locks, lockedUntil: row.locked_until, updatedAt: row.updated_at },
      );
      if (!next) return;
      if (row) {
        const change = updated(db, subject, source, row.version, next).modifyEnd(unflushed);
        written = (await change.executeTakeFirst()).numUpdatedRows === 1n;
      } else {
        const addition = inserted(db, subject, source, next).modifyEnd(unflushed);
        written = (await addition.executeTakeFirst()).numInsertedOrUpdatedRows === 1n;
      }
    }
  },

  clear: async (subject, source) => {
    await db.deleteFrom('lockouts').where('subject', '=', subject).where('source', '=', source).modifyEnd(unflushed).execute();
  },

  clearAll: async (subject) => {
    await db.deleteFrom('lockouts').where('subject', '=', subject).modifyEnd(unflushed).execute();
  },
});

const inserted = (db: Kysely<Database>, subject: string, source: string, next: Lockout) =>
  db
    .insertInto('lockouts')
    .values({ subject, source, ...toColumns(next) })
    .onConflict((conflict) => conflict.columns(['subject', 'source']).doNothing());

const updated = (db: Kysely<Database>, subject: string, source: string, version: number, next: Lockout) =>
  db
    .updateTable('lockouts')
    .set(toColumns(next))
    .where('subject', '=', subject)
    .where('source', '=', source)
    .where('version', '=', version);

const toColumns = (state: Lockout) => ({
  failures: state.failures,
  locks: state.locks,
  locked_until: state.lockedUntil,
  updated_at: state.updatedAt,
  // Drawn, not counted: a count would start over when the row is cleared, and a late writer could take the new row for the old.
  version: randomInt(2 ** 47),
});
