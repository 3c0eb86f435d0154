/**
 * Sessions that another engine keeps end there before the database commits the row that tells of it. When the commit does
 * not come, the session stays ended and the row is missing: verifiers would accept its tokens until they expire. That engine
 * remembers what it ended, and whatever ends or starts a session of the same user next adds the rows that are missing.
 */
import type { SessionEndReason } from '@tegata/core';
import type { Transaction } from 'kysely';
import type { Database } from './database.ts';
import { addRevocations } from './revocations.ts';

/** The sessions of a user that ended at `since` or later, as far as they are remembered. */
export type EndedLately = (userId: string, since: number) => Promise<{ sessionId: string; reason: SessionEndReason }[]>;

/** Adds a row for each session that has ended and has none; those in `told` are known to have one. Returns which. */
export const addMissedRevocations = async (
  transaction: Transaction<Database>,
  { endedLately, keepMs }: { endedLately: EndedLately; keepMs: number },
  { userId, now, told }: { userId: string; now: number; told: ReadonlySet<string | null> },
): Promise<string[]> => {
  const ended = (await endedLately(userId, now - keepMs)).filter(({ sessionId }) => !told.has(sessionId));
  if (ended.length === 0) return [];
  const rows = await transaction
    .selectFrom('revocations')
    .select('session_id')
    .where('user_id', '=', userId)
    .where('generation', 'is', null)
    .execute();
  const recorded = new Set(rows.map((row) => row.session_id));
  const missed = ended.filter(({ sessionId }) => !recorded.has(sessionId));
  await addRevocations(
    transaction,
    missed.map((one) => ({ ...one, userId, generation: null, revokedAt: now, expiresAt: now + keepMs })),
  );
  return missed.map(({ sessionId }) => sessionId);
};
