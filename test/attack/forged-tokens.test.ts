import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import { openKey } from '../../packages/server/src/adapters/key-pairs.ts';
import { createSeal } from '../../packages/server/src/adapters/seal.ts';
import * as bearer from '../bearer/people.ts';
import * as cookie from '../cookie/people.ts';
import { readCorpus } from '../corpora.ts';
import { attackersKeys, expired, forge, forgeries, hmac, type Kind, type Signer } from '../http/forgeries.ts';
import * as organization from '../organization/people.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import * as standard from '../standard/people.ts';
import { rows } from '../standard/stored.ts';
import { decodeToken, tokenIn } from '../standard/tokens.ts';
import { serviceCredential } from '../verifier/verifiers.ts';
import { type Operation, operationsOf } from './operations.ts';

// Every forged token at every endpoint of every contract that takes one, in every place where it takes it. Most are signed with
// the server's own keys, so that each is refused for the one thing that is wrong with it.

type Tokens = { access: string; refresh: string | undefined };

/** One place to put a token in: an endpoint, and the header, the cookie or the field that carries it. */
type Way = { name: string; contract: Operation['contract']; send: (token: string) => Promise<Answer> };

const logIn: Record<Operation['contract'], (server: TestServer, email: string) => Promise<Tokens>> = {
  standard: async (server, email) => {
    const { accessToken, refreshCookie } = await standard.loggedIn(server, email);
    return { access: accessToken, refresh: tokenIn(refreshCookie) };
  },
  cookie: async (server, email) => {
    const { accessToken, refreshToken } = await cookie.signedIn(server, email);
    return { access: accessToken, refresh: refreshToken };
  },
  bearer: async (server, email) => ({ access: (await bearer.loggedIn(server, { email })).token, refresh: undefined }),
  organization: async (server, email) => {
    const { accessToken, refreshToken } = await organization.loggedIn(server, email);
    return { access: accessToken, refresh: refreshToken };
  },
};

/** Where `operation` takes an access token. */
const accessWays = (server: TestServer, { method, path, contract, credentials, bodyType }: Operation): Way[] => {
  const body = bodyType === undefined ? {} : { body: {} };
  const places: Way[] = [];
  if (credentials.includes('access_token')) {
    places.push({
      name: `${method} ${path}, header`,
      contract,
      send: (token) => server.call(method, path, { ...body, headers: { authorization: `Bearer ${token}` } }),
    });
  }
  if (credentials.includes('access_cookie')) {
    places.push({
      name: `${method} ${path}, cookie`,
      contract,
      send: (token) => server.call(method, path, { ...body, cookie: `access_token=${token}` }),
    });
  }
  return places;
};

const refreshWays = (server: TestServer): Way[] => {
  const way = (contract: Operation['contract'], path: string, field?: string): Way[] => [
    {
      name: `POST ${path}, cookie`,
      contract,
      send: (token) => server.call('POST', path, { cookie: `refresh_token=${token}` }),
    },
    ...(field === undefined
      ? []
      : [
          {
            name: `POST ${path}, body`,
            contract,
            send: (token: string) => server.call('POST', path, { body: { [field]: token } }),
          },
        ]),
  ];
  return [
    ...way('standard', '/api/v1/auth/refresh', 'refresh_token'),
    ...way('cookie', '/auth/refresh'),
    ...way('organization', '/api/auth/refresh', 'refreshToken'),
  ];
};

/** Logging out asks whose session it is and no more: a token that is right in all but the time ends its own. */
const isLogOut = ({ name }: Way): boolean => /\/(logout|signout),/.test(name);
const endsAnyway = /^over \d+ s ago$|^a generation that is still to come$/;

/**
 * Refused: 401; of a text longer than any token the field may say so; and a cookie whose session can be told is asked for its
 * CSRF token first.
 */
const isRefused = ({ name }: Way, token: string, status: number): boolean =>
  status === 401 || (status === 400 && token.length > 8192) || (status === 403 && name.endsWith('cookie'));

/** The server's keys, as only somebody with its secret and its database has them. */
const signersOf = async (server: TestServer): Promise<{ access: Signer; refresh: Kind['secret']; accessParts: object }> => {
  const keys = deriveKeys([await readFile(join(server.dataDir, 'secret'), 'utf8')]);
  const refresh = keys.current('refresh-token').key;
  const [record] = (await server.engine.stores.signingKeys.list()).filter(({ publicJwk }) => publicJwk !== null);
  if (!record) {
    const secret = keys.current('access-token').key;
    return { access: hmac(secret), refresh, accessParts: { secret } };
  }
  const key = openKey(record, createSeal(keys.ring('signing-key')));
  return { access: (input) => key.sign(input) as Uint8Array, refresh, accessParts: { publicJwk: key.publicJwk } };
};

