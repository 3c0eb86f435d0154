import type { Deps } from '../deps.ts';
import { userSubject } from '../limits/lockout-subject.ts';
import type { Result } from '../result.ts';
import type { User } from '../users/user.ts';
import type { PasswordHash } from './password-hash.ts';
import { type VerifyPasswordDeps, verifyPassword } from './verify-password.ts';

/** Asks a logged-in person for their password again, before something that a stolen session must not do. */
export type ConfirmPasswordFailure = { code: 'wrong_password' } | { code: 'account_locked'; lockedUntil: number };

export const confirmPassword = async (
  deps: VerifyPasswordDeps & Pick<Deps, 'audit'>,
  { user, password, hash, ipAddress }: { user: User; password: string; hash: PasswordHash; ipAddress: string | null },
): Promise<Result<undefined, ConfirmPasswordFailure>> => {
  const verified = await verifyPassword(deps, { subject: userSubject(user.id), source: '', password, hash });
  if (!verified.ok) {
    const reason = verified.failure.code;
    await deps.audit.add({ type: 'password.check_failed', userId: user.id, ipAddress, reason }, deps.clock());
  }
  return verified;
};
