import type { Deps } from '../deps.ts';
import { parseEmailAddress } from '../emails/email-address.ts';
import { addressSubject } from '../limits/lockout-subject.ts';
import { verifyPassword } from '../passwords/verify-password.ts';
import { fail, ok, type Result } from '../result.ts';
import type { User } from '../users/user.ts';
import { type IssuedTokens, issueTokens } from './issue-tokens.ts';
import type { Session } from './session.ts';
import type { ClientInfo, SessionPolicy } from './session-policy.ts';
import { startSession } from './start-session.ts';

/**
 * A person proves with address and password who they are, and gets a session.
 *
 * The order: lockout first, because a refused attempt must cost no hash; then one hash comparison for everybody, known
 * or not; only behind the right password is the account's state told. Unknown address, wrong password and unusable
 * account are one failure outside; the audit event keeps the real reason.
 *
 * Records `session.started`, or `session.start_refused` with the reason.
 */
export type LogInFailure =
  | { code: 'invalid_credentials' }
  | { code: 'account_locked'; lockedUntil: number }
  | { code: 'email_not_verified' }
  | { code: 'account_suspended' }
  | { code: 'account_deactivated' }
  /** The account has no password; told only while hints are on. */
  | { code: 'no_password' };

export type LogInInput = {
  email: string;
  password: string;
  remember: boolean;
  client: ClientInfo;
  /** The known-device cookie, as the browser sent it. */
  deviceCookie?: string | undefined;
  policy: SessionPolicy;
};

export type LoggedIn = { user: User; session: Session; tokens: IssuedTokens; deviceCookie: string };

type LogInDeps = Pick<
  Deps,
  | 'users'
  | 'organizations'
  | 'audit'
  | 'inTurn'
  | 'lockouts'
  | 'atomically'
  | 'clock'
  | 'secrets'
  | 'hasher'
  | 'tokens'
  | 'devices'
  | 'settings'
>;

export const logIn = async (deps: LogInDeps, input: LogInInput): Promise<Result<LoggedIn, LogInFailure>> => {
  const { users, audit, clock, secrets, hasher, devices, settings } = deps;
  const email = parseEmailAddress(input.email);
  if (!email) return fail('invalid_credentials');

  const refuse = async <F extends LogInFailure>(reason: string, failure: F, userId?: string) => {
    const { ipAddress } = input.client;
    await audit.add({ type: 'session.start_refused', reason, userId, ipAddress }, clock());
    return { ok: false as const, failure };
  };

  const found = await users.findForLogIn(email);
  const verified = await verifyPassword(deps, {
    subject: addressSubject(secrets, email),
    source: devices.recognize(input.deviceCookie, email) ?? '',
    password: input.password,
    hash: found?.passwordHash ?? null,
  });
  if (!verified.ok) {
    if (verified.failure.code === 'account_locked') return refuse('locked', verified.failure, found?.user.id);
    if (!found) return refuse('unknown_address', { code: 'invalid_credentials' });
    if (found.passwordHash !== null) return refuse('wrong_password', { code: 'invalid_credentials' }, found.user.id);
    return refuse('no_password', { code: settings.accountHints ? 'no_password' : 'invalid_credentials' }, found.user.id);
  }
  if (!found?.passwordHash) throw new Error('a password was verified against no hash');

  const { user, passwordHash } = found;
  if (user.status === 'pending') return refuse('email_not_verified', { code: 'email_not_verified' }, user.id);
  if (user.status === 'suspended') return refuse('account_suspended', { code: 'account_suspended' }, user.id);
  if (user.status !== 'active') return refuse('account_deactivated', { code: 'account_deactivated' }, user.id);

  const newHash = hasher.needsRehash(passwordHash) ? await hasher.hash(input.password) : undefined;
  const started = await deps.atomically(async (stores) => {
    // The password or the state may have changed while the hash was computed: whoever changed it wins. Whoever changes
    // it from here on waits, and finds the new session to end.
    await stores.users.lock(user.id);
    const current = await stores.users.findForLogIn(email);
    const unchanged = current?.user.id === user.id && current.passwordHash === passwordHash && current.user.status === 'active';
    if (!unchanged) return fail('invalid_credentials');
    if (newHash) await stores.passwords.replace(user.id, passwordHash, newHash, clock());
    const { client, remember, policy } = input;
    return ok(await startSession(deps, stores, { user: current.user, client, remember, policy }));
  });
  if (!started.ok) return refuse('changed_meanwhile', started.failure, user.id);

  const session = started.value;
  return ok({
    user,
    session,
    tokens: await issueTokens(deps, { session, user, policy: input.policy }),
    deviceCookie: devices.remember(input.deviceCookie, email),
  });
};
