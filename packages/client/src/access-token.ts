export type TokenFacts = { sub?: string; sid?: string; lifetimeMs?: number };

/**
 * What an access token says of itself. It is read, not verified: that is the server's business. Its lifetime is `exp - iat`,
 * so that a wrong clock on this side does not matter.
 */
export const readAccessToken = (token: string): TokenFacts => {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const { sub, sid, exp, iat } = JSON.parse(atob(payload)) as { sub?: string; sid?: string; exp?: number; iat?: number };
    return {
      ...(sub === undefined ? {} : { sub }),
      ...(sid === undefined ? {} : { sid }),
      ...(exp === undefined || iat === undefined ? {} : { lifetimeMs: (exp - iat) * 1000 }),
    };
  } catch {
    return {};
  }
};
