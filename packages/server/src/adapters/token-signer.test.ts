import { createHmac, generateKeyPairSync, type KeyObject, sign as signAsymmetric } from 'node:crypto';
import type { AccessClaims, RefreshClaims } from '@tegata/core';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { fixedKeys } from './access-keys.ts';
import { deriveKeys } from './derived-keys.ts';
import { hs256Ring } from './signing-key.ts';
import { createTokenSigner, type TokenSignerOptions } from './token-signer.ts';

const secret = 'a secret of the tests, long enough to be one';
const newSecret = 'the secret that replaces it after a rotation';
const issuer = 'https://auth.example.com';
const audience = 'tegata-api';
const nowSeconds = 1_800_000_000;

const ringsOf = (...secrets: [string, ...string[]]) => {
  const keys = deriveKeys(secrets);
  return { accessKeys: fixedKeys(hs256Ring(keys.ring('access-token'))), refreshKeys: hs256Ring(keys.ring('refresh-token')) };
};

/** A signer with a clock that a test can set, in seconds. */
const signerAt = (options: Partial<TokenSignerOptions> = {}) => {
  const time = { seconds: nowSeconds };
  const clock = () => time.seconds * 1000;
  return { ...createTokenSigner({ ...ringsOf(secret), issuer, audience, clock, ...options }), time };
};
const signer = signerAt();

const refreshClaims: RefreshClaims = {
  sub: 'user-1',
  sid: 'session-1',
  jti: 'token-1',
  gen: 3,
  iat: nowSeconds,
  exp: nowSeconds + 900,
};
const accessClaims: AccessClaims = { ...refreshClaims, role: 'member', organization: { id: 'o-1', roles: ['owner'] } };

const accessKey = deriveKeys([secret]).current('access-token');
const refreshKey = deriveKeys([secret]).current('refresh-token');
const payload = { ...accessClaims, iss: issuer, aud: audience };
const header = { alg: 'HS256', typ: 'at+jwt', kid: accessKey.kid };

/** Signs whatever it is given, with the right key unless told otherwise. */
const forged = (parts: { header?: object | string; payload?: unknown; key?: KeyObject }) => {
  const textOf = (part: unknown) => (typeof part === 'string' ? part : JSON.stringify(part));
  const encode = (part: unknown) => (Buffer.isBuffer(part) ? part : Buffer.from(textOf(part))).toString('base64url');
  const input = `${encode(parts.header ?? header)}.${encode(parts.payload ?? payload)}`;
  return `${input}.${createHmac('sha256', parts.key ?? accessKey.key)
    .update(input)
    .digest('base64url')}`;
};
const stateOf = async (token: string) => (await signerAt().verifyAccess(token)).state;
const bodyOf = (token: string, part = 1) => JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString());

describe('a signed token', () => {
  test('gives its claims back', async () => {
    expect(await signer.verifyAccess(await signer.signAccess(accessClaims))).toEqual({ state: 'valid', claims: accessClaims });
    expect(await signer.verifyRefresh(await signer.signRefresh(refreshClaims))).toEqual({
      state: 'valid',
      claims: refreshClaims,
    });
  });

  test('says in its header what it is and which key signed it, and nothing else', async () => {
    expect(bodyOf(await signer.signAccess(accessClaims), 0)).toEqual(header);
    expect(bodyOf(await signer.signRefresh(refreshClaims), 0)).toEqual({ ...header, typ: 'rt+jwt', kid: refreshKey.kid });
    expect(signer.refreshKid()).toBe(refreshKey.kid);
    expect(refreshKey.kid).not.toBe(accessKey.kid);
  });

  test('names issuer and audience, which no claim of a contract can replace', async () => {
    const token = await signer.signAccess({ ...accessClaims, iss: 'https://evil.example', aud: 'others' });
    expect(bodyOf(token)).toMatchObject({ iss: issuer, aud: audience });
    expect(bodyOf(await signer.signRefresh(refreshClaims)).aud).toBe(`${issuer}/refresh`);
  });

  test('has one audience as a string, several as a list, and is for all of them or none', async () => {
    const several = signerAt({ audience: ['one', 'two'] });
    const token = await several.signAccess(accessClaims);
    expect(bodyOf(token).aud).toEqual(['one', 'two']);
    expect((await several.verifyAccess(token)).state).toBe('valid');
    expect((await signerAt({ audience: 'one' }).verifyAccess(token)).state).toBe('invalid');
    expect(bodyOf(await signerAt({ audience: ['one'] }).signAccess(accessClaims)).aud).toBe('one');
  });

  test('holds any claims a contract may think of', async () => {
    const claims = fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), fc.jsonValue({ stringUnit: 'binary' }), {
      maxKeys: 5,
    });
    await fc.assert(
      fc.asyncProperty(claims, async (extra) => {
        fc.pre(!['iss', 'aud', 'nbf'].some((name) => name in extra) && Buffer.byteLength(JSON.stringify(extra)) < 4000);
        const token = await signer.signAccess({ ...extra, ...refreshClaims });
        const answer = await signer.verifyAccess(token);
        expect(answer.state).toBe('valid');
        expect(JSON.stringify(answer)).toBe(JSON.stringify({ state: 'valid', claims: { ...extra, ...refreshClaims } }));
      }),
    );
  });
});

