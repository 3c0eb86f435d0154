/** Claims of every token Tegata signs (RFC 7519). Times are whole seconds here, as the RFC has them. */
type CommonClaims = {
  sub: string;
  /** The user's id, where a contract puts another form of it into `sub`. */
  uid?: string;
  iat: number;
  exp: number;
  jti: string;
  /** The session it belongs to. */
  sid: string;
  /** The rotation of that session that issued it, counted from 0. */
  gen: number;
};

export type AccessClaims = CommonClaims & { [contractClaim: string]: unknown };
export type RefreshClaims = CommonClaims & { [contractClaim: string]: unknown };

/** Whose the token is. */
export const ownerOf = ({ sub, uid = sub }: { sub: string; uid?: string }): string => uid;

/** Why a token was not believed. `expired` carries the claims: log-out accepts an expired token, nothing else does. */
export type VerifiedToken<Claims> =
  | { state: 'valid'; claims: Claims }
  | { state: 'expired'; claims: Claims }
  | { state: 'invalid' };
