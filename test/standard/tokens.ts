// Tokens as whoever holds them can read them.

type Decoded = {
  header: Record<string, unknown>;
  claims: Record<string, unknown> & { sub: string; sid: string; gen: number; jti: string };
};

const fromSegment = (segment: string | undefined) => JSON.parse(Buffer.from(segment ?? '', 'base64url').toString('utf8'));

/** Header and claims, the signature unverified. */
export const decodeToken = (token: string): Decoded => {
  const [header, claims] = token.split('.');
  return { header: fromSegment(header), claims: fromSegment(claims) };
};

/** The token in a `refresh_token=…` pair. */
export const tokenIn = (refreshCookie: string): string => refreshCookie.slice(refreshCookie.indexOf('=') + 1);

/** The same token with one character of the signature changed. */
export const tampered = (token: string): string => {
  const at = token.lastIndexOf('.') + 1;
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
};
