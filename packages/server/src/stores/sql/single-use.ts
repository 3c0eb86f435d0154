/** What may happen once. The primary key decides between parallel claims; marks that have expired go on the way. */
import type { SingleUse } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { Database } from './database.ts';

export const createSingleUse = (db: Kysely<Database>): SingleUse => ({
  claim: async (key, expiresAt, now) => {
    await db.deleteFrom('single_use_marks').where('expires_at', '<=', now).execute();
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('single_use_marks')
      .values({ key, expires_at: expiresAt })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  },
});
