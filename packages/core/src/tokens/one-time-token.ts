import type { EmailAddress } from '../emails/email-address.ts';
import type { TokenDigest } from './secret-token.ts';

/** What a mailed token may do. A token of one purpose is unknown to every other one. */
export type TokenPurpose = 'verify_email' | 'reset_password' | 'undo_primary_email';

export type OneTimeToken = {
  id: string;
  userId: string;
  purpose: TokenPurpose;
  /** The address it was mailed for: verification confirms this one and no other. */
  email: EmailAddress;
  digest: TokenDigest;
  /** Digest of the six-digit code in the same mail, where there is one. */
  codeDigest: TokenDigest | null;
  /** Wrong codes tried so far; at `maxCodeAttempts` the code is dead, the link still works. */
  codeAttempts: number;
  createdAt: number;
  expiresAt: number;
  usedAt: number | null;
};

/** NIST 800-63B 3.2.2 and OWASP: a short code must die after a handful of wrong tries. */
export const maxCodeAttempts = 5;

export type TokenState = 'usable' | 'used' | 'expired';

export const oneTimeTokenState = (token: Pick<OneTimeToken, 'usedAt' | 'expiresAt'>, now: number): TokenState => {
  if (token.usedAt !== null) return 'used';
  return token.expiresAt > now ? 'usable' : 'expired';
};
