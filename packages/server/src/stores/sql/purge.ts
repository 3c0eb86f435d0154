/** Removes what is over, along an index and a few rows at a time: no lock is held for longer than a moment. */
import type { Purge } from '@tegata/core';
import { type Kysely, type SqlBool, sql } from 'kysely';
import type { Database } from './database.ts';
import { createRevocationLog } from './revocations.ts';

export const createPurge = (db: Kysely<Database>): Purge => {
  const sessionsBy = async (column: 'absolute_expires_at' | 'ended_at', before: number, limit: number) => {
    const { numDeletedRows } = await db
      .deleteFrom('sessions')
      .where('id', 'in', ({ selectFrom }) =>
        selectFrom('sessions').select('id').where(column, '<', before).orderBy(column).limit(limit),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  };

  return {
    // Sessions that were only left unused go with their absolute end: an index of `expires_at` would cost every refresh.
    sessions: async (before, limit) => {
      const removed = await sessionsBy('ended_at', before, limit);
      return removed < limit ? removed + (await sessionsBy('absolute_expires_at', before, limit - removed)) : removed;
    },

    oneTimeTokens: async (before, limit) => {
      const { numDeletedRows } = await db
        .deleteFrom('one_time_tokens')
        .where('id', 'in', ({ selectFrom }) =>
          selectFrom('one_time_tokens').select('id').where('expires_at', '<', before).orderBy('expires_at').limit(limit),
        )
        .executeTakeFirst();
      return Number(numDeletedRows);
    },

    lockouts: async (before, limit) => {
      const { numDeletedRows } = await db
        .deleteFrom('lockouts')
        .where(
          sql<SqlBool>`(subject, source) in
            (select subject, source from lockouts where updated_at < ${before} order by updated_at limit ${limit})`,
        )
        // Somebody may add a failure while this looks.
        .where('updated_at', '<', before)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },

    // The condition of the partial index `mail_outbox_done`, word by word.
    mails: async (before, limit) => {
      const { numDeletedRows } = await db
        .deleteFrom('mail_outbox')
        .where('id', 'in', ({ selectFrom }) =>
          selectFrom('mail_outbox')
            .select('id')
            .where(sql<SqlBool>`(sent_at is not null or failed_at is not null)`)
            .where(sql<SqlBool>`coalesce(sent_at, failed_at) < ${before}`)
            .orderBy(sql`coalesce(sent_at, failed_at)`)
            .limit(limit),
        )
        .executeTakeFirst();
      return Number(numDeletedRows);
    },

    auditEvents: async (before, limit) => {
      const { numDeletedRows } = await db
        .deleteFrom('audit_events')
        .where('id', 'in', ({ selectFrom }) =>
          selectFrom('audit_events').select('id').where('at', '<', before).orderBy('at').limit(limit),
        )
        .executeTakeFirst();
      return Number(numDeletedRows);
    },

    singleUseMarks: async (before, limit) => {
      const { numDeletedRows } = await db
        .deleteFrom('single_use_marks')
        .where('key', 'in', ({ selectFrom }) =>
          selectFrom('single_use_marks').select('key').where('expires_at', '<', before).orderBy('expires_at').limit(limit),
        )
        .executeTakeFirst();
      return Number(numDeletedRows);
    },

    revocations: createRevocationLog(db).purge,
  };
};
