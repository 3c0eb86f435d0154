import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign as signWith } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier, type TokenFailureCode, type Verifier } from '@tegata/verifier';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startServer } from '../server.ts';
import { loggedIn, registered } from '../standard/people.ts';
import { decodeToken, tokenIn } from '../standard/tokens.ts';
import { expected, outcome, verificationSecret } from './verifiers.ts';

// Tokens that somebody made who is not the server, thrown at a verifier. Most are signed with the right key, so that each
// differs from a good one in the one thing that must make it refused, and is refused for that.

type Json = Record<string, unknown>;
const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const without = (object: Json, name: string): Json => Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));

type Issuer = {
  /** Signs any header and payload, objects or text, as the server would. */
  sign: (header: unknown, payload: unknown) => string;
  header: Json;
  claims: Json;
  good: string;
  verifier: Verifier;
};

const forgeries = ({ sign, header, claims, good }: Issuer): [name: string, code: TokenFailureCode, token: string][] => {
  const [head = '', body = '', signature = ''] = good.split('.');
  const withHeader = (change: Json) => sign({ ...header, ...change }, claims);
  const withClaims = (change: Json) => sign(header, { ...claims, ...change });
  const text = JSON.stringify(claims);
  const now = claims.iat as number;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const stranger = (change: Json) => {
    const input = `${encode({ ...header, alg: 'ES256', ...change })}.${body}`;
    return `${input}.${signWith('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const hmac = (headerPart: Json, key: string | Buffer) => {
    const input = `${encode({ ...headerPart, alg: 'HS256' })}.${body}`;
    return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
  };
  const isSymmetric = header.alg === 'HS256';
  const flipped = (part: string) => (part[0] === 'A' ? 'B' : 'A') + part.slice(1);
  return [
    ...['none', 'None', 'nOnE', ''].map((alg): [string, TokenFailureCode, string] => [
      `alg "${alg}" without a signature`,
      'algorithm_not_allowed',
      `${encode({ ...header, alg })}.${body}.`,
    ]),
    ['alg none with the old signature', 'algorithm_not_allowed', `${encode({ ...header, alg: 'none' })}.${body}.${signature}`],
    ['the signature taken off', 'signature_wrong', `${head}.${body}.`],
    ['the signature changed', 'signature_wrong', `${head}.${body}.${flipped(signature)}`],
    ['the claims changed', 'signature_wrong', `${head}.${encode({ ...claims, sub: 'somebody' })}.${signature}`],
    ['signed with an empty secret', isSymmetric ? 'signature_wrong' : 'algorithm_not_allowed', hmac(header, '')],
    ['signed with a common secret', isSymmetric ? 'signature_wrong' : 'algorithm_not_allowed', hmac(header, 'secret')],
    ['ES256 of a stranger', header.alg === 'ES256' ? 'signature_wrong' : 'algorithm_not_allowed', stranger({})],
    ...['HS384', 'HS512', 'RS256', 'PS256', 'dir', 'hs256', 'ES256K', null, 256, ['HS256'], {}].map(
      (alg): [string, TokenFailureCode, string] => [`alg ${JSON.stringify(alg)}`, 'algorithm_not_allowed', withHeader({ alg })],
    ),
    ['no alg', 'algorithm_not_allowed', sign(without(header, 'alg'), claims)],
    ['embedded jwk', 'header_not_allowed', stranger({ jwk: publicKey.export({ format: 'jwk' }) })],
    ['embedded jwk, signed with the right key', 'header_not_allowed', withHeader({ jwk: publicKey.export({ format: 'jwk' }) })],
    ['jku', 'header_not_allowed', withHeader({ jku: 'http://127.0.0.1:9/jwks.json' })],
    ['x5u', 'header_not_allowed', withHeader({ x5u: 'http://127.0.0.1:9/cert.pem' })],
    ['x5c', 'header_not_allowed', withHeader({ x5c: ['MIIB'] })],
    ['crit', 'header_not_allowed', withHeader({ crit: ['exp'] })],
    ['b64', 'header_not_allowed', withHeader({ b64: false, crit: ['b64'] })],
    ['zip', 'header_not_allowed', withHeader({ zip: 'DEF' })],
    ...['unknown', '', '../../../dev/null', '__proto__', 'constructor', "' or 1=1 --", null, 0, ['x']].map(
      (kid): [string, TokenFailureCode, string] => [`kid ${JSON.stringify(kid)}`, 'key_unknown', withHeader({ kid })],
    ),
    ['no kid', 'key_unknown', sign(without(header, 'kid'), claims)],
    ['kid twice', 'token_malformed', sign(JSON.stringify(header).replace('{', '{"kid":"other",'), claims)],
    ['alg twice', 'token_malformed', sign(JSON.stringify(header).replace('{', '{"alg":"none",'), claims)],
    ['sub twice', 'token_malformed', sign(header, text.replace('{', '{"sub":"somebody",'))],
    ['exp twice, once escaped', 'token_malformed', sign(header, text.replace('{', '{"\\u0065xp":9999999999,'))],
    ...['rt+jwt', 'JWT', 'at+JWT', 'application/at+jwt', '', null, ['at+jwt']].map((typ): [string, TokenFailureCode, string] => [
      `typ ${JSON.stringify(typ)}`,
      'type_wrong',
      withHeader({ typ }),
    ]),
    ['no typ', 'type_wrong', sign(without(header, 'typ'), claims)],
    ...['evil', '', null, 0, ['tegata'], 'tegata/'].map((iss): [string, TokenFailureCode, string] => [
      `iss ${JSON.stringify(iss)}`,
      'issuer_wrong',
      withClaims({ iss }),
    ]),
    ['no iss', 'issuer_wrong', sign(header, without(claims, 'iss'))],
    ...['evil', '', null, [], ['evil'], {}, ['tegata-api', 1], 'tegata/refresh'].map(
      (aud): [string, TokenFailureCode, string] => [`aud ${JSON.stringify(aud)}`, 'audience_wrong', withClaims({ aud })],
    ),
    ['no aud', 'audience_wrong', sign(header, without(claims, 'aud'))],
    ...['sub', 'jti', 'sid', 'gen', 'iat', 'exp'].map((name): [string, TokenFailureCode, string] => [
      `no ${name}`,
      'claims_malformed',
      sign(header, without(claims, name)),
    ]),
    ...[null, '9999999999', -1, 1.5, 1e300, true, []].map((exp): [string, TokenFailureCode, string] => [
      `exp ${JSON.stringify(exp)}`,
      'claims_malformed',
      withClaims({ exp }),
    ]),
    ['expired', 'token_expired', withClaims({ exp: now - 6 })],
    ['issued in the future', 'token_not_yet_valid', withClaims({ iat: now + 6 })],
    ['not yet valid', 'token_not_yet_valid', withClaims({ nbf: now + 6 })],
    ['a header of a megabyte', 'token_too_long', withHeader({ kid: 'x'.repeat(1_000_000) })],
    ['a payload of a megabyte', 'token_too_long', withClaims({ sub: 'x'.repeat(1_000_000) })],
    ['header that is no object', 'token_malformed', sign('[]', claims)],
    ['payload that is no object', 'token_malformed', sign(header, '"text"')],
    ['payload that is a list', 'token_malformed', sign(header, [claims])],
    ['payload that is no JSON', 'token_malformed', sign(header, 'x')],
    ['invalid UTF-8', 'token_malformed', `${head}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${signature}`],
    ['a byte order mark', 'token_malformed', sign(`\ufeff${JSON.stringify(header)}`, claims)],
    ...[
      '',
      '.',
      '..',
      '...',
      'x',
      `${head}.${body}`,
      `${head}..${signature}`,
      `.${body}.${signature}`,
      `${good}.${signature}`,
    ].map((token): [string, TokenFailureCode, string] => [
      `the text ${JSON.stringify(token.slice(0, 20))}`,
      'token_malformed',
      token,
    ]),
    ['padding', 'token_malformed', `${good}==`],
    ['white space behind', 'token_malformed', `${good} `],
    ['a line break inside', 'token_malformed', `${head}.\n${body}.${signature}`],
    ['the standard alphabet', 'token_malformed', `${head}.${body}.+/${signature.slice(2)}`],
    ['truncated', 'token_malformed', good.slice(0, head.length + 20)],
    ['tail bits', 'token_malformed', `${head}.${body}.${withTailBits(signature)}`],
  ];
};

/** Another spelling of the same bytes, where the last character has bits to spare. */
const withTailBits = (signature: string): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return signature.slice(0, -1) + alphabet[alphabet.indexOf(signature.slice(-1)) + 1];
};

/** The server itself, which signs with a shared secret today. */
const serverWithSecret = async (): Promise<Issuer & { refreshToken: string }> => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken: good, refreshCookie } = await loggedIn(server, 'ada@example.com');
  const secret = await verificationSecret(server);
  const { header, claims } = decodeToken(good);
  const sign: Issuer['sign'] = (head, payload) => {
    const input = `${encode(head)}.${encode(payload)}`;
    return `${input}.${createHmac('sha256', Buffer.from(secret, 'base64url')).update(input).digest('base64url')}`;
  };
  const verifier = createVerifier({ ...expected, secret, clock: server.now });
  return { sign, header, claims, good, verifier, refreshToken: tokenIn(refreshCookie) };
};

const now = Date.UTC(2030, 0, 15, 9);

/** A document of public keys, served on loopback. What is served, and how, can be changed. */
const jwksServer = async () => {
  const served: { keys: unknown[]; status: number; asked: number } = { keys: [], status: 200, asked: 0 };
  const server: Server = createServer((_request, response) => {
    served.asked += 1;
    response.writeHead(served.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: served.keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  return { served, close, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json` };
};

