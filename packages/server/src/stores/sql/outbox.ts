/**
 * Mail that waits to be sent. A message is one row written with what it announces; workers claim rows for a while, so a
 * crash between claim and sending delays a message and loses none. Its body holds one-time tokens and is encrypted.
 */
import type { ClaimedMessage, Mail, Outbox, OutboxMessage } from '@tegata/core';
import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely';
import type { Seal } from '../../adapters/seal.ts';
import type { Database, SqlDatabase } from './database.ts';
import { newRowId } from './row-id.ts';

export type OutboxOptions = Pick<SqlDatabase, 'skipLocked'> & {
  seal: Seal;
  /** Called for each message added: the worker need not wait for its next look. */
  added: () => void;
};

export const createOutbox = (db: Kysely<Database>, { skipLocked, seal, added }: OutboxOptions): Outbox => {
  const open = (sealed: string): OutboxMessage => JSON.parse(seal.open(sealed));

  const markFailed: Outbox['markFailed'] = async (id, error, retryAt, now) => {
    await db
      .updateTable('mail_outbox')
      .set({
        claimed_until: null,
        last_error: error,
        ...(retryAt === null ? { failed_at: now } : { next_attempt_at: retryAt }),
      })
      .where('id', '=', id)
      .where('sent_at', 'is', null)
      .execute();
  };

  return {
    add: async (message, now) => {
      await db
        .insertInto('mail_outbox')
        .values({
          id: newRowId(now),
          kind: message.kind,
          recipient: message.to,
          sealed_body: seal.seal(JSON.stringify(message)),
          attempts: 0,
          created_at: now,
          next_attempt_at: now,
        })
        .execute();
      added();
    },

    claim: async (limit, leaseSeconds, now) => {
      const rows = await db
        // Materialized: PostgreSQL may run a sub-select of a condition again for each row, and then claims beyond the limit.
        .with(
          (cte) => cte('due').materialized(),
          (query) =>
            query
              .selectFrom('mail_outbox')
              .select('id')
              .where(isWaiting)
              .where('next_attempt_at', '<=', now)
              .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', now)]))
              .orderBy('next_attempt_at')
              .orderBy('id')
              .limit(limit)
              .modifyEnd(skipLocked),
        )
        .updateTable('mail_outbox')
        .set(({ eb }) => ({ claimed_until: now + leaseSeconds * 1000, attempts: eb('attempts', '+', 1) }))
        .where('id', 'in', ({ selectFrom }) => selectFrom('due').select('due.id'))
        .returning(['id', 'sealed_body', 'attempts', 'created_at'])
        .execute();

      const claimed: ClaimedMessage[] = [];
      for (const { id, sealed_body: body, attempts, created_at: createdAt } of rows) {
        try {
          if (body === null) throw new Error('a waiting message has no body');
          claimed.push({ id, message: open(body), attempts, createdAt });
        } catch {
          // One unreadable message must not hold up the others, and no later attempt can read it either.
          await markFailed(id, 'the body cannot be decrypted: it was sealed with another secret', null, now);
        }
      }
      return claimed.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    },

    markSent: async (id, now, keepBody) => {
      await db
        .updateTable('mail_outbox')
        .set({ sent_at: now, claimed_until: null, last_error: null, ...(!keepBody && { sealed_body: null }) })
        .where('id', '=', id)
        .execute();
    },

    markFailed,

    remove: async (id) => {
      await db.deleteFrom('mail_outbox').where('id', '=', id).execute();
    },

    removeAllTo: async (to) => {
      await db.deleteFrom('mail_outbox').where('recipient', '=', to).execute();
    },

    listKept: async (limit) => {
      const rows = await db
        .selectFrom('mail_outbox')
        .select(['id', 'sealed_body', 'created_at'])
        .where('sent_at', 'is not', null)
        .where('sealed_body', 'is not', null)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map((row) => ({ id: row.id, mail: open(row.sealed_body!) as Mail, createdAt: row.created_at }));
    },

    backlog: async (now) => {
      const { waiting, oldest } = await db
        .selectFrom('mail_outbox')
        .select(({ fn }) => [fn.countAll<number>().as('waiting'), fn.min('created_at').as('oldest')])
        .where(isWaiting)
        .executeTakeFirstOrThrow();
      return { waiting: Number(waiting), oldestSeconds: oldest === null ? 0 : Math.floor((now - Number(oldest)) / 1000) };
    },
  };
};

/** The condition of the partial index `mail_outbox_due`. */
const isWaiting = (eb: ExpressionBuilder<Database, 'mail_outbox'>): Expression<SqlBool> =>
  eb.and([eb('sent_at', 'is', null), eb('failed_at', 'is', null)]);
