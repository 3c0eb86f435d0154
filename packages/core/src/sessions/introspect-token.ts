import type { Deps } from '../deps.ts';
import type { AccessClaims } from '../tokens/claims.ts';
import type { User } from '../users/user.ts';
import { authenticate } from './authenticate.ts';

/**
 * Another service asks about an access token instead of checking it itself (RFC 7662). The answer is what this server would
 * do with it now: session and account are looked up, nothing is remembered. Undefined for every token that would be
 * refused, whatever the reason: who may ask learns no more about it than that.
 *
 * A token that reaches another service was seen by its client, so it proves that its rotation's answer arrived.
 */
export type Introspected = { claims: AccessClaims; user: User };

export const introspectToken = async (
  deps: Pick<Deps, 'tokens' | 'sessions' | 'clock'>,
  { token }: { token: string },
): Promise<Introspected | undefined> => {
  const caller = await authenticate(deps, token);
  return caller.ok ? { claims: caller.value.claims, user: caller.value.user } : undefined;
};