type Pair = { privateKey: KeyObject; publicKey: KeyObject };
const pairs: Record<'ES256' | 'EdDSA', () => Pair> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};
const claims = (): Json => ({
  ...{ sub: '01990000-0000-7000-8000-000000000001', jti: 'j', sid: 's', gen: 0, iss: 'tegata', aud: 'tegata-api' },
  ...{ iat: now / 1000, exp: now / 1000 + 900 },
});
const signAs = (alg: 'ES256' | 'EdDSA', { privateKey: key }: Pair, header: unknown, payload: unknown): string => {
  const input = `${encode(header)}.${encode(payload)}`;
  const bytes = Buffer.from(input);
  const signature = alg === 'ES256' ? signWith('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }) : signWith(null, bytes, key);
  return `${input}.${signature.toString('base64url')}`;
};
const jwkOf = (alg: string, kid: string, { publicKey }: Pair) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  alg,
  use: 'sig',
});

describe('signed with the shared secret', () => {
  test('0 of the forgeries is accepted, and each is refused for what is wrong with it', async () => {
    const issuer = await serverWithSecret();
    expect(await outcome(issuer.verifier, issuer.good)).toBe('ok');
    for (const [name, code, token] of forgeries(issuer))
      expect(`${name}: ${await outcome(issuer.verifier, token)}`).toBe(`${name}: ${code}`);
    expect(await outcome(issuer.verifier, issuer.refreshToken)).toBe('type_wrong');
    for (const none of [undefined, null, 1, {}, []])
      expect(await outcome(issuer.verifier, none as never)).toBe('token_malformed');
    expect(await outcome(issuer.verifier, issuer.good)).toBe('ok');
  });
});

