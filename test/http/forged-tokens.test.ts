import { createHmac, generateKeyPairSync, type KeyObject, sign as signWith } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { startServer, type TestServer } from '../server.ts';
import { loggedIn, me, refresh, registered } from '../standard/people.ts';
import { decodeToken, tokenIn } from '../standard/tokens.ts';

// Tokens that somebody made who is not this server, thrown at the running one. Most are signed with the server's own
// key, so that each differs from a good one in the one thing that must make it refused.

const refused = {
  error: { code: 'UNAUTHORIZED', message: 'invalid or expired token', reason: 'token_invalid' },
  meta: null,
};
const refusedRefresh = {
  error: { code: 'UNAUTHORIZED', message: 'invalid refresh token', reason: 'refresh_token_invalid' },
  meta: null,
};

type Json = Record<string, unknown>;
const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** Signs any header and payload, objects or text, with any key. */
const forge = (header: unknown, payload: unknown, key: KeyObject | string, hash = 'sha256'): string => {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`;
};

type Kind = { header: Json; claims: Json; key: KeyObject; token: string };
type Situation = { server: TestServer; access: Kind; refresh: Kind };

/** Ada is logged in, and the keys of her server are known. */
const adaLoggedIn = async (): Promise<Situation> => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken, refreshCookie } = await loggedIn(server, 'ada@example.com');
  const keys = deriveKeys([await readFile(join(server.dataDir, 'secret'), 'utf8')]);
  const kind = (token: string, label: 'access-token' | 'refresh-token'): Kind => {
    const { header, claims } = decodeToken(token);
    return { header, claims, token, key: keys.current(label).key };
  };
  return { server, access: kind(accessToken, 'access-token'), refresh: kind(tokenIn(refreshCookie), 'refresh-token') };
};

const without = (object: Json, name: string): Json => Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));

/** Everything that can be wrong with a token of this kind; `other` is the other kind of the same session. */
const forgeries = ({ header, claims, key, token }: Kind, other: Kind, jku: string): [name: string, token: string][] => {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const withHeader = (change: Json, hash?: string) => forge({ ...header, ...change }, claims, key, hash);
  const withClaims = (change: Json) => forge(header, { ...claims, ...change }, key);
  const unsigned = (alg: string) => `${encode({ ...header, alg })}.${payload}.`;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  const shared = { kty: 'oct', k: Buffer.from('attacker').toString('base64url'), alg: 'HS256' };
  const asymmetric = (change: Json) => {
    const input = `${encode({ ...header, alg: 'ES256', ...change })}.${payload}`;
    const made = signWith('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${input}.${made.toString('base64url')}`;
  };
  const text = JSON.stringify(claims);
  const notStrings = [undefined, null, '', 0, 1, true, [], {}];
  const notTimes = [undefined, null, '', '9999999999', -1, 1.5, 1e300, true, [], {}];
  return [
    ...['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg): [string, string][] => [
      [`alg ${alg} without signature`, unsigned(alg)],
      [`alg ${alg} with the old signature`, unsigned(alg) + signature],
      [`alg ${alg}, signed`, withHeader({ alg })],
    ]),
    ['HS384', withHeader({ alg: 'HS384' }, 'sha384')],
    ['HS512', withHeader({ alg: 'HS512' }, 'sha512')],
    ['HS256 made with another hash', withHeader({}, 'sha512')],
    ...['hs256', ' HS256', 'HS256\u0000', 'RS256', 'ES256', 'EdDSA', 'dir', null, ['HS256'], 256, {}].map(
      (alg): [string, string] => [`alg ${JSON.stringify(alg)}`, withHeader({ alg })],
    ),
    ['no alg', forge(without(header, 'alg'), claims, key)],
    ...['JWT', 'jwt', 'at+JWT', 'application/at+jwt', 'rt+jwts', other.header.typ, '', null, ['at+jwt']].map(
      (typ): [string, string] => [`typ ${JSON.stringify(typ)}`, withHeader({ typ })],
    ),
    ['no typ', forge(without(header, 'typ'), claims, key)],
    ...[
      other.header.kid,
      'unknown',
      '',
      '../../../dev/null',
      "' or 1=1 --",
      '__proto__',
      'constructor',
      'toString',
      null,
      0,
      ['x'],
    ].map((kid): [string, string] => [`kid ${JSON.stringify(kid)}`, withHeader({ kid })]),
    ['no kid', forge(without(header, 'kid'), claims, key)],
    ['kid of an empty key', forge({ ...header, kid: '../../../dev/null' }, claims, '')],
    ['signed with an empty key', forge(header, claims, '')],
    ['signed with a common key', forge(header, claims, 'secret')],
    ['signed with the key of the other kind', forge(header, claims, other.key)],
    ['the other kind, signed with this key', forge(other.header, other.claims, key)],
    ['the header of the other kind', forge(other.header, claims, key)],
    ['the claims of the other kind', forge(header, other.claims, key)],
    ['the other kind itself', other.token],
    ['embedded jwk', asymmetric({ jwk })],
    ['embedded shared jwk', forge({ ...header, jwk: shared }, claims, 'attacker')],
    ['jku of the attacker', asymmetric({ jku })],
    ['jku, signed with the right key', withHeader({ jku })],
    ['x5u', asymmetric({ x5u: jku })],
    ['x5c', asymmetric({ x5c: ['MIIB'] })],
    ['crit', withHeader({ crit: ['exp'] })],
    ['b64', withHeader({ b64: false, crit: ['b64'] })],
    ['zip', withHeader({ zip: 'DEF' })],
    ['unknown header', withHeader({ x: 1 })],
    ['duplicate alg', forge(JSON.stringify(header).replace('{', '{"alg":"none",'), claims, key)],
    ['duplicate sub', forge(header, text.replace('{', '{"sub":"somebody",'), key)],
    ['duplicate exp, escaped', forge(header, text.replace('{', '{"\\u0065xp":9999999999,'), key)],
    ['header that is no object', forge('[]', claims, key)],
    ['payload that is no object', forge(header, '"text"', key)],
    ['payload that is a list', forge(header, [claims], key)],
    ['payload that is no JSON', forge(header, 'x', key)],
    ['payload that is empty', forge(header, '', key)],
    ['payload with invalid UTF-8', `${head}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${signature}`],
    ...['evil', '', null, 0, [claims.iss], { a: claims.iss }, `${claims.iss}/`].map((iss): [string, string] => [
      `iss ${JSON.stringify(iss)}`,
      withClaims({ iss }),
    ]),
    ['no iss', forge(header, without(claims, 'iss'), key)],
    ...['evil', other.claims.aud, '', null, [], [claims.aud], [claims.aud, 'evil'], ['evil', claims.aud], {}].map(
      (aud): [string, string] => [`aud ${JSON.stringify(aud)}`, withClaims({ aud })],
    ),
    ['no aud', forge(header, without(claims, 'aud'), key)],
    ...['sub', 'jti', 'sid'].flatMap((name) =>
      notStrings.map((value): [string, string] => [`${name} ${JSON.stringify(value)}`, withClaims({ [name]: value })]),
    ),
    ...['exp', 'iat', 'gen'].flatMap((name) =>
      notTimes.map((value): [string, string] => [`${name} ${JSON.stringify(value)}`, withClaims({ [name]: value })]),
    ),
    ['a generation that is still to come', withClaims({ gen: (claims.gen as number) + 1 })],
    ['iat in the future', withClaims({ iat: (claims.iat as number) + 60 })],
    ['nbf in the future', withClaims({ nbf: (claims.iat as number) + 60 })],
    ['nbf that is no time', withClaims({ nbf: 'now' })],
    ['padding', `${token}=`],
    ['a dot in front', `.${token}`],
    ['a dot behind', `${token}.`],
    ['two segments', `${head}.${payload}`],
    ['one segment', head],
    ['no signature', `${head}.${payload}.`],
    ['five segments', `${token}.${payload}.${signature}`],
    ['twice', token + token],
    ['the other alphabet', `${head}.${payload}.${signature}+/`],
    ['12 KB', `${head}.${'A'.repeat(12_000)}.${signature}`],
    ['upper case', token.toUpperCase()],
  ];
};