describe('a refresh token', () => {
  test('is the same, byte for byte, for the same claims in any order', async () => {
    const { gen, ...others } = refreshClaims;
    const first = await signer.signRefresh(refreshClaims);
    expect(await signer.signRefresh({ gen, ...others })).toBe(first);
    expect(await signerAt().signRefresh(refreshClaims, refreshKey.kid)).toBe(first);
  });

  test('can be made again with the key of an earlier secret, as long as that is in the ring', async () => {
    const before = await signer.signRefresh(refreshClaims);
    const rotated = signerAt(ringsOf(newSecret, secret));
    expect(rotated.refreshKid()).not.toBe(refreshKey.kid);
    expect(await rotated.signRefresh(refreshClaims, refreshKey.kid)).toBe(before);
    expect(await rotated.signRefresh(refreshClaims)).not.toBe(before);
    await expect(signerAt(ringsOf(newSecret)).signRefresh(refreshClaims, refreshKey.kid)).rejects.toThrow(/refresh key/);
  });
});

test('after a change of the secret, earlier tokens verify until the old secret is dropped', async () => {
  const [access, refresh] = [await signer.signAccess(accessClaims), await signer.signRefresh(refreshClaims)];
  const rotated = signerAt(ringsOf(newSecret, secret));
  expect((await rotated.verifyAccess(access)).state).toBe('valid');
  expect((await rotated.verifyRefresh(refresh)).state).toBe('valid');
  expect((await signerAt(ringsOf(newSecret)).verifyAccess(access)).state).toBe('invalid');
  expect((await signerAt(ringsOf(newSecret)).verifyRefresh(refresh)).state).toBe('invalid');
});

describe('time', () => {
  test('a token is valid up to the second before its end and expired from that second on, told with its claims', async () => {
    const { time, ...signer } = signerAt();
    const [access, refresh] = [await signer.signAccess(accessClaims), await signer.signRefresh(refreshClaims)];
    time.seconds = refreshClaims.exp - 0.001;
    expect((await signer.verifyAccess(access)).state).toBe('valid');
    expect((await signer.verifyRefresh(refresh)).state).toBe('valid');
    time.seconds = refreshClaims.exp;
    expect(await signer.verifyAccess(access)).toEqual({ state: 'expired', claims: accessClaims });
    expect(await signer.verifyAccess(access)).toEqual({ state: 'expired', claims: accessClaims });
    expect(await signer.verifyRefresh(refresh)).toEqual({ state: 'expired', claims: refreshClaims });
    expect(await signerAt({ clock: () => time.seconds * 1000 }).verifyAccess(access)).toEqual({
      state: 'expired',
      claims: accessClaims,
    });
  });

  test('an expired token with anything else wrong is invalid, not expired', async () => {
    const expired = { ...payload, iat: nowSeconds - 1000, exp: nowSeconds - 1 };
    expect(await stateOf(forged({ payload: expired }))).toBe('expired');
    expect(await stateOf(forged({ payload: { ...expired, iss: 'https://evil.example' } }))).toBe('invalid');
    expect(await stateOf(forged({ payload: expired, key: refreshKey.key }))).toBe('invalid');
  });

  test('a token from the future is refused beyond five seconds', async () => {
    for (const claim of ['iat', 'nbf']) {
      expect(await stateOf(forged({ payload: { ...payload, [claim]: nowSeconds + 5 } }))).toBe('valid');
      expect(await stateOf(forged({ payload: { ...payload, [claim]: nowSeconds + 6 } }))).toBe('invalid');
    }
  });
});

