import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { deriveKeys } from '../../../packages/server/src/adapters/derived-keys.ts';
import { openKey } from '../../../packages/server/src/adapters/key-pairs.ts';
import { createSeal } from '../../../packages/server/src/adapters/seal.ts';
import { createVerifier } from '../../../packages/verifier/src/index.ts';
import { attackersKeys, expired, forge, forgeries, hmac, type Kind, type Signer } from '../../http/forgeries.ts';
import { rawRequest, sendRaw } from '../../raw-http.ts';
import { size } from '../../scorecard/size.ts';
import { startServer, type TestServer } from '../../server.ts';
import { loggedIn, me, refresh, registered } from '../../standard/people.ts';
import { decodeToken, tokenIn } from '../../standard/tokens.ts';
import { expected, expectSoon, feedUrl, outcome, serviceCredential, verificationSecret } from '../../verifier/verifiers.ts';
import { ada } from './ada.ts';
import type { Check } from './check.ts';

type Situation = { server: TestServer; access: Kind; other: Kind; token: string; refreshCookie: string };

/** Ada is logged in, and whoever forges has every key of the server. */
const situation = async (alg: string): Promise<Situation> => {
  const server = await startServer({ TEGATA_SIGNING_ALG: alg });
  await registered(server, ada);
  const { accessToken: token, refreshCookie } = await loggedIn(server, ada);
  const keys = deriveKeys([await readFile(join(server.dataDir, 'secret'), 'utf8')]);
  const refreshSecret = keys.current('refresh-token').key;
  const [record] = (await server.engine.stores.signingKeys.list()).filter(({ publicJwk }) => publicJwk !== null);
  const key = record && openKey(record, createSeal(keys.ring('signing-key')));
  const secret = keys.current('access-token').key;
  const sign: Signer = key ? (input) => key.sign(input) as Uint8Array : hmac(secret);
  const parts = key ? { publicJwk: key.publicJwk } : { secret };
  return {
    server,
    token,
    refreshCookie,
    access: { ...decodeToken(token), token, sign, ...parts } as unknown as Kind,
    other: {
      ...decodeToken(tokenIn(refreshCookie)),
      token: tokenIn(refreshCookie),
      sign: hmac(refreshSecret),
      secret: refreshSecret,
    },
  };
};

/** Of all that can be forged, what fits the pattern is refused, with each algorithm; some of it there must be. */
const refused =
  (pattern: RegExp, algorithms: readonly string[] = ['HS256', 'ES256', 'EdDSA']) =>
  async (): Promise<void> => {
    let tried = 0;
    for (const alg of algorithms) {
      const { server, access, other, token } = await situation(alg);
      const attacker = await attackersKeys();
      for (const [name, forged] of forgeries(access, other, attacker.jku).filter(([name]) => pattern.test(name))) {
        tried += 1;
        expect((await me(server, forged)).status, `${alg}: ${name}`).toBe(401);
      }
      expect((await me(server, token)).status).toBe(200);
      expect(attacker.calls()).toBe(0);
      attacker.close();
    }
    expect(tried).toBeGreaterThanOrEqual(algorithms.length);
  };