describe.each(['ES256', 'EdDSA'] as const)('signed with %s', (alg) => {
  let pair: Pair;
  beforeAll(() => {
    pair = pairs[alg]();
  });
  const header = { alg, typ: 'at+jwt', kid: 'key-1' };

  test('0 of the forgeries is accepted, and each is refused for what is wrong with it', async () => {
    const { served, url } = await jwksServer();
    served.keys = [jwkOf(alg, 'key-1', pair)];
    const sign: Issuer['sign'] = (head, payload) => signAs(alg, pair, head, payload);
    const verifier = createVerifier({ ...expected, jwks: url, clock: () => now });
    const issuer: Issuer = { sign, header, claims: claims(), good: sign(header, claims()), verifier };
    expect(await outcome(verifier, issuer.good)).toBe('ok');
    for (const [name, code, token] of forgeries(issuer))
      expect(`${name}: ${await outcome(verifier, token)}`).toBe(`${name}: ${code}`);

    // The classic confusion: HS256, with the public key as the secret, in every form in which it may be at hand.
    const jwk = JSON.stringify(jwkOf(alg, 'key-1', pair));
    const pem = createPublicKey(pair.publicKey.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'pem' });
    for (const secret of [pem, String(pem).trim(), pair.publicKey.export({ type: 'spki', format: 'der' }), jwk]) {
      const input = `${encode({ ...header, alg: 'HS256' })}.${encode(claims())}`;
      const forged = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      expect(await outcome(verifier, forged)).toBe('algorithm_not_allowed');
    }
  });

  test('the other algorithm under the name of this key is refused', async () => {
    const { served, url } = await jwksServer();
    const other = alg === 'ES256' ? 'EdDSA' : 'ES256';
    const otherPair = pairs[other]();
    served.keys = [jwkOf(alg, 'key-1', pair), jwkOf(other, 'key-2', otherPair)];
    const verifier = createVerifier({ ...expected, jwks: url, clock: () => now });
    expect(await outcome(verifier, signAs(other, otherPair, { ...header, alg: other, kid: 'key-2' }, claims()))).toBe('ok');
    expect(await outcome(verifier, signAs(other, otherPair, { ...header, alg: other }, claims()))).toBe('algorithm_not_allowed');
    expect(await outcome(verifier, signAs(other, otherPair, { ...header, kid: 'key-2' }, claims()))).toBe(
      'algorithm_not_allowed',
    );
  });
});

