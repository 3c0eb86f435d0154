// What a token must claim to be believed, once its signature is known to be right (RFC 7519, section 4.1; RFC 9068).

import type { TokenFailureCode } from './failures.ts';

/** Claims of every access token of Tegata; contracts add their own, such as `email` or `role`. Times are seconds. */
export type AccessClaims = {
  iss: string;
  aud: string | string[];
  sub: string;
  jti: string;
  /** The session. */
  sid: string;
  /** The rotation of the session that issued it, counted from 0. */
  gen: number;
  iat: number;
  exp: number;
  nbf?: number;
  [claim: string]: unknown;
};

export type Expected = { issuer: string; audience: string; toleranceSeconds: number };

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export const checkClaims = (
  payload: Record<string, unknown>,
  expected: Expected,
  now: number,
): AccessClaims | TokenFailureCode => {
  const { iss, aud, sub, jti, sid, gen, iat, exp, nbf = 0 } = payload;
  if (iss !== expected.issuer) return 'issuer_wrong';
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every(isText) || !audiences.includes(expected.audience)) return 'audience_wrong';
  if (![sub, jti, sid].every(isText) || ![gen, iat, exp, nbf].every(isCount)) return 'claims_malformed';
  return checkTimes(payload as AccessClaims, expected.toleranceSeconds, now) ?? (payload as AccessClaims);
};

export const checkTimes = (
  { iat, exp, nbf = 0 }: AccessClaims,
  toleranceSeconds: number,
  now: number,
): TokenFailureCode | undefined => {
  const seconds = now / 1000;
  // RFC 7519, section 4.1.4: not accepted on or after `exp`.
  if (seconds >= exp + toleranceSeconds) return 'token_expired';
  if (Math.max(iat, nbf) > seconds + toleranceSeconds) return 'token_not_yet_valid';
  return undefined;
};

/**
 * The user's id, as the server and its feed write it. Contracts differ in `sub`: one has the bare id, one a prefix in front of
 * it, and where there is `uid` it is the id.
 */
export const userIdOf = ({ uid, sub }: AccessClaims): string =>
  isText(uid) ? uid : (/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.exec(sub)?.[0] ?? sub);
