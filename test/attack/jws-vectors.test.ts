import { createPublicKey, createSecretKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ed25519Key, es256Key, hs256Key, type SigningKey } from '../../packages/server/src/adapters/signing-key.ts';
import { isSignedBy, readCompactJws } from '../../packages/server/src/adapters/strict-jws.ts';
import { remoteKeys, type VerificationKey } from '../../packages/verifier/src/keys.ts';
import * as verifier from '../../packages/verifier/src/strict-token.ts';
import { readCorpus } from '../corpora.ts';
import { figure } from '../scorecard/figure.ts';

// The public vectors of Wycheproof for what we verify with: tokens through the server's and the verifier's signature layer,
// the layer below the claims; sets of keys through the verifier, the only one of the two that is given any; and the bare
// arithmetic. Without the corpus the tests beside the code stand for it: strict-jws, signing-key and forged-tokens.

type Jwk = { kty: string; kid: string; alg?: string; crv?: string; k?: string; use?: string; key_ops?: string[] };
type Vector = { tcId: number; jws?: unknown; jwe?: unknown; result: 'valid' | 'invalid' };
type Group = { public?: Jwk; private?: Jwk; tests: Vector[] };
type KeySetGroup = { public?: { keys: Jwk[] } | Jwk; private?: { keys: Jwk[] } | Jwk; tests: Vector[] };

const instead = 'the tests of strict-jws, signing-key and the verifier stand for it';
const read = <Value>(name: string): Value[] | undefined => {
  const text = readCorpus(`wycheproof/${name}_test.json`, instead);
  return text === undefined ? undefined : JSON.parse(text).testGroups;
};

/** 367 and 370 are byte for byte the valid 357; 372 and 373 are called valid with a "?" among their base64url. */
const faulty = new Set([367, 370, 372, 373]);

/** The order of P-256's group, and so whether a signature is the one of the two that is taken. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const numberIn = (bytes: Buffer): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`));
const isHigh = (signature: Buffer) => signature.length === 64 && numberIn(signature.subarray(32)) > order / 2n;
const twin = (signature: Buffer): Buffer =>
  Buffer.concat([
    signature.subarray(0, 32),
    Buffer.from((order - numberIn(signature.subarray(32))).toString(16).padStart(64, '0'), 'hex'),
  ]);

const signatureOf = (token: string): Buffer => Buffer.from(token.split('.')[2] ?? '', 'base64url');
const withSignature = (token: string, signature: Buffer): string =>
  [...token.split('.').slice(0, 2), signature.toString('base64url')].join('.');

const isOurs = (jwk: Jwk | undefined): boolean =>
  (jwk?.kty === 'oct' && jwk.alg === 'HS256') ||
  (jwk?.kty === 'EC' && jwk.crv === 'P-256' && [undefined, 'ES256'].includes(jwk.alg));

/** A key as the verifier gets it: a secret by its configuration, a public key out of a set that is fetched. */
const verifiersKey = async (jwk: Jwk): Promise<VerificationKey | undefined> => {
  if (jwk.kty === 'oct') return { kid: jwk.kid, alg: 'HS256', key: Buffer.from(jwk.k ?? '', 'base64url') };
  return inSet([jwk], jwk.kid);
};

const inSet = async (keys: Jwk[], kid: string): Promise<VerificationKey | undefined> => {
  const fetched = remoteKeys({
    url: 'http://keys.invalid',
    fetch: async () => new Response(JSON.stringify({ keys })),
    clock: Date.now,
    onRetired: () => {},
  });
  const found = await fetched.find(kid);
  return typeof found === 'string' ? undefined : found;
};

/** A key as the server has it. It imports none: those of another use can only be believed to be there. */
const serversKey = (jwk: Jwk): SigningKey =>
  jwk.kty === 'oct'
    ? hs256Key({ kid: jwk.kid, key: createSecretKey(Buffer.from(jwk.k ?? '', 'base64url')) })
    : es256Key({ kid: jwk.kid, publicKey: createPublicKey({ key: jwk as never, format: 'jwk' }) });

