/**
 * What an access token says of itself. It is read, not verified: that is the server's business. Its lifetime is `exp - iat`,
 * so that a wrong clock on this side does not matter.
 */
export const readAccessToken = (token: string): { sub?: string; lifetimeMs?: number } => {
  try {
    const { sub, exp, iat } = JSON.parse(atob((token.split('.')[1] as string).replace(/-/g, '+').replace(/_/g, '/')));
    return { sub, lifetimeMs: (exp - iat) * 1000 };
  } catch {
    return {};
  }
};