describe('the document of public keys', () => {
  const pair = pairs.ES256();
  const sign = (kid: string, by = pair) => signAs('ES256', by, { alg: 'ES256', typ: 'at+jwt', kid }, claims());

  test('is fetched once, again for an unknown kid, and never more often than every ten seconds', async () => {
    const { served, url } = await jwksServer();
    const newer = pairs.ES256();
    served.keys = [jwkOf('ES256', 'key-1', pair)];
    let clock = now;
    const verifier = createVerifier({ ...expected, jwks: url, clock: () => clock, rememberedTokens: 0 });
    expect(await Promise.all(Array.from({ length: 50 }, () => outcome(verifier, sign('key-1'))))).toEqual(Array(50).fill('ok'));
    expect(served.asked).toBe(1);
    for (let kid = 0; kid < 50; kid += 1) expect(await outcome(verifier, sign(`unknown-${kid}`))).toBe('key_unknown');
    expect(served.asked).toBe(1);
    served.keys = [jwkOf('ES256', 'key-2', newer), jwkOf('ES256', 'key-1', pair)];
    clock += 10_000;
    expect(await Promise.all([1, 2, 3].map(() => outcome(verifier, sign('key-2', newer))))).toEqual(['ok', 'ok', 'ok']);
    expect(served.asked).toBe(2);
  });

  test('goes on being believed while the server is down; a key that it cannot be asked for is nobody’s fault', async () => {
    const { served, url, close } = await jwksServer();
    served.keys = [jwkOf('ES256', 'key-1', pair)];
    let clock = now;
    const verifier = createVerifier({ ...expected, jwks: url, clock: () => clock, rememberedTokens: 0 });
    expect(await outcome(verifier, sign('key-1'))).toBe('ok');
    close();
    clock += 6 * 60_000;
    expect(await outcome(verifier, sign('key-1'))).toBe('ok');
    clock += 10_000;
    expect(await outcome(verifier, sign('key-2'))).toBe('keys_unavailable');
    expect(await outcome(verifier, sign('key-1'))).toBe('ok');
    const without = createVerifier({ ...expected, jwks: url, clock: () => clock });
    expect(await outcome(without, sign('key-1'))).toBe('keys_unavailable');
  });

  test('a retired key verifies nothing any more, not even tokens that it has verified before', async () => {
    const { served, url } = await jwksServer();
    served.keys = [jwkOf('ES256', 'key-1', pair), jwkOf('ES256', 'key-2', pairs.ES256())];
    let clock = now;
    const verifier = createVerifier({ ...expected, jwks: url, clock: () => clock });
    expect(await outcome(verifier, sign('key-1'))).toBe('ok');
    served.keys = served.keys.slice(1);
    clock += 5 * 60_000;
    await expect.poll(() => outcome(verifier, sign('key-1'))).toBe('key_unknown');
  });

  test('of two keys with one name neither is believed, and keys of other kinds and uses are passed over', async () => {
    const { served, url } = await jwksServer();
    const other = pairs.ES256();
    const secret = { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url'), kid: 'shared', alg: 'HS256' };
    const encrypting = { ...jwkOf('ES256', 'enc', pair), use: 'enc' };
    const { use: _, ...plain } = jwkOf('ES256', 'ops', pair);
    const signing = { ...plain, kid: 'signing', key_ops: ['verify'] };
    const deriving = [['deriveBits'], ['sign'], [], 'verify', null].map((key_ops, index) => ({
      ...plain,
      kid: `deriving-${index}`,
      key_ops,
    }));
    const misnamed = { ...jwkOf('ES256', 'misnamed', pair), alg: 'EdDSA' };
    const halved = { ...jwkOf('ES256', 'halved', pair), y: 'AA' };
    const twins = [jwkOf('ES256', 'twin', pair), jwkOf('ES256', 'twin', other)];
    served.keys = [
      ...twins,
      ...deriving,
      signing,
      secret,
      encrypting,
      misnamed,
      halved,
      null,
      1,
      {},
      jwkOf('ES256', 'key-1', pair),
    ];
    const verifier = createVerifier({ ...expected, jwks: url, clock: () => now });
    expect(await outcome(verifier, sign('key-1'))).toBe('ok');
    expect([await outcome(verifier, sign('twin')), await outcome(verifier, sign('twin', other))]).toEqual([
      'key_unknown',
      'key_unknown',
    ]);
    expect(await outcome(verifier, sign('signing'))).toBe('ok');
    for (const kid of ['shared', 'enc', 'misnamed', 'halved', ...deriving.map((key) => key.kid)])
      expect(await outcome(verifier, sign(kid)), kid).toBe('key_unknown');
    const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'shared' })}.${encode(claims())}`;
    const byOct = `${input}.${createHmac('sha256', Buffer.alloc(32, 1)).update(input).digest('base64url')}`;
    expect(await outcome(verifier, byOct)).toBe('algorithm_not_allowed');
  });

  test.each([
    ['an error', 500, [jwkOf('ES256', 'key-1', pair)]],
    ['no list', 200, 'keys'],
  ])('%s is no document', async (_name, status, keys) => {
    const { served, url } = await jwksServer();
    Object.assign(served, { status, keys });
    const verifier = createVerifier({ ...expected, jwks: url, clock: () => now });
    expect(await outcome(verifier, sign('key-1'))).toBe('keys_unavailable');
  });
});

test('times are tolerated by five seconds, or as much as is said, at both ends', async () => {
  const { served, url } = await jwksServer();
  const pair = pairs.ES256();
  served.keys = [jwkOf('ES256', 'key-1', pair)];
  let clock = now;
  const usual = createVerifier({ ...expected, jwks: url, clock: () => clock });
  const strict = createVerifier({ ...expected, jwks: url, clock: () => clock, clockToleranceSeconds: 0 });
  const token = signAs('ES256', pair, { alg: 'ES256', typ: 'at+jwt', kid: 'key-1' }, claims());
  const at = async (seconds: number) => {
    clock = now + seconds * 1000;
    return [await outcome(usual, token), await outcome(strict, token)];
  };
  expect(await at(-6)).toEqual(['token_not_yet_valid', 'token_not_yet_valid']);
  expect(await at(-5)).toEqual(['ok', 'token_not_yet_valid']);
  expect(await at(0)).toEqual(['ok', 'ok']);
  expect(await at(899)).toEqual(['ok', 'ok']);
  expect(await at(900)).toEqual(['ok', 'token_expired']);
  expect(await at(905)).toEqual(['token_expired', 'token_expired']);
});

test('options that cannot work are refused at once', () => {
  const secret = Buffer.alloc(32, 7).toString('base64url');
  const jwks = 'http://127.0.0.1:9/jwks.json';
  for (const options of [
    { ...expected },
    { ...expected, secret, jwks },
    { ...expected, secret: 'short' },
    { ...expected, secret: `${secret}=` },
    { ...expected, issuer: '', secret },
    { ...expected, audience: '', secret },
  ]) {
    expect(() => createVerifier(options as never)).toThrow(TypeError);
  }
});

test('nothing that was verified can be changed by whoever got it', async () => {
  const { verifier, good } = await serverWithSecret();
  const verified = await verifier.verify(good);
  if (!verified.ok) throw new Error(verified.failure.code);
  expect(() => {
    (verified.user.claims as Json).role = 'owner';
  }).toThrow(TypeError);
  expect(await verifier.verify(good)).toEqual(verified);
});
