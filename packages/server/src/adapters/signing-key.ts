// A key that signs tokens. The arithmetic is node:crypto's, called at once and not through WebCrypto as JOSE libraries
// do: each of those calls would queue for libuv's thread pool, behind the password hashes of a log-in storm. Measured
// with 32 hashes waiting: 0.1 ms for a signature of ES256 against 290 ms.

import { createHmac, type JsonWebKey, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';
import type { SigningAlgorithm } from '@tegata/core';
import type { DerivedKey, KeyRing } from './derived-keys.ts';

export type SigningKey = {
  kid: string;
  /** The only algorithm this key is used with, whatever a token's header says (RFC 8725, section 3.1). */
  alg: SigningAlgorithm;
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

/** `privateKey` is missing where a key only verifies. */
export type KeyHalves = { kid: string; publicKey: KeyObject; privateKey?: KeyObject | undefined };

/** The order of P-256's group (FIPS 186-5). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const numberIn = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/**
 * ECDSA on P-256 (RFC 7518, section 3.4). Of a signature (r, s) everybody can make (r, −s), which verifies too. Only the
 * lower one is written and taken, so that a token has one text here as well.
 */
export const es256Key = ({ kid, publicKey, privateKey }: KeyHalves): SigningKey => ({
  kid,
  alg: 'ES256',
  sign: (data) => {
    const signature = sign('sha256', Buffer.from(data), { key: present(privateKey, kid), dsaEncoding: 'ieee-p1363' });
    const s = numberIn(signature.subarray(32));
    if (s > order / 2n) signature.write((order - s).toString(16).padStart(64, '0'), 32, 'hex');
    return signature;
  },
  verify: (data, signature) =>
    signature.length === 64 &&
    numberIn(signature.subarray(32)) <= order / 2n &&
    verify('sha256', Buffer.from(data), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature),
  publicJwk: publicJwkOf(kid, 'ES256', publicKey),
});

/** EdDSA with Ed25519 (RFC 8037), whose signatures have one form by themselves. */
export const ed25519Key = ({ kid, publicKey, privateKey }: KeyHalves): SigningKey => ({
  kid,
  alg: 'EdDSA',
  sign: (data) => sign(null, Buffer.from(data), present(privateKey, kid)),
  verify: (data, signature) => signature.length === 64 && verify(null, Buffer.from(data), publicKey, signature),
  publicJwk: publicJwkOf(kid, 'EdDSA', publicKey),
});

const present = (privateKey: KeyObject | undefined, kid: string): KeyObject => {
  if (!privateKey) throw new Error(`The key ${kid} has no private half here`);
  return privateKey;
};

/** Of the members named here only the public ones can be in a public key; the list keeps anything else out. */
const publicJwkOf = (kid: string, alg: SigningAlgorithm, publicKey: KeyObject): JsonWebKey => {
  const whole = publicKey.export({ format: 'jwk' });
  const publicMembers = Object.entries(whole).filter(([name]) => ['kty', 'crv', 'x', 'y'].includes(name));
  return { ...Object.fromEntries(publicMembers), kid, alg, use: 'sig' };
};
