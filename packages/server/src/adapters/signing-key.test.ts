import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyRecord } from '@tegata/core';
import { aKeyRecord } from '@tegata/core/testing';
import { importJWK, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { deriveKeys } from './derived-keys.ts';
import { createKeyMaker, openKey, resealed } from './key-pairs.ts';
import { createSeal } from './seal.ts';
import { ed25519Key, es256Key } from './signing-key.ts';
import { isSignedBy, readCompactJws, writeCompactJws } from './strict-jws.ts';

const secret = 'a secret of the tests, long enough to be one';
const newSecret = 'the secret that replaces it after a rotation';
const sealOf = (...secrets: [string, ...string[]]) => createSeal(deriveKeys(secrets).ring('signing-key'));
const made = (algorithm: 'ES256' | 'EdDSA', seal = sealOf(secret)): KeyRecord =>
  aKeyRecord({ algorithm, ...createKeyMaker(seal, []).make(algorithm) });

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The other signature that verifies for the same text. */
const twin = (token: string): string => {
  const [head, payload, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  bytes.write(s.toString(16).padStart(64, '0'), 32, 'hex');
  return `${head}.${payload}.${bytes.toString('base64url')}`;
};

describe.each(['ES256', 'EdDSA'] as const)('a key of %s', (algorithm) => {
  const record = made(algorithm);
  const key = openKey(record, sealOf(secret));
  const isAccepted = async (token: string) => {
    const jws = readCompactJws(token);
    return jws !== undefined && (await isSignedBy(jws, key));
  };

  test('signs what it and jose verify, a hundred times over', async () => {
    const publicKey = await importJWK(key.publicJwk ?? {}, algorithm);
    for (let round = 0; round < 100; round += 1) {
      const token = await writeCompactJws('at+jwt', { sub: 'user-1', round }, key);
      expect(await isAccepted(token)).toBe(true);
      const { payload, protectedHeader } = await jwtVerify(token, publicKey, { algorithms: [algorithm] });
      expect(payload).toEqual({ sub: 'user-1', round });
      expect(protectedHeader).toEqual({ alg: algorithm, typ: 'at+jwt', kid: record.kid });
    }
  });

  test('refuses any other signature', async () => {
    const token = await writeCompactJws('at+jwt', { sub: 'user-1' }, key);
    const [head, payload, signature = ''] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect(await isAccepted(`${head}.${payload}.${changed.toString('base64url')}`), `byte ${at}`).toBe(false);
    }
    for (const wrong of [Buffer.alloc(64), Buffer.alloc(64, 255), bytes.subarray(1), Buffer.concat([bytes, Buffer.alloc(1)])]) {
      expect(await isAccepted(`${head}.${payload}.${wrong.toString('base64url')}`)).toBe(false);
    }
  });

  test('refuses the public key used as a shared secret, in every form it is published in', async () => {
    const pem = createPublicKey({ key: JSON.parse(record.publicJwk ?? ''), format: 'jwk' }).export({
      format: 'pem',
      type: 'spki',
    });
    const der = createPublicKey(pem).export({ format: 'der', type: 'spki' });
    const x = Buffer.from(key.publicJwk?.x ?? '', 'base64url');
    for (const shared of [pem, String(pem).trim(), der, x, record.publicJwk ?? '', JSON.stringify(key.publicJwk)]) {
      for (const alg of ['HS256', algorithm]) {
        const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: record.kid })).toString('base64url');
        const input = `${header}.${Buffer.from('{"sub":"user-1"}').toString('base64url')}`;
        expect(await isAccepted(`${input}.${createHmac('sha256', shared).update(input).digest('base64url')}`)).toBe(false);
      }
    }
  });

  test('publishes the members of a public key and no other', () => {
    const names =
      algorithm === 'ES256' ? ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'] : ['alg', 'crv', 'kid', 'kty', 'use', 'x'];
    expect(Object.keys(key.publicJwk ?? {}).toSorted()).toEqual(names);
    expect(key.publicJwk).toMatchObject({ use: 'sig', alg: algorithm, kid: record.kid });
  });

  test('is opened by the secret that sealed it, today or earlier, and by no other', () => {
    expect(() => openKey(record, sealOf(newSecret))).toThrow(/no secret this server knows/);
    const again = openKey(record, sealOf(newSecret, secret));
    expect(key.verify('data', again.sign('data') as Uint8Array)).toBe(true);
    const todaysKid = deriveKeys([newSecret]).current('signing-key').kid;
    const sealed = resealed(record.sealedPrivate ?? '', sealOf(newSecret, secret), todaysKid);
    const moved = openKey({ ...record, sealedPrivate: sealed ?? null }, sealOf(newSecret));
    expect(key.verify('data', moved.sign('data') as Uint8Array)).toBe(true);
    expect(resealed(sealed ?? '', sealOf(newSecret), todaysKid)).toBeUndefined();
  });

  test('is not taken for one of another name, nor a public half for that of another private one', () => {
    const other = made(algorithm);
    expect(() => openKey({ ...record, kid: other.kid }, sealOf(secret))).toThrow(/not what its name says/);
    expect(() => openKey({ ...record, publicJwk: other.publicJwk }, sealOf(secret))).toThrow(/not what its name says/);
    expect(() => openKey({ ...record, sealedPrivate: other.sealedPrivate }, sealOf(secret))).toThrow(/not what its name says/);
  });

  test('without its private half verifies and does not sign', () => {
    const publicOnly = openKey({ ...record, sealedPrivate: null }, sealOf(secret));
    expect(publicOnly.verify('data', key.sign('data') as Uint8Array)).toBe(true);
    expect(() => publicOnly.sign('data')).toThrow(/no private half/);
  });
});

test('of the two ES256 signatures that verify for one text, one is written and taken', async () => {
  const key = openKey(made('ES256'), sealOf(secret));
  for (let round = 0; round < 50; round += 1) {
    const token = await writeCompactJws('at+jwt', { round }, key);
    const publicKey = await importJWK(key.publicJwk ?? {}, 'ES256');
    const other = twin(token);
    await expect(jwtVerify(other, publicKey)).resolves.toBeDefined();
    expect(await isSignedBy(readCompactJws(other) as NonNullable<ReturnType<typeof readCompactJws>>, key)).toBe(false);
  }
});

test('a key of one curve verifies nothing of the other algorithm', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ed = generateKeyPairSync('ed25519');
  const [es256, eddsa] = [es256Key({ kid: 'k', ...ec }), ed25519Key({ kid: 'k', ...ed })];
  expect(es256.verify('data', eddsa.sign('data') as Uint8Array)).toBe(false);
  expect(eddsa.verify('data', es256.sign('data') as Uint8Array)).toBe(false);
  const derEncoded = sign('sha256', Buffer.from('data'), ec.privateKey);
  expect(es256.verify('data', derEncoded)).toBe(false);
});
