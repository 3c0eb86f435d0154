import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import type { User } from '../users/user.ts';
import { type ConfirmPasswordFailure, confirmPassword } from './confirm-password.ts';
import { hashNewPassword, type PasswordRejected } from './hash-new-password.ts';

/**
 * A logged-in person changes their password: the current one again, then the policy, then one compare-and-set. Every
 * other session ends, reset links die, and the owner is told by mail. Records `password.changed`.
 */
export type ChangePasswordFailure = ConfirmPasswordFailure | PasswordRejected | { code: 'no_password' };

type ChangePasswordDeps = Pick<
  Deps,
  'passwords' | 'emails' | 'audit' | 'inTurn' | 'lockouts' | 'atomically' | 'clock' | 'hasher' | 'isCommonPassword' | 'settings'
>;

export const changePassword = async (
  deps: ChangePasswordDeps,
  input: { user: User; sessionId: string; currentPassword: string; newPassword: string; ipAddress: string | null },
): Promise<Result<undefined, ChangePasswordFailure>> => {
  const { user, sessionId, ipAddress } = input;
  const current = await deps.passwords.find(user.id);
  if (!current) return fail('no_password');
  const confirmed = await confirmPassword(deps, { user, password: input.currentPassword, hash: current, ipAddress });
  if (!confirmed.ok) return confirmed;
  const addresses = (await deps.emails.list(user.id)).map((own) => own.email);
  const hashed = await hashNewPassword(deps, input.newPassword, addresses);
  if (!hashed.ok) return hashed;

  return deps.atomically(async (stores) => {
    const now = deps.clock();
    await stores.users.lock(user.id);
    // Somebody changed it in between: the password just confirmed is no longer the current one.
    if (!(await stores.passwords.replace(user.id, current, hashed.value, now))) return fail('wrong_password');
    await stores.sessions.endAll(user.id, 'password_changed', now, sessionId);
    await stores.oneTimeTokens.invalidate(user.id, 'reset_password', now);
    const { email: to, locale, name } = user;
    await stores.outbox.add({ kind: 'password_changed', to, locale, name, at: now }, now);
    await stores.audit.add({ type: 'password.changed', userId: user.id, sessionId, ipAddress }, now);
    return ok(undefined);
  });
};
