// A key that signs tokens, and the ring of those that still verify. HS256 is node:crypto's HMAC and not a JOSE
// library's, because those go through WebCrypto: each call would queue for libuv's thread pool, behind the password
// hashes of a log-in storm, to compute a few microseconds of SHA-256. An asymmetric algorithm is one more function here
// that returns a `SigningKey`.

import { createHmac, type JsonWebKey, timingSafeEqual } from 'node:crypto';
import type { DerivedKey, KeyRing } from './derived-keys.ts';

export type SigningKey = {
  kid: string;
  /** The only algorithm this key is used with, whatever a token's header says (RFC 8725, section 3.1). */
  alg: 'HS256' | 'ES256' | 'EdDSA';
  sign: (data: string) => Uint8Array | Promise<Uint8Array>;
  verify: (data: string, signature: Uint8Array) => boolean | Promise<boolean>;
  /** The public half as a JWK of the JWKS document; a symmetric key has none. */
  publicJwk?: JsonWebKey;
};

/** Today's key first: it signs. All of them verify. */
export type SigningKeyRing = readonly [SigningKey, ...SigningKey[]];

export const hs256Key = ({ kid, key }: DerivedKey): SigningKey => {
  const sign = (data: string) => createHmac('sha256', key).update(data).digest();
  return {
    kid,
    alg: 'HS256',
    sign,
    verify: (data, signature) => {
      const expected = sign(data);
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    },
  };
};

export const hs256Ring = ([today, ...earlier]: KeyRing): SigningKeyRing => [hs256Key(today), ...earlier.map(hs256Key)];

/** What the JWKS endpoint publishes: public halves, and nothing at all for symmetric keys. */
export const publicKeys = (ring: SigningKeyRing): JsonWebKey[] => ring.flatMap(({ publicJwk }) => (publicJwk ? [publicJwk] : []));
