import { describe, expect, test, vi } from 'vitest';
import * as cookie from '../cookie/people.ts';
import { execute } from '../database.ts';
import { startServer, type TestServer } from '../server.ts';
import * as standard from '../standard/people.ts';
import { decodeToken } from '../standard/tokens.ts';

vi.setConfig({ testTimeout: 40_000 });

const [first, second, third] = [
  'kN3v7Xq1T9sZ4bR8wL2yH6mC0pD5gJfA',
  'pD5gJfAkN3v7Xq1T9sZ4bR8wL2yH6mC0',
  'L2yH6mC0pD5gJfAkN3v7Xq1T9sZ4bR8w',
] as const;

const start = (TEGATA_SECRET: string, settings: Record<string, string> = {}) =>
  startServer({ TEGATA_SECRET, TEGATA_CONTRACTS: 'standard,cookie', ...settings }, Date.now());

/** The server that is started in place of that one, with another secret and its data. */
const restarted = (server: TestServer, TEGATA_SECRET: string, previous: string, settings: Record<string, string> = {}) =>
  startServer(
    {
      TEGATA_SECRET,
      TEGATA_SECRET_PREVIOUS: previous,
      TEGATA_CONTRACTS: 'standard,cookie',
      ...server.sameStores,
      ...settings,
    },
    server.now(),
  );

describe.each(['HS256', 'ES256'])(
  'S2.118 a new TEGATA_SECRET, with the former one in TEGATA_SECRET_PREVIOUS, %s',
  (TEGATA_SIGNING_ALG) => {
    test('sessions, cookies, CSRF pairs and known devices stay good, and new ones are of the new secret', async () => {
      const before = await start(first, { TEGATA_SIGNING_ALG });
      await standard.registered(before, 'ada@example.com');
      const ada = await standard.loggedIn(before, 'ada@example.com');
      const bob = await cookie.signedUp(before, 'bob@example.com');
      const after = await restarted(before, second, first, { TEGATA_SIGNING_ALG });

      expect((await standard.me(after, ada.accessToken)).status).toBe(200);
      const refreshed = await standard.refresh(after, ada.refreshCookie);
      expect(refreshed.status).toBe(200);
      const kid = (token: string) => decodeToken(token).header.kid;
      const [newRefresh] = refreshed.cookies
        .filter((set) => set.startsWith('refresh_token='))
        .map((set) => set.split(';')[0] ?? '');
      expect(kid(newRefresh?.slice('refresh_token='.length) ?? '')).not.toBe(
        kid(ada.refreshCookie.slice('refresh_token='.length)),
      );
      expect((await standard.me(after, refreshed.body.data.access_token)).status).toBe(200);

      // The pair of before changes something, and a made-up one does not.
      const call = cookie.asBrowser(bob);
      expect((await after.call('GET', '/auth/me', { cookie: cookie.cookiesOf(bob) })).status).toBe(200);
      const forged = {
        ...call,
        headers: { 'x-csrf-token': `${bob.csrfToken.slice(0, -1)}${bob.csrfToken.endsWith('A') ? 'B' : 'A'}` },
      };
      expect((await after.call('POST', '/auth/refresh', forged)).status).toBe(403);
      expect((await after.call('POST', '/auth/refresh', call)).status).toBe(200);

      // A stranger has locked the address; the browser of before is still known and counts apart.
      for (let guess = 0; guess < 5; guess += 1) await standard.logIn(after, 'ada@example.com', { password: 'a wrong guess' });
      expect((await standard.logIn(after, 'ada@example.com')).status).toBe(403);
      expect((await standard.logIn(after, 'ada@example.com', { cookie: ada.deviceCookie })).status).toBe(200);
    });

    test('the successor of a lost answer is the same, byte for byte', async () => {
      const before = await start(first, { TEGATA_SIGNING_ALG });
      await standard.registered(before, 'ada@example.com');
      const { refreshCookie } = await standard.loggedIn(before, 'ada@example.com');
      const refreshCookieOf = (answer: Awaited<ReturnType<typeof standard.refresh>>) =>
        answer.cookies.find((set) => set.startsWith('refresh_token='))?.split(';')[0];
      const lost = refreshCookieOf(await standard.refresh(before, refreshCookie));
      const after = await restarted(before, second, first, { TEGATA_SIGNING_ALG });
      expect(refreshCookieOf(await standard.refresh(after, refreshCookie))).toBe(lost);
    });

    test('links and codes in mails that were sent, and mails that wait, work', async () => {
      const before = await start(first, { TEGATA_SIGNING_ALG });
      await standard.register(before, 'ada@example.com');
      await standard.register(before, 'bob@example.com');
      const link = await standard.mailedToken(before, 'ada@example.com');
      const { code = '' } = await before.newestMail('bob@example.com');
      await standard.registered(before, 'grace@example.com');
      await standard.register(before, 'waiting@example.com');
      // Nothing has been sent to the last one: no worker runs in a test server until it is asked.
      const after = await restarted(before, second, first, { TEGATA_SIGNING_ALG });
      expect((await standard.verifyEmail(after, { token: link })).status).toBe(200);
      expect(
        (await standard.verifyEmail(after, { email: 'bob@example.com', code: code === '000000' ? '000001' : '000000' })).status,
      ).toBe(400);
      expect((await standard.verifyEmail(after, { email: 'bob@example.com', code })).status).toBe(200);
      const waiting = await standard.mailedToken(after, 'waiting@example.com');
      expect((await standard.verifyEmail(after, { token: waiting })).status).toBe(200);
      expect((await standard.forgot(after, 'grace@example.com')).status).toBe(200);
      const reset = await standard.tokenFor(after, 'grace@example.com', 'reset-password');
      const answer = await after.call('POST', '/api/v1/auth/password/reset', {
        body: { token: reset, password: 'another good password' },
      });
      expect(answer.status).toBe(200);
    });

    test('once a session was refreshed, the former secret can be left out; before, its tokens are signed by nobody', async () => {
      const before = await start(first, { TEGATA_SIGNING_ALG });
      await standard.registered(before, 'ada@example.com');
      const [active, idle] = [
        await standard.loggedIn(before, 'ada@example.com'),
        await standard.loggedIn(before, 'ada@example.com'),
      ];
      const between = await restarted(before, second, first, { TEGATA_SIGNING_ALG });
      const refreshed = await standard.refresh(between, active.refreshCookie);
      const after = await startServer({ TEGATA_SECRET: second, ...before.sameStores, TEGATA_SIGNING_ALG }, before.now());
      const cookieOf = refreshed.cookies.find((set) => set.startsWith('refresh_token='))?.split(';')[0] ?? '';
      expect((await standard.refresh(after, cookieOf)).status).toBe(200);
      expect((await standard.refresh(after, idle.refreshCookie)).status).toBe(401);
      expect((await standard.me(after, idle.accessToken)).status).toBe(TEGATA_SIGNING_ALG === 'HS256' ? 401 : 200);
    });

    test('two nodes side by side: the coming secret is listed first, and neither refuses what the other makes', async () => {
      const old = await start(first, { TEGATA_SIGNING_ALG, TEGATA_SECRET_PREVIOUS: second });
      await standard.registered(old, 'ada@example.com');
      const young = await restarted(old, second, first, { TEGATA_SIGNING_ALG });
      for (const [maker, reader] of [
        [old, young],
        [young, old],
      ] as const) {
        const made = await standard.loggedIn(maker, 'ada@example.com');
        expect((await standard.me(reader, made.accessToken)).status).toBe(200);
        expect((await standard.refresh(reader, made.refreshCookie)).status).toBe(200);
      }
      if (TEGATA_SIGNING_ALG !== 'HS256') {
        const rotated = await young.engine.auth.rotateSigningKey({ atOnce: true });
        expect(rotated.ok).toBe(true);
        for (const node of [old, young]) node.advance({ seconds: 1 });
        expect((await standard.me(young, (await standard.loggedIn(old, 'ada@example.com')).accessToken)).status).toBe(200);
      }
    });
  },
);

