import type { Deps } from '../deps.ts';
import { returnAttempt, takeAttempt } from '../limits/lockout.ts';
import { fail, ok, type Result } from '../result.ts';
import type { PasswordHash } from './password-hash.ts';

/**
 * The only place where a password is compared. Every path that asks for one comes through here, so every path counts
 * its failures and obeys the lock.
 *
 * The attempt is taken before the comparison (see `takeAttempt`) and forgotten after a success. Without a hash to
 * compare with, the dummy hash is verified instead: a stranger cannot tell by the time whether there is an account.
 *
 * Attempts of one subject and source wait for one another, or the log-ins of ten open tabs would count as ten failures
 * before the first of them has succeeded.
 */
export type VerifyPasswordFailure = { code: 'wrong_password' } | { code: 'account_locked'; lockedUntil: number };

export type VerifyPasswordDeps = Pick<Deps, 'inTurn' | 'lockouts' | 'hasher' | 'clock' | 'settings'>;

type Attempt = { subject: string; source: string; password: string; hash: PasswordHash | null };

export const verifyPassword = (deps: VerifyPasswordDeps, attempt: Attempt): Promise<Result<undefined, VerifyPasswordFailure>> =>
  deps.inTurn(`${attempt.subject} ${attempt.source}`, () => verifyInTurn(deps, attempt));

const verifyInTurn = async (
  { lockouts, hasher, clock, settings }: VerifyPasswordDeps,
  attempt: Attempt,
): Promise<Result<undefined, VerifyPasswordFailure>> => {
  // In a storm, writing down attempts and taking them back would cost more than the hashes that are not computed.
  hasher.ensureRoom();
  const { subject, source, password } = attempt;
  // Half a surrogate pair becomes U+FFFD on the way to bytes: it would match a password that really holds one.
  const hash = password.isWellFormed() ? attempt.hash : null;

  let lockedUntil: number | undefined;
  await lockouts.change(subject, source, (before) => {
    const taken = takeAttempt(before, settings.lockout, clock());
    lockedUntil = taken.allowed ? undefined : taken.lockedUntil;
    return taken.allowed ? taken.next : undefined;
  });
  if (lockedUntil !== undefined) return fail('account_locked', { lockedUntil });

  let matches: boolean;
  try {
    matches = await hasher.verify(password, hash ?? hasher.dummyHash);
  } catch (error) {
    // The lane was full or something broke: nothing was evaluated, so nothing counts.
    await lockouts.change(subject, source, (before) => returnAttempt(before, settings.lockout, clock()));
    throw error;
  }
  if (!matches || hash === null) return fail('wrong_password');
  await lockouts.clear(subject, source);
  return ok(undefined);
};