/** A server of the attacker; nobody may ever call it. */
const attackersKeys = async () => {
  let calls = 0;
  const listening = createServer((_request, response) => {
    calls += 1;
    response.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as { port: number };
  return { jku: `http://127.0.0.1:${port}/keys.json`, calls: () => calls, close: () => listening.close() };
};

test('the control: with nothing changed, a token made here is a good one', async () => {
  const { server, access, refresh: refreshKind } = await adaLoggedIn();
  expect(forge(access.header, access.claims, access.key)).toBe(access.token);
  expect((await me(server, forge(access.header, { ...access.claims, jti: 'another' }, access.key))).status).toBe(200);
  const remade = forge(refreshKind.header, refreshKind.claims, refreshKind.key);
  expect((await refresh(server, `refresh_token=${remade}`)).status).toBe(200);
});

test('as access token every forged one is 401 with one and the same body, and no address in it is called', async () => {
  const { server, access, refresh: refreshKind } = await adaLoggedIn();
  const attacker = await attackersKeys();
  const forged = forgeries(access, refreshKind, attacker.jku);
  expect(new Set(forged.map(([, token]) => token)).size).toBeGreaterThan(120);
  for (const [name, token] of forged) {
    const answer = await me(server, token);
    expect(answer.status, name).toBe(401);
    expect(answer.body, name).toEqual(refused);
    expect(answer.headers.get('www-authenticate'), name).toBe('Bearer realm="tegata", error="invalid_token"');
  }
  for (const [method, path] of [
    ['GET', '/api/v1/auth/sessions'],
    ['POST', '/api/v1/auth/logout-all'],
    ['POST', '/api/v1/auth/password/change'],
    ['DELETE', '/api/v1/me'],
    ['PATCH', '/api/v1/me'],
    ['GET', '/api/v1/me/emails'],
  ] as const) {
    for (const [name, token] of forged.filter((_, index) => index % 10 === 0)) {
      expect((await server.call(method, path, { token })).body, `${path} ${name}`).toEqual(refused);
    }
  }
  expect(attacker.calls()).toBe(0);
  attacker.close();
  expect((await me(server, access.token)).status).toBe(200);
});

test('as refresh token every forged one is 401 too, and revokes nothing', async () => {
  const { server, access, refresh: refreshKind } = await adaLoggedIn();
  const attacker = await attackersKeys();
  for (const [name, token] of forgeries(refreshKind, access, attacker.jku)) {
    const answer = await server.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: token } });
    // Longer than any token: the field says so.
    if (token.length > 8192) expect(answer.status, name).toBe(400);
    else expect([answer.status, answer.body], name).toEqual([401, refusedRefresh]);
  }
  expect(attacker.calls()).toBe(0);
  attacker.close();
  expect((await me(server, access.token)).status).toBe(200);
  expect((await refresh(server, `refresh_token=${refreshKind.token}`)).status).toBe(200);
});