const serverAccepts = async (token: string, key: SigningKey): Promise<boolean> => {
  const jws = readCompactJws(token);
  return jws !== undefined && (await isSignedBy(jws, key));
};

const verifierAccepts = async (token: string, key: VerificationKey | undefined): Promise<boolean> => {
  const jws = verifier.readCompactJws(token, ['HS256', 'ES256', 'EdDSA']);
  return key !== undefined && typeof jws !== 'string' && (await verifier.isSignedBy(jws, key));
};

describe.each(['server', 'verifier'] as const)('tokens through the signature layer of the %s', (side) => {
  test('no invalid one is accepted, and every valid one is', async ({ skip }) => {
    const groups = read<Group>('json_web_signature');
    if (!groups) return skip('no corpus');
    const wrong: number[] = [];
    const higher: number[] = [];
    const tried = { valid: 0, invalid: 0 };
    for (const group of groups) {
      const jwk = group.public ?? group.private;
      if (!jwk || !isOurs(jwk)) continue;
      // The server makes its keys itself and keeps no `use` beside them: there is nothing to mistake.
      if (side === 'server' && (jwk.use === 'enc' || jwk.key_ops?.includes('encrypt'))) continue;
      for (const { tcId, jws, result } of group.tests) {
        if (faulty.has(tcId)) continue;
        const token = typeof jws === 'string' ? jws : JSON.stringify(jws);
        const accepted = async (spelled: string) =>
          side === 'server' ? serverAccepts(spelled, serversKey(jwk)) : verifierAccepts(spelled, await verifiersKey(jwk));
        tried[result] += 1;
        // Of the two ES256 signatures of one text the server takes the lower, so that a token has one spelling.
        if (side === 'server' && result === 'valid' && jwk.kty === 'EC' && isHigh(signatureOf(token))) {
          higher.push(tcId);
          if ((await accepted(token)) || !(await accepted(withSignature(token, twin(signatureOf(token)))))) wrong.push(tcId);
          continue;
        }
        if ((await accepted(token)) !== (result === 'valid')) wrong.push(tcId);
      }
    }
    const total = tried.valid + tried.invalid;
    figure({
      row: 'jws',
      part: `tokens, ${side}`,
      tried: total,
      failed: wrong.length,
      detail: `${tried.invalid} invalid and ${tried.valid} valid ones; the four faulty cases of the corpus left out${higher.length > 0 ? `; ${higher.length} valid in its higher spelling: refused so, taken in the lower` : ''}`,
      reached: wrong.length === 0,
    });
    expect(wrong).toEqual([]);
    expect(tried).toEqual({ valid: 10, invalid: side === 'server' ? 65 : 67 });
    expect(higher).toEqual(side === 'server' ? [18] : []);
  });
});

test('sets of keys: what is ambiguous, of another use, of another curve or no key at all verifies nothing', async ({ skip }) => {
  const groups = [...(read<KeySetGroup>('json_web_key') ?? []), ...(read<KeySetGroup>('json_web_crypto') ?? [])];
  if (groups.length === 0) return skip('no corpus');
  const accepted: string[] = [];
  let tried = 0;
  let believed = 0;
  for (const group of groups) {
    const set = group.public ?? group.private;
    const keys = set && 'keys' in set ? set.keys : [set as Jwk];
    for (const { tcId, jws, jwe, result } of group.tests) {
      const given = jws ?? jwe;
      const token = typeof given === 'string' ? given : JSON.stringify(given);
      const read = verifier.readCompactJws(token, ['HS256', 'ES256', 'EdDSA']);
      tried += 1;
      const isIn = typeof read !== 'string' && (await verifierAccepts(token, await inSet(keys, read.kid)));
      if (isIn && result === 'invalid') accepted.push(`${tcId}`);
      // A set of keys holds public ones; of those the only valid token of ours is one of ES256.
      const isOurs = result === 'valid' && keys.length === 1 && keys[0]?.alg === 'ES256' && jws !== undefined;
      if (isOurs) expect(isIn).toBe(true);
      if (isIn) believed += 1;
    }
  }
  figure({
    row: 'jws',
    part: 'sets of keys, verifier',
    tried,
    failed: accepted.length,
    detail: `json_web_key and json_web_crypto, encrypted tokens among them; ${believed} valid one of ES256 taken`,
    reached: accepted.length === 0,
  });
  expect(accepted).toEqual([]);
  expect([tried, believed]).toEqual([109, 1]);
});

