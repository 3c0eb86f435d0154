import type { Deps } from '../deps.ts';

/**
 * Which sessions do these credentials name? Expired tokens name theirs too, forged ones none. For log-out, where a person
 * must be able to leave late, and for the guard against forged requests, which has to know before anything is decided
 * about the session. Says nothing about whether a session is alive.
 */
export const identifySessions = async (
  { tokens }: Pick<Deps, 'tokens'>,
  credentials: { accessToken?: string | undefined; refreshToken?: string | undefined },
): Promise<string[]> => {
  const verified = await Promise.all([
    credentials.accessToken ? tokens.verifyAccess(credentials.accessToken) : undefined,
    credentials.refreshToken ? tokens.verifyRefresh(credentials.refreshToken) : undefined,
  ]);
  return [...new Set(verified.flatMap((token) => (token && token.state !== 'invalid' ? [token.claims.sid] : [])))];
};
