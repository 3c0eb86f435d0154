import type { Bucket, Deps, LimitState } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { identifySessions } from './identify-sessions.ts';

/**
 * Ends the session that the caller's credentials name. Idempotent: nothing to end is success too. An expired token is
 * enough, because a person must be able to leave late; a forged one names nothing. Refresh and access token of two
 * different sessions end both: whoever holds them wanted to leave.
 *
 * Records `session.ended`.
 */
export type LogOutFailure = { code: 'rate_limited'; state: LimitState };

export const logOut = async (
  { sessions, tokens, audit, clock, limits }: Pick<Deps, 'sessions' | 'tokens' | 'audit' | 'clock' | 'limits'>,
  credentials: { accessToken?: string | undefined; refreshToken?: string | undefined },
  /** How often one user may log out. Whose session it was counts, ended or not: an ended one is asked for just as often. */
  options: { limit?: Bucket } = {},
): Promise<Result<{ ended: number }, LogOutFailure>> => {
  let ended = 0;
  for (const { id: sessionId, userId } of await identifySessions({ tokens }, credentials)) {
    if (!(await sessions.find(sessionId, userId))) continue;
    const state = options.limit && (await limits.take(options.limit, userId));
    if (state && !state.allowed) return fail('rate_limited', { state });
    if (!(await sessions.end(sessionId, userId, 'logged_out', clock()))) continue;
    await audit.add({ type: 'session.ended', userId, sessionId, reason: 'logged_out' }, clock());
    ended += 1;
  }
  return ok({ ended });
};
