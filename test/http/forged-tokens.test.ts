import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { startServer, type TestServer } from '../server.ts';
import { loggedIn, me, refresh, registered } from '../standard/people.ts';
import { decodeToken, tokenIn } from '../standard/tokens.ts';
import { attackersKeys, forge, forgeries, hmac, type Json, type Kind } from './forgeries.ts';

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

type Situation = { server: TestServer; access: Kind; refresh: Kind };

/** Ada is logged in, and the keys of her server are known. */
const adaLoggedIn = async (): Promise<Situation> => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken, refreshCookie } = await loggedIn(server, 'ada@example.com');
  const keys = deriveKeys([await readFile(join(server.dataDir, 'secret'), 'utf8')]);
  const kind = (token: string, label: 'access-token' | 'refresh-token'): Kind => {
    const { header, claims } = decodeToken(token);
    const secret = keys.current(label).key;
    return { header, claims, token, secret, sign: hmac(secret) };
  };
  return { server, access: kind(accessToken, 'access-token'), refresh: kind(tokenIn(refreshCookie), 'refresh-token') };
};

test('the control: with nothing changed, a token made here is a good one', async () => {
  const { server, access, refresh: refreshKind } = await adaLoggedIn();
  expect(forge(access.header, access.claims, access.sign)).toBe(access.token);
  expect((await me(server, forge(access.header, { ...access.claims, jti: 'another' }, access.sign))).status).toBe(200);
  const remade = forge(refreshKind.header, refreshKind.claims, refreshKind.sign);
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
  const forged = forge(access.header, access.claims, hmac('secret'));
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
