import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { hashNewPassword, type PasswordRejected } from './hash-new-password.ts';

/**
 * For operators: a new password for somebody who cannot reset it. The same policy as everywhere; every session ends, reset
 * links die, and the owner is told by mail. It lifts neither a suspension nor a lock. Records `password.set`.
 */
export type SetUserPasswordFailure = { code: 'user_not_found' } | PasswordRejected;

type SetUserPasswordDeps = Pick<Deps, 'users' | 'emails' | 'atomically' | 'clock' | 'secrets' | 'hasher' | 'isCommonPassword'>;

export const setUserPassword = async (
  deps: SetUserPasswordDeps,
  { userId, password }: { userId: string; password: string },
): Promise<Result<{ endedSessions: number }, SetUserPasswordFailure>> => {
  const user = await deps.users.find(userId);
  if (!user) return fail('user_not_found');
  const addresses = (await deps.emails.list(userId)).map((own) => own.email);
  const hashed = await hashNewPassword(deps, password, addresses);
  if (!hashed.ok) return hashed;

  return deps.atomically(async (stores) => {
    const now = deps.clock();
    if (!(await stores.users.lock(userId))) return fail('user_not_found');
    await stores.passwords.set({ id: deps.secrets.uuid(), userId, hash: hashed.value, now });
    const endedSessions = await stores.sessions.endAll(userId, 'password_set', now);
    await stores.oneTimeTokens.invalidate(userId, 'reset_password', now);
    const { email: to, locale, name } = user;
    await stores.outbox.add({ kind: 'password_changed', to, locale, name, at: now }, now);
    await stores.audit.add({ type: 'password.set', userId, reason: 'by_operator' }, now);
    return ok({ endedSessions });
  });
};