describe('the arithmetic', () => {
  type Primitive = { tcId: number; key?: string; msg: string; tag?: string; sig?: string; result: string };
  const bytes = (hex: string | undefined) => Buffer.from(hex ?? '', 'hex');

  test('HMAC, ECDSA on P-256 and Ed25519 decide every vector as it says', async ({ skip }) => {
    const hmac = read<{ tagSize: number; tests: Primitive[] }>('hmac_sha256');
    const ecdsa = read<{ publicKeyPem: string; tests: Primitive[] }>('ecdsa_secp256r1_sha256_p1363');
    const ed25519 = read<{ publicKeyPem: string; tests: Primitive[] }>('ed25519');
    if (!hmac || !ecdsa || !ed25519) return skip('no corpus');
    const wrong: string[] = [];
    const tried = { hmac: 0, ecdsa: 0, ed25519: 0, high: 0 };
    // Messages are bytes here and base64url in a token, so that a text of one byte a character stands for them.
    const decide = async (name: string, accepted: boolean | Promise<boolean>, expected: boolean) => {
      if ((await accepted) !== expected) wrong.push(name);
    };
    for (const { tagSize, tests } of hmac) {
      for (const { tcId, key, msg, tag, result } of tests) {
        tried.hmac += 1;
        const signing = hs256Key({ kid: 'k', key: createSecretKey(bytes(key)) });
        // A shortened tag is a valid one of another algorithm, and none of HS256.
        await decide(`hmac ${tcId}`, signing.verify(bytes(msg) as never, bytes(tag)), result === 'valid' && tagSize === 256);
        if (tagSize < 256 && result === 'valid') {
          const whole = Buffer.from((await signing.sign(bytes(msg) as never)) as Uint8Array);
          await decide(`hmac ${tcId}, shortened`, whole.subarray(0, tagSize / 8).equals(bytes(tag)), true);
        }
      }
    }
    for (const { publicKeyPem, tests } of ecdsa) {
      const publicKey = createPublicKey(publicKeyPem);
      const key = es256Key({ kid: 'k', publicKey });
      for (const { tcId, msg, sig, result } of tests) {
        tried.ecdsa += 1;
        const [message, signature] = [bytes(msg), bytes(sig)];
        const isValid = result === 'valid';
        const raw =
          signature.length === 64 && verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
        await decide(`ecdsa ${tcId}`, raw, isValid);
        // Of the two signatures of one text the lower is taken: the other is refused as it is, and right as its twin.
        const high = isValid && isHigh(signature);
        await decide(`ecdsa ${tcId} by our key`, key.verify(message as never, signature), isValid && !high);
        if (!high) continue;
        tried.high += 1;
        await decide(`ecdsa ${tcId}, its twin`, key.verify(message as never, twin(signature)), true);
      }
    }
    for (const { publicKeyPem, tests } of ed25519) {
      const key = ed25519Key({ kid: 'k', publicKey: createPublicKey(publicKeyPem) });
      for (const { tcId, msg, sig, result } of tests) {
        tried.ed25519 += 1;
        await decide(`ed25519 ${tcId}`, key.verify(bytes(msg) as never, bytes(sig)), result === 'valid');
      }
    }
    figure({
      row: 'jws',
      part: 'primitives',
      tried: tried.hmac + tried.ecdsa + tried.ed25519,
      failed: wrong.length,
      detail: `HMAC ${tried.hmac}, ECDSA ${tried.ecdsa} (${tried.high} valid in their higher spelling: refused so, taken in the lower), Ed25519 ${tried.ed25519}`,
      reached: wrong.length === 0,
    });
    expect(wrong).toEqual([]);
    expect(tried).toMatchObject({ hmac: 174, ecdsa: 262, ed25519: 151 });
  });
});
