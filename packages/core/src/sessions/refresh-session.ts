import type { Bucket, Deps, LimitState } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { ownerOf } from '../tokens/claims.ts';
import type { User } from '../users/user.ts';
import type { WhySessionEnded } from './authenticate.ts';
import { type IssuedTokens, issueTokens } from './issue-tokens.ts';
import { decideRefresh, type Session } from './session.ts';
import type { SessionPolicy } from './session-policy.ts';

/**
 * A client trades its refresh token for the next pair (RFC 9700, section 4.14.2). `decideRefresh` is the policy; this
 * file carries it out: an honest client's refresh is one compare-and-set, so of parallel calls exactly one rotates and the
 * others find its successor. A token that no honest client still holds ends the session and everything derived from that log-in.
 *
 * Records `session.reuse_detected`. A token of the wrong kind, or a forged one, ends nothing.
 */
export type RefreshFailure =
  | { code: 'rate_limited'; state: LimitState }
  | { code: 'refresh_token_invalid' }
  | { code: 'session_not_found'; reason: WhySessionEnded }
  | { code: 'session_expired' }
  | { code: 'refresh_reuse' }
  | { code: 'user_not_found' }
  | { code: 'account_not_active'; reason: 'account_suspended' | 'account_deactivated' };

export type RefreshInput = {
  refreshToken: string;
  ipAddress: string | null;
  policy: SessionPolicy;
  /** How often one session may refresh. */
  limit: Bucket;
};

export type Refreshed = { user: User; session: Session; tokens: IssuedTokens };

type RefreshDeps = Pick<
  Deps,
  'sessions' | 'organizations' | 'limits' | 'atomically' | 'tokens' | 'secrets' | 'clock' | 'settings'
>;

export const refreshSession = async (deps: RefreshDeps, input: RefreshInput): Promise<Result<Refreshed, RefreshFailure>> => {
  const { sessions, tokens, secrets, clock, settings } = deps;
  const token = await tokens.verifyRefresh(input.refreshToken);
  if (token.state === 'invalid') return fail('refresh_token_invalid');
  const presented = token.claims;
  const state = await deps.limits.take(input.limit, presented.sid);
  if (!state.allowed) return fail('rate_limited', { state });

  const answer = async (session: Session, user: User | undefined): Promise<Result<Refreshed, RefreshFailure>> => {
    if (!user) return fail('user_not_found');
    if (user.status !== 'active') {
      return fail('account_not_active', {
        reason: user.status === 'suspended' ? 'account_suspended' : 'account_deactivated',
      });
    }
    return ok({ user, session, tokens: await issueTokens(deps, { session, user, policy: input.policy }) });
  };

  const now = clock();
  if (token.state === 'valid') {
    const rotated = await sessions.rotate({
      id: presented.sid,
      userId: ownerOf(presented),
      from: { generation: presented.gen, refreshJti: presented.jti },
      to: { refreshJti: secrets.uuid(), refreshKid: tokens.refreshKid() },
      now,
    });
    // An account that is not active gets nothing for it, and with the same token its successor once it is active again.
    if (rotated) return answer(rotated.session, rotated.user);
  }

  // Not the current token of a live session, or another call was faster and this one finds its successor.
  const found = await sessions.findWithUser(presented.sid, ownerOf(presented));
  // A store may forget a session when no token of it can be valid any more.
  if (!found && token.state === 'expired') return fail('session_expired');
  if (!found) return fail('session_not_found', { reason: 'session_unknown' });
  const { session, user } = found;
  if (session.endedAt !== null) return fail('session_not_found', { reason: session.endReason ?? 'session_unknown' });
  if (session.expiresAt <= now || token.state === 'expired') return fail('session_expired');
  if (user?.status !== 'active') return answer(session, user);

  switch (decideRefresh(session, presented, settings.refreshGraceSeconds, now)) {
    case 'repeat':
      return answer(session, user);
    case 'reuse':
      await endStolenSession(deps, session, input.ipAddress);
      return fail('refresh_reuse');
    case 'unknown':
      return fail('refresh_token_invalid');
    case 'rotate':
      // Generations only grow, so what is current now was current then.
      throw new Error('the store did not rotate a session from its current token');
  }
};

const endStolenSession = ({ atomically, clock }: RefreshDeps, session: Session, ipAddress: string | null) =>
  atomically(async (stores) => {
    const now = clock();
    if (await stores.sessions.end(session.id, session.userId, 'refresh_reuse', now)) {
      const { id: sessionId, userId } = session;
      await stores.audit.add({ type: 'session.reuse_detected', userId, sessionId, ipAddress }, now);
    }
    return ok(undefined);
  });
