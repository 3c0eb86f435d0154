import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';

/**
 * For operators: suspend, deactivate or activate. Suspending and deactivating end every session at once and stop the
 * next request of a token still alive. Records `user.status_changed`.
 */
export type SetUserStatusFailure = { code: 'user_not_found' };

export const setUserStatus = async (
  { atomically, clock }: Pick<Deps, 'atomically' | 'clock'>,
  { userId, status }: { userId: string; status: 'active' | 'suspended' | 'deactivated' },
): Promise<Result<{ endedSessions: number }, SetUserStatusFailure>> =>
  atomically(async (stores) => {
    const now = clock();
    await stores.users.lock(userId);
    if (!(await stores.users.setStatus(userId, status, now))) return fail('user_not_found');
    const endedSessions = status === 'active' ? 0 : await stores.sessions.endAll(userId, `account_${status}`, now);
    await stores.audit.add({ type: 'user.status_changed', userId, reason: status }, now);
    return ok({ endedSessions });
  });
