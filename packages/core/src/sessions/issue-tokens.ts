import type { Deps } from '../deps.ts';
import type { User } from '../users/user.ts';
import type { Session } from './session.ts';
import type { SessionPolicy } from './session-policy.ts';

export type IssuedTokens = {
  accessToken: string;
  accessExpiresAt: number;
  /** From `iat` to `exp`: the policy's, or less when the session ends sooner. */
  accessSeconds: number;
  refreshToken: string;
  refreshExpiresAt: number;
};

/** A contract's own form of `sub` does not hide whose the token is. */
const subject = ({ id }: User, claims: ReturnType<SessionPolicy['claims']> = {}) => ({
  sub: id,
  ...claims,
  ...(claims.sub !== undefined && claims.sub !== id && { uid: id }),
});

const seconds = (ms: number) => Math.floor(ms / 1000);

/**
 * Signs the session's current pair. The refresh token is made of the session's row and the contract's own claims, so
 * asking again gives the same bytes: that is how a lost answer can be repeated without keeping the token anywhere.
 *
 * The role is read when the session's generation is stored and not before, and waits for whoever is changing it: either
 * the change saw this generation and revokes it, or the token says the new role.
 */
export const issueTokens = async (
  { tokens, secrets, clock, organizations }: Pick<Deps, 'tokens' | 'secrets' | 'clock' | 'organizations'>,
  { session, user, policy }: { session: Session; user: User; policy: SessionPolicy },
): Promise<IssuedTokens> => {
  const now = clock();
  const membership = policy.needsMembership ? await organizations.findSettledMembership(user.id) : undefined;
  const accessExpiresAt = Math.min(now + policy.accessTtlSeconds * 1000, session.expiresAt);
  const [iat, exp] = [seconds(now), seconds(accessExpiresAt)];
  const common = { sid: session.id, gen: session.generation };
  const [accessToken, refreshToken] = await Promise.all([
    tokens.signAccess({
      ...subject(user, policy.claims(user, membership)),
      ...common,
      jti: secrets.uuid(),
      iat,
      exp,
    }),
    tokens.signRefresh(
      {
        ...subject(user, policy.refreshClaims?.(user, membership)),
        ...common,
        jti: session.refreshJti,
        iat: seconds(session.rotatedAt),
        exp: seconds(session.expiresAt),
      },
      session.refreshKid,
    ),
  ]);
  return { accessToken, accessExpiresAt, accessSeconds: exp - iat, refreshToken, refreshExpiresAt: session.expiresAt };
};
