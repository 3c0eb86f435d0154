import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { type AccessClaims, ownerOf } from '../tokens/claims.ts';
import type { User } from '../users/user.ts';
import { isLive, type Session, type SessionEndReason } from './session.ts';

/**
 * Who is calling? Checks the access token, then session and user in one query: being signed out, suspended or deleted
 * takes effect with the next request, not when the token expires.
 *
 * The first token of a rotation to come back also proves that the rotation's answer arrived; from then on, and once the
 * grace is over, the previous refresh token is a stolen one.
 */
export type WhySessionEnded = SessionEndReason | 'session_expired' | 'session_unknown';

export type AuthenticateFailure =
  | { code: 'token_invalid' }
  | { code: 'token_expired' }
  /** The token was fine; what it stands for is over. */
  | { code: 'session_ended'; reason: WhySessionEnded };

export type Authenticated = { user: User; session: Session; claims: AccessClaims };

export const authenticate = async (
  { tokens, sessions, clock }: Pick<Deps, 'tokens' | 'sessions' | 'clock'>,
  accessToken: string,
): Promise<Result<Authenticated, AuthenticateFailure>> => {
  const token = await tokens.verifyAccess(accessToken);
  if (token.state === 'invalid') return fail('token_invalid');
  if (token.state === 'expired') return fail('token_expired');
  const { claims } = token;

  const found = await sessions.findWithUser(claims.sid, ownerOf(claims));
  if (!found) return fail('session_ended', { reason: 'session_unknown' });
  const { session, user } = found;
  if (!isLive(session, clock())) return fail('session_ended', { reason: session.endReason ?? 'session_expired' });
  if (!user) return fail('session_ended', { reason: 'account_closed' });
  if (user.status !== 'active') {
    return fail('session_ended', { reason: user.status === 'suspended' ? 'account_suspended' : 'account_deactivated' });
  }
  // A generation that the session has not reached: the database is older than the token (a restored backup).
  if (claims.gen > session.generation) return fail('token_invalid');

  if (!session.successorSeen && claims.gen === session.generation) {
    await sessions.markSuccessorSeen(session.id, session.userId, session.generation);
  }
  return ok({ user, session, claims });
};