test('logging out with a forged token ends nobody', async () => {
  const { server, access, refresh: refreshKind } = await adaLoggedIn();
  const { key: _, ...unsigned } = access;
  const forged = forge(unsigned.header, unsigned.claims, 'secret');
  const answer = await server.call('POST', '/api/v1/auth/logout', {
    token: forged,
    body: { refresh_token: `${refreshKind.token}=` },
  });
  expect(answer.status).toBe(200);
  expect((await me(server, access.token)).status).toBe(200);
});

test('one character more, less or other anywhere makes it another token', async () => {
  const { server, access } = await adaLoggedIn();
  const { token } = access;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/~'.split('');
  const position = fc.integer({ min: 0, max: token.length - 1 });
  const changed = fc.oneof(
    fc.tuple(position, fc.constantFrom(...alphabet)).map(([at, letter]) => token.slice(0, at) + letter + token.slice(at + 1)),
    fc.tuple(position, fc.constantFrom(...alphabet)).map(([at, letter]) => token.slice(0, at) + letter + token.slice(at)),
    position.map((at) => token.slice(0, at) + token.slice(at + 1)),
    position.map((at) => token.slice(0, at)),
    position.map((at) => token.slice(at + 1)),
  );
  await fc.assert(
    fc.asyncProperty(changed, async (other) => {
      fc.pre(other !== token);
      const answer = await me(server, other);
      expect(answer.status).toBe(401);
      // Nothing at all, or padding in the middle, is no credential in form.
      if (/^[\w.~+/-]+=*$/.test(other)) expect(answer.body).toEqual(refused);
      else expect(answer.body.error.message).toMatch(/^(invalid authorization header format|authorization header required)$/);
    }),
    { numRuns: 300 },
  );
});

