// What a token of Tegata must claim to be believed, once its signature is known to be right (RFC 7519, section 4.1; RFC
// 8725, section 3).

import type { VerifiedToken } from '@tegata/core';

export type Audience = string | readonly string[];

/** Servers' clocks differ by a little: a token from up to this far ahead is not from the future. */
const toleratedSkewMs = 5000;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * `payload` is what the token holds, `now` milliseconds. An expired token is reported as such only when everything else
 * is right. The returned claims are without `iss` and `aud`, which say nothing any more.
 */
export const checkClaims = <Claims>(
  payload: Record<string, unknown>,
  expected: { issuer: string; audience: Audience },
  now: number,
): VerifiedToken<Claims> => {
  const { iss, aud, ...claims } = payload;
  const { sub, uid = sub, jti, sid, gen, iat, exp, nbf = 0 } = claims;
  const believable =
    iss === expected.issuer &&
    // The very form that we write: one audience as a string, several as a list in the configured order.
    JSON.stringify(aud) === JSON.stringify(expected.audience) &&
    [sub, uid, jti, sid].every(isText) &&
    [gen, iat, exp, nbf].every(isTime);
  if (!believable) return { state: 'invalid' };
  const latest = now + toleratedSkewMs;
  if ((iat as number) * 1000 > latest || (nbf as number) * 1000 > latest) return { state: 'invalid' };
  // RFC 7519, section 4.1.4: not accepted on or after `exp`.
  return { state: (exp as number) * 1000 > now ? 'valid' : 'expired', claims: claims as Claims };
};
