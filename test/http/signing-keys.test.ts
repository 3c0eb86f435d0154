import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { createRemoteJWKSet, importPKCS8, jwtVerify, SignJWT } from 'jose';
import { describe, expect, test, vi } from 'vitest';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import { createSeal } from '../../packages/server/src/adapters/seal.ts';
import { execute, rows } from '../database.ts';
import { startServer, type TestServer } from '../server.ts';
import { loggedIn, me, refresh, registered } from '../standard/people.ts';
import { decodeToken } from '../standard/tokens.ts';

vi.setConfig({ testTimeout: 40_000 });

const secret = 'kN3v7Xq1T9sZ4bR8wL2yH6mC0pD5gJfA';
const day = { days: 1 };

const published = async (server: TestServer): Promise<(JsonWebKey & { kid: string })[]> =>
  (await server.call('GET', '/.well-known/jwks.json')).body.keys;
const kidOf = (token: string) => String(decodeToken(token).header.kid);
const records = (server: TestServer) => server.engine.stores.signingKeys.list();

/** Another node on the same database, with the same secret and the same time. */
const nodeBeside = (server: TestServer, settings: Record<string, string>) =>
  startServer({ TEGATA_SECRET: secret, ...server.sameStores, ...settings }, server.now());

const startWith = (alg: string, settings: Record<string, string> = {}) =>
  startServer({ TEGATA_SECRET: secret, TEGATA_SIGNING_ALG: alg, ...settings }, Date.now());

const adaOn = async (server: TestServer) => {
  await registered(server, 'ada@example.com');
  return loggedIn(server, 'ada@example.com');
};

/** The private half of the key that signs, as only the server itself can open it. */
const privateKeyOf = async (server: TestServer) => {
  const [record] = await records(server);
  const der = createSeal(deriveKeys([secret]).ring('signing-key')).open(record?.sealedPrivate ?? '');
  return `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----`;
};