const doors = { 'standard,cookie,bearer': ['standard', 'cookie', 'bearer'], organization: ['organization'] } as const;

const stateOf = (server: TestServer) =>
  Object.fromEntries(
    ['users', 'user_emails', 'password_credentials', 'sessions', 'oauth_accounts', 'mail_outbox', 'one_time_tokens'].map(
      (table) => [table, rows(server, `select * from ${table} order by 1, 2`)],
    ),
  );

/** Each place gets a part of the recipes, another one each, so that every recipe is tried somewhere. */
const share = size('FORGED_SHARE', { long: 4, short: 12 });

describe.each(['HS256', 'ES256', 'EdDSA'])('tokens like those of a server that signs with %s', (alg) => {
  test.each(Object.entries(doors))('are taken nowhere behind the doors %s', async (mounted, contracts) => {
    const server = await startServer({
      TEGATA_CONTRACTS: mounted,
      TEGATA_SIGNING_ALG: alg,
      TEGATA_MAX_SESSIONS: '100',
      GOOGLE_CLIENT_ID: 'client',
      GOOGLE_CLIENT_SECRET: 'a secret of the tests',
    });
    const email = 'ada@example.com';
    if (mounted === 'organization') await organization.registered(server, email);
    else await standard.registered(server, email);
    const attacker = await attackersKeys();
    const signers = await signersOf(server);
    const operations = await operationsOf(server);

    const accepted: string[] = [];
    const broken: string[] = [];
    const changed: string[] = [];
    let tried = 0;
    let controls = 0;
    for (const contract of contracts) {
      const tokens = await logIn[contract](server, email);
      const kindOf = (token: string, parts: object, sign: Signer): Kind =>
        ({ ...decodeToken(token), token, sign, ...parts }) as unknown as Kind;
      const access = kindOf(tokens.access, signers.accessParts, signers.access);
      const secret = signers.refresh as NonNullable<Kind['secret']>;
      // The bearer contract has no refresh token: that of a log-in elsewhere is the other kind there.
      const refreshToken = tokens.refresh ?? (await logIn.standard(server, email)).refresh ?? '';
      const refresh = kindOf(refreshToken, { secret }, hmac(secret));
      const wayOf = { access: [] as Way[], refresh: [] as Way[] };
      wayOf.access = operations.filter((one) => one.contract === contract).flatMap((one) => accessWays(server, one));
      wayOf.refresh = refreshWays(server).filter((way) => way.contract === contract);
      expect(wayOf.access.length).toBeGreaterThan(0);
      const before = stateOf(server);

      for (const [kind, forged] of [
        ['access', [...forgeries(access, refresh, attacker.jku), ...expired(access)]],
        ['refresh', [...forgeries(refresh, access, attacker.jku), ...expired(refresh)]],
      ] as const) {
        for (const [place, way] of wayOf[kind].entries()) {
          for (const [index, [name, token]] of forged.entries()) {
            if (index % share !== place % share || (isLogOut(way) && endsAnyway.test(name))) continue;
            tried += 1;
            const { status } = await way.send(token);
            if (!isRefused(way, token, status)) (status >= 500 ? broken : accepted).push(`${way.name}: ${name} → ${status}`);
          }
        }
      }
      if (JSON.stringify(stateOf(server)) !== JSON.stringify(before)) changed.push(contract);

      // The control: made in the same way with nothing wrong, it is let in everywhere.
      for (const way of wayOf.access) {
        const fresh = decodeToken((await logIn[contract](server, email)).access);
        const good = forge(fresh.header, { ...fresh.claims, jti: 'made here' }, signers.access);
        controls += 1;
        expect((await way.send(good)).status, `control, ${way.name}`).not.toBe(401);
      }
      expect((await logIn[contract](server, email)).access).not.toBe('');
    }
    const calls = attacker.calls();
    attacker.close();
    const wrong = [...accepted, ...broken];
    figure({
      row: 'forged',
      part: `${alg}, ${mounted}`,
      tried,
      failed: wrong.length,
      detail: `${broken.length} answers of 5xx, ${calls} outgoing requests; ${controls} rightly made ones let in as a control`,
      reached: wrong.length + changed.length + calls === 0,
    });
    expect({ wrong, changed }).toEqual({ wrong: [], changed: [] });
    expect(calls).toBe(0);
    expect(tried).toBeGreaterThan(share > 4 ? 80 : 200);
  });
});

