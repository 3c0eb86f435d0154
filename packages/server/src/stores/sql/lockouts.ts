/** Counted failures. A change is a compare-and-set, repeated until nobody else wrote in between: no parallel guess is lost. */
import { randomInt } from 'node:crypto';
import type { Lockout, LockoutStore } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { Database } from './database.ts';

export const createLockoutStore = (db: Kysely<Database>): LockoutStore => ({
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
      written = row ? await replace(db, subject, source, row.version, next) : await insert(db, subject, source, next);
    }
  },

  clear: async (subject, source) => {
    await db.deleteFrom('lockouts').where('subject', '=', subject).where('source', '=', source).execute();
  },

  clearAll: async (subject) => {
    await db.deleteFrom('lockouts').where('subject', '=', subject).execute();
  },
});

const insert = async (db: Kysely<Database>, subject: string, source: string, next: Lockout): Promise<boolean> => {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('lockouts')
    .values({ subject, source, ...toColumns(next) })
    .onConflict((conflict) => conflict.columns(['subject', 'source']).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
};

const replace = async (
  db: Kysely<Database>,
  subject: string,
  source: string,
  version: number,
  next: Lockout,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('lockouts')
    .set(toColumns(next))
    .where('subject', '=', subject)
    .where('source', '=', source)
    .where('version', '=', version)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
};

const toColumns = (state: Lockout) => ({
  failures: state.failures,
  locks: state.locks,
  locked_until: state.lockedUntil,
  updated_at: state.updatedAt,
  // Drawn, not counted: a count would start over when the row is cleared, and a late writer could take the new row for the old.
  version: randomInt(2 ** 47),
});
