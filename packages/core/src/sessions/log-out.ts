import type { Deps } from '../deps.ts';

/**
 * Ends the session that the caller's credentials name. Idempotent: nothing to end is success too. An expired token is
 * enough, because a person must be able to leave late; a forged one names nothing. Refresh and access token of two
 * different sessions end both: whoever holds them wanted to leave.
 *
 * Records `session.ended`.
 */
export const logOut = async (
  { sessions, tokens, audit, clock }: Pick<Deps, 'sessions' | 'tokens' | 'audit' | 'clock'>,
  credentials: { accessToken?: string | undefined; refreshToken?: string | undefined },
): Promise<{ ended: number }> => {
  const verified = await Promise.all([
    credentials.accessToken ? tokens.verifyAccess(credentials.accessToken) : undefined,
    credentials.refreshToken ? tokens.verifyRefresh(credentials.refreshToken) : undefined,
  ]);
  const sessionIds = new Set(verified.flatMap((token) => (token && token.state !== 'invalid' ? [token.claims.sid] : [])));

  let ended = 0;
  for (const sessionId of sessionIds) {
    const session = await sessions.find(sessionId);
    if (!session || !(await sessions.end(sessionId, session.userId, 'logged_out', clock()))) continue;
    await audit.add({ type: 'session.ended', userId: session.userId, sessionId, reason: 'logged_out' }, clock());
    ended += 1;
  }
  return { ended };
};
