/** Who does what only one node should do at a time. One statement decides: the row is new, over, or the caller's own. */
import type { Leases } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { Database } from './database.ts';

export const createLeases = (db: Kysely<Database>): Leases => ({
  take: async (name, holder, seconds, now) => {
    const heldUntil = now + seconds * 1000;
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('leases')
      .values({ name, holder, held_until: heldUntil })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({ holder, held_until: heldUntil })
          .where(({ or, eb }) => or([eb('leases.held_until', '<=', now), eb('leases.holder', '=', holder)])),
      )
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  },
});