/** The JWS and JWE strings of Wycheproof; without them the examples of RFC 7515, appendix A, and of RFC 7516, appendix A.1. */
const foreignTokens = (): string[] => {
  const files = ['json_web_signature_test.json', 'json_web_crypto_test.json', 'json_web_encryption_test.json'];
  const read = files.map((file) => readCorpus(`wycheproof/${file}`, 'examples of the standards stand for tokens of others'));
  const groups = read.flatMap((text) => (text === undefined ? [] : JSON.parse(text).testGroups));
  const cases = groups.flatMap(({ tests }: { tests: Record<string, unknown>[] }) => tests);
  const given = cases.flatMap(({ jws, jwe }) => [jws, jwe]).filter((token) => token !== undefined && token !== '');
  if (given.length > 0) return given.map((token) => (typeof token === 'string' ? token : JSON.stringify(token)));
  return [
    'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    'eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.',
    '{"protected":"eyJhbGciOiJIUzI1NiJ9","payload":"e30","signature":"AA"}',
    'a.b.c.d.e',
  ];
};

test.each(Object.entries(doors))(
  'tokens of the whole world are taken nowhere behind the doors %s',
  async (mounted, contracts) => {
    const server = await startServer({
      TEGATA_CONTRACTS: mounted,
      GOOGLE_CLIENT_ID: 'client',
      GOOGLE_CLIENT_SECRET: 'a secret of the tests',
    });
    const email = 'ada@example.com';
    if (mounted === 'organization') await organization.registered(server, email);
    else await standard.registered(server, email);
    for (const contract of contracts) await logIn[contract](server, email);
    const operations = await operationsOf(server);
    const ways = [
      ...operations.flatMap((one) => accessWays(server, one)),
      ...refreshWays(server).filter(({ contract }) => (contracts as readonly string[]).includes(contract)),
    ];
    const before = stateOf(server);
    const tokens = foreignTokens();
    const turns = size('FOREIGN_WAYS', { long: 3, short: 1 });
    const wrong: string[] = [];
    let tried = 0;
    for (const [index, token] of tokens.entries()) {
      // In turn, so that each place gets its part of them and each of them several places.
      for (let turn = 0; turn < turns; turn += 1) {
        const way = ways[(index * turns + turn) % ways.length] as Way;
        // What no header can hold, no client can send.
        if (!way.name.endsWith('body') && /[^\t\x20-\x7e\x80-\xff]/.test(token)) continue;
        tried += 1;
        const { status } = await way.send(token);
        if (![401, 431].includes(status) && !(status === 400 && token.length > 8192))
          wrong.push(`${way.name} → ${status}: ${token}`);
      }
    }
    figure({
      row: 'forged',
      part: `foreign tokens, ${mounted}`,
      tried,
      failed: wrong.length,
      detail: `${tokens.length} tokens of others, at ${ways.length} places in turn`,
      reached: wrong.length === 0,
    });
    expect(wrong).toEqual([]);
    expect(stateOf(server)).toEqual(before);
  },
);

test('introspection calls none of them active', async () => {
  const server = await startServer();
  await standard.registered(server, 'ada@example.com');
  const { access, refresh } = await logIn.standard(server, 'ada@example.com');
  const signers = await signersOf(server);
  const attacker = await attackersKeys();
  const kind = (token: string, sign: Signer) =>
    ({ ...decodeToken(token), token, sign, ...signers.accessParts }) as unknown as Kind;
  const other = kind(refresh ?? '', hmac(signers.refresh as NonNullable<Kind['secret']>));
  const credential = await serviceCredential(server, 'introspect');
  const isActive = async (token: string): Promise<boolean> => {
    const answer = await server.call('POST', '/api/v1/auth/introspect', {
      token: credential,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }).toString(),
    });
    expect([200, 400]).toContain(answer.status);
    return answer.body.active === true;
  };
  const own = kind(access, signers.access);
  const forged = [...forgeries(own, other, attacker.jku), ...expired(own)];
  const active = [];
  for (const [name, token] of forged) if (await isActive(token)) active.push(name);
  expect(await isActive(access)).toBe(true);
  figure({
    row: 'forged',
    part: 'introspection',
    tried: forged.length,
    failed: active.length,
    detail: `${attacker.calls()} outgoing requests`,
    reached: active.length === 0 && attacker.calls() === 0,
  });
  attacker.close();
  expect(active).toEqual([]);
});