export const tokenChecks: Check[] = [
  {
    title: 'the key decides the algorithm, never the header of a token',
    ids: ['adv-050'],
    run: refused(/^(alg |no alg|HS\d{3}|ES256 by|EdDSA by|duplicate alg)/),
  },
  {
    title: 'an unknown, missing or empty kid with an empty key opens nothing',
    ids: ['adv-051'],
    run: refused(/^(kid |no kid|signed with an empty key)/),
  },
  {
    title: 'an asymmetric key is never a secret, in no encoding',
    ids: ['adv-052', 'adv-055', 'adv-057'],
    run: refused(/^(HS256|HS512|ES256|EdDSA) by |^signed with the key of the other kind/, ['ES256', 'EdDSA']),
  },
  {
    title: 'a payload is a JSON object, with each member once',
    ids: ['adv-053'],
    run: refused(/^(payload|header that is no object|duplicate)/),
  },
  {
    title: 'keys that come along in a header are not used, and nothing is fetched',
    ids: ['adv-056'],
    run: refused(/^(embedded|jku|x5u|x5c|crit|b64|unknown header)/),
  },
  {
    title: 'a signature of zeros is none, and neither is another one of the same text',
    ids: ['adv-060'],
    run: refused(/zeros|ones|r = s|changed over|one byte|a byte behind|the other signature/, ['ES256', 'EdDSA']),
  },
  {
    title: 'remembered tokens never give one person another’s claims, thousands of times in turns and at once',
    ids: ['adv-054'],
    run: async () => {
      const server = await startServer();
      const people = await Promise.all(
        ['ada@example.com', 'eve@example.com', 'mia@example.com'].map(async (email) => {
          await registered(server, email);
          return { email, token: (await loggedIn(server, email)).accessToken };
        }),
      );
      for (let round = 0; round < size('INTERLEAVED', { long: 150, short: 20 }); round += 1) {
        const answers = await Promise.all(
          Array.from({ length: 21 }, async (_, index) => {
            const { email, token } = people[(index * 7 + round) % people.length] as (typeof people)[number];
            return [(await me(server, token)).body.data.email, email];
          }),
        );
        for (const [seen, own] of answers) expect(seen).toBe(own);
      }
    },
  },
  {
    title: 'the JSON serializations are no tokens, in header, cookie and body',
    ids: ['adv-058'],
    run: async () => {
      const { server, token, refreshCookie } = await situation('HS256');
      const refreshToken = tokenIn(refreshCookie);
      for (const [text, path] of [
        [token, 'me'],
        [refreshToken, 'refresh'],
      ] as const) {
        const [head = '', payload = '', signature = ''] = text.split('.');
        const unprotected = { alg: 'none', kid: 'x' };
        for (const made of [
          { protected: head, payload, signature },
          { protected: head, header: unprotected, payload, signature },
          { header: unprotected, payload, signature: '' },
          { payload, signatures: [{ protected: head, signature }] },
          { payload, signatures: [{ header: unprotected, signature }] },
        ]) {
          const json = JSON.stringify(made);
          if (path === 'me')
            expect((await server.call('GET', '/api/v1/me', { headers: { authorization: `Bearer ${json}` } })).status).toBe(401);
          else {
            for (const refresh_token of [json, made]) {
              const { status } = await server.call('POST', '/api/v1/auth/refresh', { body: { refresh_token } });
              expect([400, 401]).toContain(status);
            }
          }
        }
      }
      expect((await refresh(server, refreshCookie)).status).toBe(200);
    },
  },
  {
    title: 'a megabyte of dots is refused at once, and the server goes on',
    ids: ['adv-059'],
    run: async () => {
      const { server, token } = await situation('HS256');
      const dots = '.'.repeat(1_000_000);
      const before = process.memoryUsage().heapUsed;
      const [answer] = await sendRaw(server, rawRequest('GET /api/v1/me', [`Authorization: Bearer ${dots}`]));
      expect(answer?.status).toBe(431);
      // As many as a header can hold, and as many as a body can.
      expect((await me(server, '.'.repeat(12_000))).status).toBe(401);
      const inBody = await server.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: '.'.repeat(60_000) } });
      expect(inBody.status).toBe(400);
      expect((await server.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: dots } })).status).toBe(413);
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024);
      expect((await me(server, token)).status).toBe(200);
    },
  },
  {
    title: 'after a log-out every other spelling of the token is refused too, by the server and by a verifier',
    ids: ['adv-061'],
    run: async () => {
      for (const alg of ['HS256', 'ES256', 'EdDSA']) {
        const { server, access, other, token, refreshCookie } = await situation(alg);
        const credential = await serviceCredential(server);
        const keySource =
          access.secret === undefined
            ? { jwks: `${server.url}/.well-known/jwks.json` }
            : { secret: await verificationSecret(server) };
        const feed = { url: feedUrl(server), credential };
        const verifier = createVerifier({ ...expected, ...keySource, clock: server.now, feed });
        onTestFinished(verifier.close);
        await verifier.ready();
        expect(await outcome(verifier, token)).toBe('ok');
        await server.call('POST', '/api/v1/auth/logout', { token, cookie: refreshCookie });
        const twins = forgeries(access, other, 'http://127.0.0.1:9').filter(([name]) =>
          /the other signature|padding|tail|alphabet|twice/.test(name),
        );
        // Signed again by the server's own key: another text that claims the same session.
        const again = forge(access.header, { ...access.claims, jti: 'another' }, access.sign);
        for (const spelled of [token, again, ...twins.map(([, text]) => text), ...expired(access).map(([, text]) => text)])
          expect((await me(server, spelled)).status).toBe(401);
        expect((await refresh(server, refreshCookie)).status).toBe(401);
        await expectSoon(verifier, token, 'token_revoked: logged_out');
        for (const [name, text] of [['another text', again] as const, ...twins])
          expect(await outcome(verifier, text), name).not.toBe('ok');
      }
    },
  },
];