describe('rightly signed, but refused:', () => {
  const values: unknown[] = [undefined, null, '', 0, -1, 1.5, true, 'text', [], ['a'], {}, 1e300, '9999999999'];
  const rightTypes: Record<string, (value: unknown) => boolean> = {
    sub: (value) => typeof value === 'string' && value !== '',
    jti: (value) => typeof value === 'string' && value !== '',
    sid: (value) => typeof value === 'string' && value !== '',
    gen: (value) => value === 0,
    // 0 is a time, though one that is long over: such a token is expired.
    exp: (value) => value === 0,
    iat: (value) => value === 0,
    nbf: (value) => value === 0 || value === undefined,
    iss: () => false,
    aud: () => false,
  };

  test.each(Object.keys(rightTypes))('a token whose %s is missing or of a wrong type', async (claim) => {
    for (const value of values) {
      const state = await stateOf(forged({ payload: { ...payload, [claim]: value } }));
      const right = rightTypes[claim]?.(value) ? (claim === 'exp' ? 'expired' : 'valid') : 'invalid';
      expect([claim, value, state]).toEqual([claim, value, right]);
    }
  });

  test.each([
    ['another issuer', { iss: `${issuer}/` }],
    ['another audience', { aud: 'tegata-API' }],
    ['a list that holds the audience', { aud: [audience] }],
    ['the audience and one more', { aud: [audience, 'others'] }],
    ['the audience of refresh tokens', { aud: `${issuer}/refresh` }],
  ])('%s', async (_, change) => {
    expect(await stateOf(forged({ payload }))).toBe('valid');
    expect(await stateOf(forged({ payload: { ...payload, ...change } }))).toBe('invalid');
  });

  test.each([
    ['a list', [payload]],
    ['a text', '"text"'],
    ['null', 'null'],
    ['nothing', ' '],
    ['two texts', `${JSON.stringify(payload)}{}`],
    ['a claim twice', JSON.stringify(payload).replace('{', '{"sub":"admin",')],
    ['a claim twice, once in disguise', JSON.stringify(payload).replace('{', '{"\\u0073ub":"admin",')],
    ['not UTF-8', Buffer.from(JSON.stringify({ ...payload, sub: '\xff\xfe' }), 'latin1')],
  ])('a payload that is %s', async (_, wrong) => {
    expect(await stateOf(forged({ payload: wrong }))).toBe('invalid');
  });

  test.each(['JWT', 'jwt', 'AT+JWT', 'at+jwt ', 'application/at+jwt', 'rt+jwt', 'id_token', undefined])('typ %s', async (typ) => {
    expect(await stateOf(forged({ header: { ...header, typ } }))).toBe('invalid');
  });

  test.each(['', '__proto__', 'constructor', '../../dev/null', "' or 1=1 --", 'A'.repeat(5000), undefined])(
    'kid %s',
    async (kid) => {
      expect(await stateOf(forged({ header: { ...header, kid } }))).toBe('invalid');
    },
  );

  test.each([
    { jwk: { kty: 'oct', k: 'AAAA' } },
    { jku: 'https://evil.example/keys' },
    { x5u: 'https://evil.example/cert' },
    { x5c: ['MIIB'] },
    { crit: ['exp'] },
    { b64: false, crit: ['b64'] },
    { zip: 'DEF' },
    { cty: 'JWT' },
  ])('the header member %j', async (member) => {
    expect(await stateOf(forged({ header: { ...header, ...member } }))).toBe('invalid');
  });
});

