import type { Deps } from '../deps.ts';
import { userSubject } from '../limits/lockout-subject.ts';
import { type ConfirmPasswordFailure, confirmPassword } from '../passwords/confirm-password.ts';
import { fail, ok, type Result } from '../result.ts';
import { isFreshLogIn, type Session } from '../sessions/session.ts';
import type { User } from './user.ts';

/**
 * A person deletes their account: password again, or, where there is none, a log-in younger than five minutes. User,
 * addresses, password, tokens, mails and counted failures go in one transaction, sessions end, the address is free again.
 * The audit log keeps that it happened, under the id alone. Records `user.closed`.
 */
export type CloseAccountFailure =
  | ConfirmPasswordFailure
  | { code: 'password_required' }
  /** No password to ask for, and the log-in is too old to stand in for it. */
  | { code: 'step_up_required' };

type CloseAccountDeps = Pick<
  Deps,
  'passwords' | 'accountHook' | 'audit' | 'inTurn' | 'lockouts' | 'atomically' | 'clock' | 'hasher' | 'settings'
>;

export const closeAccount = async (
  deps: CloseAccountDeps,
  input: { user: User; session: Session; password: string | undefined; ipAddress: string | null },
): Promise<Result<undefined, CloseAccountFailure>> => {
  const { user, session, password, ipAddress } = input;
  const hash = await deps.passwords.find(user.id);
  if (hash) {
    if (password === undefined) return fail('password_required');
    const confirmed = await confirmPassword(deps, { user, password, hash, ipAddress });
    if (!confirmed.ok) return confirmed;
  } else if (!isFreshLogIn(session, deps.clock())) {
    return fail('step_up_required');
  }

  await deps.accountHook.beforeClose({ userId: user.id });
  return deps.atomically(async (stores) => {
    const now = deps.clock();
    // A call beside this one was faster: it is closed, and its owner has been told.
    if (!(await stores.users.find(user.id))) return ok(undefined);
    await stores.sessions.endAll(user.id, 'account_closed', now);
    for (const { email } of await stores.emails.list(user.id)) await stores.outbox.removeAllTo(email);
    await stores.lockouts.clearAll(userSubject(user.id));
    await stores.users.delete(user.id);
    const { email: to, locale, name } = user;
    await stores.outbox.add({ kind: 'account_closed', to, locale, name }, now);
    await stores.audit.add({ type: 'user.closed', userId: user.id, sessionId: session.id, ipAddress }, now);
    return ok(undefined);
  });
};
