/** Revocations as rows: the truth of the feed that verifiers read. */
import type { Kysely, Selectable } from 'kysely';
import type { Revocation, RevocationLog } from '../../revocations/revocation.ts';
import type { Database, RevocationsTable } from './database.ts';
import { newRowId } from './row-id.ts';

export const createRevocationLog = (db: Kysely<Database>): RevocationLog => ({
  listAfter: async (afterId, now) => {
    const rows = await db
      .selectFrom('revocations')
      .selectAll()
      .where('id', '>', afterId)
      .where('expires_at', '>', now)
      .orderBy('id')
      .execute();
    return rows.map(toRevocation);
  },

  purge: async (now, limit) => {
    const { numDeletedRows } = await db
      .deleteFrom('revocations')
      .where('id', 'in', ({ selectFrom }) =>
        selectFrom('revocations as expired')
          .select('expired.id')
          .where('expired.expires_at', '<=', now)
          .orderBy('expired.expires_at')
          .limit(limit),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  },
});

export const addRevocations = async (db: Kysely<Database>, revocations: readonly Omit<Revocation, 'id'>[]): Promise<void> => {
  if (revocations.length === 0) return;
  await db
    .insertInto('revocations')
    .values(
      revocations.map(({ sessionId, userId, generation, reason, revokedAt, expiresAt }) => ({
        id: newRowId(revokedAt),
        session_id: sessionId,
        user_id: userId,
        generation,
        reason,
        revoked_at: revokedAt,
        expires_at: expiresAt,
      })),
    )
    .execute();
};

const toRevocation = (row: Selectable<RevocationsTable>): Revocation => ({
  id: row.id,
  sessionId: row.session_id,
  userId: row.user_id,
  generation: row.generation,
  reason: row.reason as Revocation['reason'],
  revokedAt: row.revoked_at,
  expiresAt: row.expires_at,
});
