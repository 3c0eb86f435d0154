import type { Deps } from '../deps.ts';
import { ownerOf } from '../tokens/claims.ts';

/** How a session is addressed: by its id and its owner's. */
export type NamedSession = { id: string; userId: string };

/**
 * Which sessions do these credentials name? Expired tokens name theirs too, forged ones none. For log-out, where a person
 * must be able to leave late, and for the guard against forged requests, which has to know before anything is decided
 * about the session. Says nothing about whether a session is alive.
 */
export const identifySessions = async (
  { tokens }: Pick<Deps, 'tokens'>,
  credentials: { accessToken?: string | undefined; refreshToken?: string | undefined },
): Promise<NamedSession[]> => {
  const verified = await Promise.all([
    credentials.accessToken ? tokens.verifyAccess(credentials.accessToken) : undefined,
    credentials.refreshToken ? tokens.verifyRefresh(credentials.refreshToken) : undefined,
  ]);
  const named = new Map<string, NamedSession>();
  for (const token of verified) {
    if (token && token.state !== 'invalid') named.set(token.claims.sid, { id: token.claims.sid, userId: ownerOf(token.claims) });
  }
  return [...named.values()];
};
