import type { Deps } from '../deps.ts';
import type { EmailAddress } from '../emails/email-address.ts';
import { fail, ok, type Result } from '../result.ts';
import type { PasswordHash } from './password-hash.ts';
import { checkPassword, type PasswordProblem } from './password-policy.ts';

export type PasswordRejected = { code: 'password_rejected'; problem: PasswordProblem };

/** Applies the policy, then hashes: the one way in which a new password enters. */
export const hashNewPassword = async (
  { hasher, isCommonPassword }: Pick<Deps, 'hasher' | 'isCommonPassword'>,
  password: string,
  emails: readonly EmailAddress[],
): Promise<Result<PasswordHash, PasswordRejected>> => {
  const problem = checkPassword(password, { emails, maxBytes: hasher.maxBytes, isCommon: isCommonPassword });
  if (problem) return fail('password_rejected', { problem });
  return ok(await hasher.hash(password));
};