describe('forged:', () => {
  test('no signature, and every spelling of "none"', async () => {
    const [, body] = forged({}).split('.');
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'HS256']) {
      const head = Buffer.from(JSON.stringify({ ...header, alg })).toString('base64url');
      expect(await stateOf(`${head}.${body}.`)).toBe('invalid');
      expect(await stateOf(`${head}.${body}`)).toBe('invalid');
    }
  });

  test('another algorithm, with the same key or with one of its own', async () => {
    const secretBytes = accessKey.key.export();
    for (const alg of ['HS384', 'HS512']) {
      const token = await new SignJWT(payload).setProtectedHeader({ ...header, alg }).sign(secretBytes);
      expect(await stateOf(token)).toBe('invalid');
    }
    const { privateKey } = generateKeyPairSync('ed25519');
    const input = `${Buffer.from(JSON.stringify({ ...header, alg: 'EdDSA' })).toString('base64url')}.${forged({}).split('.')[1]}`;
    expect(await stateOf(`${input}.${signAsymmetric(null, Buffer.from(input), privateKey).toString('base64url')}`)).toBe(
      'invalid',
    );
  });

  test('keys that a stranger may guess', async () => {
    for (const guess of ['', 'secret', 'tegata', secret, accessKey.kid]) {
      const input = forged({}).split('.').slice(0, 2).join('.');
      expect(await stateOf(`${input}.${createHmac('sha256', guess).update(input).digest('base64url')}`)).toBe('invalid');
    }
  });

  test('a refresh token as an access token, and the reverse, even with one of key, typ and audience corrected', async () => {
    const [access, refresh] = [await signer.signAccess(accessClaims), await signer.signRefresh(refreshClaims)];
    expect(await signer.verifyAccess(refresh)).toEqual({ state: 'invalid' });
    expect(await signer.verifyRefresh(access)).toEqual({ state: 'invalid' });
    const refreshHeader = { ...header, typ: 'rt+jwt', kid: refreshKey.kid };
    const refreshPayload = { ...payload, aud: `${issuer}/refresh` };
    expect(
      (await signer.verifyRefresh(forged({ header: refreshHeader, payload: refreshPayload, key: refreshKey.key }))).state,
    ).toBe('valid');
    for (const disguised of [
      forged({ header: { ...refreshHeader, typ: 'at+jwt' }, payload, key: refreshKey.key }),
      forged({ header, payload: refreshPayload }),
      forged({ header: { ...header, typ: 'rt+jwt' }, payload }),
    ]) {
      expect(await stateOf(disguised)).toBe('invalid');
      expect((await signer.verifyRefresh(disguised)).state).toBe('invalid');
    }
  });

  test('junk of any kind and length', async () => {
    for (const junk of [
      '',
      '.',
      '..',
      '...',
      'a.b.c',
      'null',
      ' ',
      '\0',
      '💥',
      'x'.repeat(1_000_000),
      '.'.repeat(1_000_000),
      `${forged({})}${'A'.repeat(1_000_000)}`,
    ]) {
      expect(await stateOf(junk)).toBe('invalid');
      expect((await signer.verifyRefresh(junk)).state).toBe('invalid');
    }
  });

  test('a token of which one character was changed, also when the true one has been verified before', async () => {
    const token = await signer.signAccess(accessClaims);
    const { verifyAccess } = signerAt();
    await verifyAccess(token);
    const character = fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), fc.constantFrom(...'AQgw-_.09='));
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), character, async (at, replacement) => {
        fc.pre(token[at] !== replacement);
        expect(await verifyAccess(token.slice(0, at) + replacement + token.slice(at + 1))).toEqual({ state: 'invalid' });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('remembered tokens', () => {
  test('cannot be changed by whoever got their claims, however deep', async () => {
    const token = await signer.signAccess(accessClaims);
    for (let i = 0; i < 2; i += 1) {
      const answer = await signer.verifyAccess(token);
      if (answer.state !== 'valid') return expect.unreachable();
      const { claims } = answer;
      expect(() => Object.assign(claims, { sub: 'admin' })).toThrow(TypeError);
      expect(() => (claims.organization as { roles: string[] }).roles.push('admin')).toThrow(TypeError);
      expect(claims).toEqual(accessClaims);
    }
  });

  test('are never mixed up, with more tokens in turn than there is room for', async () => {
    const small = signerAt({ rememberedTokens: 50 });
    const tokens = await Promise.all(
      Array.from({ length: 120 }, (_, i) => small.signAccess({ ...accessClaims, sub: `user-${i}` })),
    );
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(tokens.map((token) => small.verifyAccess(token)));
      expect(answers.map((answer) => answer.state === 'valid' && answer.claims.sub)).toEqual(tokens.map((_, i) => `user-${i}`));
    }
  });

  test('end when they expire, whatever they were before', async () => {
    const { time, ...signer } = signerAt();
    const token = await signer.signAccess(accessClaims);
    for (const [seconds, state] of [
      [nowSeconds, 'valid'],
      [refreshClaims.exp, 'expired'],
      [refreshClaims.exp + 1, 'expired'],
    ] as const) {
      time.seconds = seconds;
      expect((await signer.verifyAccess(token)).state).toBe(state);
    }
  });
});
