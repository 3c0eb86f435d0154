import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { isFreshLogIn, isLive, type Session } from '../sessions/session.ts';
import type { User } from '../users/user.ts';
import { hashNewPassword, type PasswordRejected } from './hash-new-password.ts';

/**
 * A person who logs in through providers only gives their account a password. There is none to ask for, so the log-in
 * must be younger than five minutes: a session left open somewhere must not become a lasting way in. The owner is told
 * by mail. Records `password.set`.
 */
export type SetPasswordFailure = { code: 'has_password' } | { code: 'step_up_required' } | PasswordRejected;

export const setPassword = async (
  deps: Pick<Deps, 'passwords' | 'emails' | 'atomically' | 'clock' | 'secrets' | 'hasher' | 'isCommonPassword'>,
  input: { user: User; session: Session; password: string; ipAddress: string | null },
): Promise<Result<undefined, SetPasswordFailure>> => {
  const { user, session, ipAddress } = input;
  if (await deps.passwords.find(user.id)) return fail('has_password');
  if (!isFreshLogIn(session, deps.clock())) return fail('step_up_required');
  const addresses = (await deps.emails.list(user.id)).map((own) => own.email);
  const hashed = await hashNewPassword(deps, input.password, addresses);
  if (!hashed.ok) return hashed;

  return deps.atomically(async (stores) => {
    const now = deps.clock();
    // While the hash was computed, the log-in may have been ended or somebody may have set one: whoever was first wins.
    const isThere = await stores.users.lock(user.id);
    const own = isThere && (await stores.sessions.find(session.id, user.id));
    if (!own || !isLive(own, now)) return fail('step_up_required');
    if (await stores.passwords.find(user.id)) return fail('has_password');
    await stores.passwords.create({ id: deps.secrets.uuid(), userId: user.id, hash: hashed.value, now });
    const { email: to, locale, name } = user;
    await stores.outbox.add({ kind: 'password_set', to, locale, name, at: now }, now);
    await stores.audit.add({ type: 'password.set', userId: user.id, sessionId: session.id, ipAddress }, now);
    return ok(undefined);
  });
};
