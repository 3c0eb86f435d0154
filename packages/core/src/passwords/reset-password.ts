import type { Deps } from '../deps.ts';
import { addressSubject, userSubject } from '../limits/lockout-subject.ts';
import { fail, ok, type Result } from '../result.ts';
import { oneTimeTokenState } from '../tokens/one-time-token.ts';
import { hashNewPassword, type PasswordRejected } from './hash-new-password.ts';

/**
 * A person sets a new password with the mailed token.
 *
 * The token is looked at first (a dead one costs no hash), the policy second (a rejected password leaves the token
 * usable), and is consumed in the transaction that stores the password. Every session ends, every lock is lifted, and
 * the owner is told, at the primary address too: the link may have gone to one that a thief had added. The token proves
 * the mailbox, so the address counts as verified.
 *
 * It never logs in and never lifts a suspension. Records `password.reset`.
 */
export type ResetPasswordFailure =
  | { code: 'token_invalid' }
  | { code: 'token_used' }
  | { code: 'token_expired' }
  | PasswordRejected;

type ResetDeps = Pick<
  Deps,
  'oneTimeTokens' | 'users' | 'emails' | 'atomically' | 'clock' | 'secrets' | 'hasher' | 'isCommonPassword'
>;

export const resetPassword = async (
  deps: ResetDeps,
  input: { token: string; password: string; ipAddress: string | null },
): Promise<Result<undefined, ResetPasswordFailure>> => {
  const { oneTimeTokens, users, emails, atomically, clock, secrets } = deps;
  const token = await oneTimeTokens.findByDigest('reset_password', secrets.digestToken(input.token));
  if (!token) return fail('token_invalid');
  const state = oneTimeTokenState(token, clock());
  if (state !== 'usable') return fail(state === 'used' ? 'token_used' : 'token_expired');
  const user = await users.find(token.userId);
  if (!user) return fail('token_invalid');

  const addresses = (await emails.list(user.id)).map((own) => own.email);
  const hashed = await hashNewPassword(deps, input.password, addresses);
  if (!hashed.ok) return hashed;

  return atomically(async (stores) => {
    const now = clock();
    if (!(await stores.users.lock(user.id))) return fail('token_invalid');
    if (!(await stores.oneTimeTokens.consume(token.id, now))) return fail('token_used');
    await stores.passwords.set({ id: secrets.uuid(), userId: user.id, hash: hashed.value, now });
    await stores.sessions.endAll(user.id, 'password_reset', now);
    await stores.oneTimeTokens.invalidate(user.id, 'reset_password', now);
    await stores.emails.markVerified(user.id, token.email, now);
    await stores.users.activatePending(user.id, now);
    for (const subject of [...addresses.map((email) => addressSubject(secrets, email)), userSubject(user.id)]) {
      await stores.lockouts.clearAll(subject);
    }
    const { name, locale } = user;
    for (const to of new Set([token.email, user.email])) {
      await stores.outbox.add({ kind: 'password_changed', to, locale, name, at: now }, now);
    }
    await stores.audit.add({ type: 'password.reset', userId: user.id, ipAddress: input.ipAddress }, now);
    return ok(undefined);
  });
};
