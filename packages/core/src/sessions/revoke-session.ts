import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';

/**
 * Ends one session from the person's own list, their current one included. Another user's id and an unknown one are the
 * same failure: ids tell nothing. Records `session.ended`.
 */
export type RevokeSessionFailure = { code: 'session_not_found' };

export const revokeSession = async (
  { atomically, clock }: Pick<Deps, 'atomically' | 'clock'>,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<Result<undefined, RevokeSessionFailure>> =>
  atomically(async (stores) => {
    if (!(await stores.sessions.end(sessionId, userId, 'session_revoked', clock()))) return fail('session_not_found');
    await stores.audit.add({ type: 'session.ended', userId, sessionId, reason: 'session_revoked' }, clock());
    return ok(undefined);
  });