describe.each(['ES256', 'EdDSA'])('TEGATA_SIGNING_ALG=%s', (alg) => {
  test('the first start makes a key, and jose verifies our tokens with the published list', async () => {
    const server = await startWith(alg);
    const { accessToken, refreshCookie } = await adaOn(server);
    expect(decodeToken(accessToken).header).toEqual({ alg, typ: 'at+jwt', kid: (await published(server))[0]?.kid });
    const jwks = createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`));
    const checks = { issuer: 'tegata', audience: 'tegata-api', typ: 'at+jwt', algorithms: [alg] };
    const { payload } = await jwtVerify(accessToken, jwks, checks);
    expect(payload.sub).toBe((await me(server, accessToken)).body.data.id);
    await expect(jwtVerify(refreshCookie.split('=')[1] ?? '', jwks, checks)).rejects.toThrow();
    expect(decodeToken(refreshCookie.slice('refresh_token='.length)).header.alg).toBe('HS256');
  });

  test('a token that jose signed with the same key is as good as ours', async () => {
    const server = await startWith(alg);
    const { accessToken } = await adaOn(server);
    const { header, claims } = decodeToken(accessToken);
    const key = await importPKCS8(await privateKeyOf(server), alg);
    const statuses = new Set<number>();
    // Of ES256's two signatures we take the lower one, and jose writes either.
    for (let round = 0; round < 40 && !statuses.has(200); round += 1) {
      const token = await new SignJWT({ ...claims, jti: `another-${round}` })
        .setProtectedHeader(header as { alg: string })
        .sign(key);
      statuses.add((await me(server, token)).status);
    }
    expect(statuses).toContain(200);
  });

  test('confused, unsigned and otherwise forged tokens are all 401', async () => {
    const server = await startWith(alg);
    const { accessToken } = await adaOn(server);
    const [jwk] = await published(server);
    const { header, claims } = decodeToken(accessToken);
    const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const pem = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).export({ format: 'pem', type: 'spki' }) as string;
    const hmac = (head: object, key: string | Buffer) => {
      const input = `${encode(head)}.${encode(claims)}`;
      return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
    };
    const [, payload, signature] = accessToken.split('.');
    const derivedKid = deriveKeys([secret]).current('access-token').kid;
    const forged = [
      ...[pem, pem.trim(), JSON.stringify(jwk), Buffer.from(String(jwk?.x), 'base64url')].flatMap((key) => [
        hmac({ ...header, alg: 'HS256' }, key),
        hmac(header, key),
      ]),
      ...['none', 'None', 'HS256', 'ES384', 'RS256', alg === 'ES256' ? 'EdDSA' : 'ES256', 'Ed25519'].flatMap((other) => [
        `${encode({ ...header, alg: other })}.${payload}.${signature}`,
        `${encode({ ...header, alg: other })}.${payload}.`,
      ]),
      `${encode({ ...header, kid: derivedKid })}.${payload}.${signature}`,
      `${encode({ ...header, jwk })}.${payload}.${signature}`,
      `${encode({ ...header, kid: 'AAAAAAAAAAAA' })}.${payload}.${signature}`,
    ];
    for (const token of forged) {
      const answer = await me(server, token);
      expect([answer.status, answer.body.error?.reason], token.slice(0, 60)).toEqual([401, 'token_invalid']);
    }
    expect((await me(server, accessToken)).status).toBe(200);
  });

  test('the database holds no private half that can be read, and the list none at all', async () => {
    const server = await startWith(alg);
    await adaOn(server);
    const pem = await privateKeyOf(server);
    const { d } = (await import('node:crypto')).createPrivateKey(pem).export({ format: 'jwk' });
    const stored = JSON.stringify(rows(server, 'select * from signing_keys'));
    expect(stored).toContain((await records(server))[0]?.kid);
    for (const text of [String(d), pem.split('\n')[1] ?? '']) expect(stored).not.toContain(text);
    for (const jwk of await published(server)) {
      expect(Object.keys(jwk).toSorted()).toEqual(
        [...(alg === 'ES256' ? ['y'] : []), 'alg', 'crv', 'kid', 'kty', 'use', 'x'].toSorted(),
      );
    }
  });
});

test('S2.118 keys change by age: the next one is in the list a day before it signs, the former one until its tokens are over', async () => {
  const server = await startWith('ES256');
  const { refreshCookie } = await adaOn(server);
  const [first] = await published(server);
  let cookie = refreshCookie;
  const refreshed = async () => {
    const answer = await refresh(server, cookie);
    expect(answer.status).toBe(200);
    cookie = answer.cookies.find((set) => set.startsWith('refresh_token='))?.split(';')[0] ?? '';
    return answer.body.data.access_token as string;
  };
  for (let days = 0; days < 88; days += 4) {
    server.advance({ days: 4 });
    if (days < 84) expect(kidOf(await refreshed())).toBe(first?.kid);
  }
  server.advance({ days: 1, hours: 1 });
  const list = await published(server);
  expect(list.map(({ kid }) => kid)).toEqual([first?.kid, expect.not.stringMatching(String(first?.kid))]);
  const cacheControl = (await server.call('GET', '/.well-known/jwks.json')).headers.get('cache-control');
  expect(cacheControl).toBe('public, max-age=300');
  const again = await loggedIn(server, 'ada@example.com');
  expect(kidOf(again.accessToken)).toBe(first?.kid);

  server.advance({ hours: 23, minutes: 59 });
  const last = await loggedIn(server, 'ada@example.com');
  expect(kidOf(last.accessToken)).toBe(first?.kid);
  server.advance({ minutes: 2 });
  const later = await loggedIn(server, 'ada@example.com');
  expect(kidOf(later.accessToken)).toBe(list[1]?.kid);
  expect((await me(server, last.accessToken)).status).toBe(200);
  expect((await published(server)).map(({ kid }) => kid)).toEqual(list.map(({ kid }) => kid));
  server.advance({ hours: 1, minutes: 2 });
  expect((await published(server)).map(({ kid }) => kid)).toEqual([list[1]?.kid]);
  expect((await refresh(server, last.refreshCookie)).status).toBe(200);
  expect((await records(server)).map(({ sealedPrivate }) => sealedPrivate === null)).toEqual([true, true, false]);
});

test('a short lead shortens how long the list may be cached', async () => {
  const server = await startWith('ES256', { TEGATA_KEY_PUBLISH_AHEAD: '2m' });
  const { headers } = await server.call('GET', '/.well-known/jwks.json');
  expect(headers.get('cache-control')).toBe('public, max-age=30');
});

test('two nodes that start at once agree on one key, and on one next key too', async () => {
  const first = await startServer({ TEGATA_SECRET: secret }, Date.now());
  const nodes = await Promise.all([1, 2, 3].map(() => nodeBeside(first, { TEGATA_SIGNING_ALG: 'ES256' })));
  const asymmetric = async () => (await records(first)).filter(({ algorithm }) => algorithm === 'ES256');
  expect(await asymmetric()).toHaveLength(1);
  for (const node of nodes) node.advance({ days: 89, hours: 1 });
  const lists = await Promise.all(nodes.flatMap((node) => [published(node), published(node)]));
  expect(new Set(lists.map((list) => JSON.stringify(list.map(({ kid }) => kid)))).size).toBe(1);
  expect(await asymmetric()).toHaveLength(2);
});

test('a key replaced at once is known to the other node with its first token', async () => {
  const [one, two] = await (async () => {
    const node = await startWith('ES256');
    return [node, await nodeBeside(node, { TEGATA_SIGNING_ALG: 'ES256' })] as const;
  })();
  const { accessToken } = await adaOn(one);
  expect((await me(two, accessToken)).status).toBe(200);
  for (let round = 0; round < 5; round += 1) {
    expect((await one.engine.auth.rotateSigningKey({ atOnce: true })).ok).toBe(true);
    one.advance({ seconds: 1 });
    two.advance({ seconds: 1 });
    const newer = await loggedIn(one, 'ada@example.com');
    expect(kidOf(newer.accessToken)).not.toBe(kidOf(accessToken));
    for (const token of [newer.accessToken, accessToken]) expect((await me(two, token)).status).toBe(200);
  }
});

test('a revoked key is refused on every node a second later, leaves the list, and signs nobody out', async () => {
  const one = await startWith('EdDSA');
  const two = await nodeBeside(one, { TEGATA_SIGNING_ALG: 'EdDSA' });
  const { accessToken, refreshCookie } = await adaOn(one);
  for (const node of [one, two]) expect((await me(node, accessToken)).status).toBe(200);
  const revoked = await two.engine.auth.revokeSigningKey({ kid: kidOf(accessToken) });
  expect(revoked).toMatchObject({ ok: true, value: { wasSigning: true } });
  for (const node of [one, two]) {
    node.advance({ seconds: 1 });
    const answer = await me(node, accessToken);
    expect([answer.status, answer.body.error.reason]).toEqual([401, 'token_invalid']);
    expect((await published(node)).map(({ kid }) => kid)).not.toContain(kidOf(accessToken));
  }
  const answer = await refresh(one, refreshCookie);
  expect(answer.status).toBe(200);
  expect((await me(two, answer.body.data.access_token)).status).toBe(200);
});

test('without a moving clock, too, a revocation is seen within about a second', async () => {
  const one = await startWith('ES256');
  const two = await nodeBeside(one, { TEGATA_SIGNING_ALG: 'ES256' });
  const { accessToken } = await adaOn(one);
  expect((await me(one, accessToken)).status).toBe(200);
  await two.engine.auth.revokeSigningKey({ kid: kidOf(accessToken) });
  await expect.poll(async () => (await me(one, accessToken)).status, { timeout: 10_000, interval: 50 }).toBe(401);
});

describe('a change of algorithm', () => {
  test.each([
    ['HS256', 'ES256'],
    ['ES256', 'HS256'],
    ['ES256', 'EdDSA'],
    ['EdDSA', 'ES256'],
  ])(
    'from %s to %s: tokens of before are good for their life on old and new nodes, and the other way round',
    async (from, to) => {
      const before = await startWith(from);
      const old = await adaOn(before);
      const after = await nodeBeside(before, { TEGATA_SIGNING_ALG: to });
      for (const node of [before, after]) node.advance({ seconds: 1 });
      const newer = await loggedIn(after, 'ada@example.com');
      expect(decodeToken(old.accessToken).header.alg).toBe(from);
      expect(decodeToken(newer.accessToken).header.alg).toBe(to);
      for (const node of [before, after]) {
        for (const { accessToken } of [old, newer]) expect((await me(node, accessToken)).status).toBe(200);
      }
      after.advance({ minutes: 14 });
      expect((await me(after, old.accessToken)).status).toBe(200);
      expect((await refresh(after, old.refreshCookie)).status).toBe(200);
      expect((await refresh(before, newer.refreshCookie)).status).toBe(200);
    },
  );

  test('the derived key of HS256 is believed for a day and the life of a token, then whoever was given it signs for nobody', async () => {
    const before = await startWith('HS256');
    const { accessToken } = await adaOn(before);
    const after = await nodeBeside(before, { TEGATA_SIGNING_ALG: 'ES256' });
    const { header, claims } = decodeToken(accessToken);
    const { key } = deriveKeys([secret]).current('access-token');
    const signedAt = async () => {
      const now = Math.floor(after.now() / 1000);
      const input = [header, { ...claims, iat: now, exp: now + 900 }]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      return (await me(after, `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`)).status;
    };
    expect(await signedAt()).toBe(200);
    after.advance({ hours: 25, minutes: 2 });
    expect(await signedAt()).toBe(401);
    expect((await after.engine.auth.revokeSigningKey({ kid: String(header.kid) })).ok).toBe(true);
  });

  test('a key made beforehand is in the list while HS256 still signs, and signs after the change', async () => {
    const before = await startWith('HS256');
    await before.engine.auth.createSigningKey({ algorithm: 'ES256' });
    before.advance(day);
    const [prepared] = await published(before);
    const { accessToken } = await adaOn(before);
    expect(decodeToken(accessToken).header.alg).toBe('HS256');
    const after = await nodeBeside(before, { TEGATA_SIGNING_ALG: 'ES256' });
    expect(kidOf((await loggedIn(after, 'ada@example.com')).accessToken)).toBe(prepared?.kid);
  });
});

test('while the database cannot be read the list is answered from memory', async () => {
  const server = await startWith('ES256');
  const before = await published(server);
  execute(server, 'alter table signing_keys rename to hidden_keys');
  server.advance({ seconds: 2 });
  expect(await published(server)).toEqual(before);
  execute(server, 'alter table hidden_keys rename to signing_keys');
  server.advance({ seconds: 2 });
  expect(await published(server)).toEqual(before);
});