test('without the former secret everybody is signed out, and nothing worse: a log-in works', async () => {
  const before = await start(first);
  await standard.registered(before, 'ada@example.com');
  const { accessToken, refreshCookie } = await standard.loggedIn(before, 'ada@example.com');
  const after = await restarted(before, third, second);
  expect((await standard.me(after, accessToken)).status).toBe(401);
  expect((await standard.refresh(after, refreshCookie)).status).toBe(401);
  expect((await standard.logIn(after, 'ada@example.com')).status).toBe(200);
});

test('a node that cannot open the key another one made goes on with its own, and says so once', async () => {
  const old = await start(first, { TEGATA_SIGNING_ALG: 'ES256' });
  await standard.registered(old, 'ada@example.com');
  const young = await restarted(old, second, first, { TEGATA_SIGNING_ALG: 'ES256' });
  await young.engine.auth.rotateSigningKey({ atOnce: true });
  for (const node of [old, young]) node.advance({ seconds: 1 });
  const { accessToken } = await standard.loggedIn(old, 'ada@example.com');
  for (const node of [old, young]) expect((await standard.me(node, accessToken)).status).toBe(200);
  const { accessToken: newer } = await standard.loggedIn(young, 'ada@example.com');
  expect(decodeToken(newer).header.kid).not.toBe(decodeToken(accessToken).header.kid);
  for (const node of [old, young]) expect((await standard.me(node, newer)).status).toBe(200);
});

test('a key whose row was altered is not believed, and does not stop the others', async () => {
  const server = await start(first, { TEGATA_SIGNING_ALG: 'ES256' });
  await server.engine.auth.rotateSigningKey({ atOnce: false });
  const [signing, next] = (await server.engine.stores.signingKeys.list()).filter(({ algorithm }) => algorithm === 'ES256');
  execute(server, 'update signing_keys set public_jwk = ? where kid = ?', signing?.publicJwk ?? '', next?.kid ?? '');
  const beside = await restarted(server, first, second, { TEGATA_SIGNING_ALG: 'ES256' });
  const { body } = await beside.call('GET', '/.well-known/jwks.json');
  expect(body.keys.map(({ kid }: { kid: string }) => kid)).toEqual([signing?.kid]);
});
