/** A one-time secret as mailed to a person: 256 random bits, base64url. Never stored, never logged; the store has its digest. */
export type SecretToken = string & { readonly __brand: 'SecretToken' };

/** SHA-256 of a `SecretToken` (or of a short code keyed with the server's secret), base64url: what the store may keep. */
export type TokenDigest = string & { readonly __brand: 'TokenDigest' };