test('white space or padding in it, or a megabyte of it, is refused before anybody looks inside', async () => {
  const { server, access } = await adaLoggedIn();
  const half = Math.floor(access.token.length / 2);
  for (const between of [' ', '\t', ' . ', '=', '==.']) {
    const token = access.token.slice(0, half) + between + access.token.slice(half);
    const [answer] = await sendRaw(server, rawRequest('GET /api/v1/me', [`Authorization: Bearer ${token}`]));
    expect(answer?.status).toBe(401);
    expect(JSON.parse(answer?.body ?? '').error.message).toBe('invalid authorization header format');
  }
  const [huge] = await sendRaw(server, rawRequest('GET /api/v1/me', [`Authorization: Bearer ${'A'.repeat(1_000_000)}`]));
  expect(huge?.status).toBe(431);
  const inBody = await server.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: 'A'.repeat(1_000_000) } });
  expect(inBody.status).toBe(413);
  expect((await me(server, access.token)).status).toBe(200);
});

/** The JWS strings of Wycheproof, or, where the corpus is not at hand, the examples of RFC 7515, appendix A. */
const foreignTokens = (): string[] => {
  const { CORPORA_DIR } = process.env;
  if (!CORPORA_DIR) {
    // biome-ignore lint/suspicious/noConsole: whoever runs the tests must see that less was tried.
    console.warn('CORPORA_DIR is not set: two examples of RFC 7515 stand in for the JWS strings of Wycheproof.');
    return [
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      'eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.',
    ];
  }
  const read = (file: string) => JSON.parse(readFileSync(join(CORPORA_DIR, 'wycheproof', file), 'utf8'));
  const files = ['json_web_signature_test.json', 'json_web_crypto_test.json', 'json_web_encryption_test.json'];
  const cases = files.flatMap((file) => read(file).testGroups as { tests: Json[] }[]).flatMap(({ tests }) => tests);
  return cases
    .flatMap(({ jws, jwe, jwt }) => [jws, jwe, jwt])
    .flatMap((token) => {
      if (token === undefined) return [];
      return typeof token === 'string' ? token : JSON.stringify(token);
    });
};

test('tokens of the whole world are tokens of somebody else', async () => {
  const { server, access } = await adaLoggedIn();
  const tokens = foreignTokens();
  expect(tokens.length).toBeGreaterThan(process.env.CORPORA_DIR ? 400 : 1);
  for (const token of tokens) {
    const inBody = await server.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: token } });
    if (token.length > 8192) expect(inBody.status).toBe(400);
    else if (token !== '') expect([inBody.status, inBody.body], token).toEqual([401, refusedRefresh]);
    // What no header can hold, no client can send.
    if (/[^\t\x20-\x7e\x80-\xff]/.test(token)) continue;
    const inHeader = await server.call('GET', '/api/v1/me', { headers: { authorization: `Bearer ${token}` } });
    expect([401, 431], token).toContain(inHeader.status);
    if (/^[\w.~+/-]+=*$/.test(token) && inHeader.status === 401) expect(inHeader.body, token).toEqual(refused);
  }
  expect((await me(server, access.token)).status).toBe(200);
});
