// New key pairs for signing, and those of the database opened again. The private half is sealed with a key of the
// server's secret, so a stolen copy of the database signs nothing.

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { AsymmetricAlgorithm, KeyMaker, KeyRecord } from '@tegata/core';
import type { Seal } from './seal.ts';
import { ed25519Key, es256Key, type SigningKey } from './signing-key.ts';

/** RFC 7638, shortened to 72 bits as the names of derived keys are: a name that only this key can have. */
const thumbprint = (publicKey: KeyObject): string => {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  // The members in the order of the alphabet; `undefined` leaves `y` out.
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url').slice(0, 12);
};

const generate = (algorithm: AsymmetricAlgorithm) =>
  algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');

export const createKeyMaker = (seal: Seal, derivedKids: readonly string[]): KeyMaker => ({
  make: (algorithm) => {
    const { publicKey, privateKey } = generate(algorithm);
    return {
      kid: thumbprint(publicKey),
      publicJwk: JSON.stringify(publicKey.export({ format: 'jwk' })),
      sealedPrivate: seal.seal(privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')),
    };
  },
  derivedKids,
});

/** The key as it signs and verifies; without its private half it only verifies. */
export const openKey = (record: KeyRecord, seal: Seal | undefined): SigningKey => {
  const publicKey = createPublicKey({ key: JSON.parse(record.publicJwk ?? 'null'), format: 'jwk' });
  const privateKey = seal && record.sealedPrivate !== null ? openPrivate(record.sealedPrivate, seal) : undefined;
  const named = [publicKey, ...(privateKey ? [createPublicKey(privateKey)] : [])];
  // Whoever can write to the database must not be able to lend a name that is known to another key.
  if (named.some((half) => thumbprint(half) !== record.kid)) throw new Error(`The key ${record.kid} is not what its name says`);
  const halves = { kid: record.kid, publicKey, privateKey };
  return record.algorithm === 'ES256' ? es256Key(halves) : ed25519Key(halves);
};

/** @throws Error when no secret of this server opens it. */
const openPrivate = (sealed: string, seal: Seal): KeyObject =>
  createPrivateKey({ key: Buffer.from(seal.open(sealed), 'base64'), format: 'der', type: 'pkcs8' });

/** Sealed with today's secret again; undefined when it is already. */
export const resealed = (sealed: string, seal: Seal, todaysKid: string): string | undefined =>
  sealed.startsWith(`v1.${todaysKid}.`) ? undefined : seal.seal(seal.open(sealed));
