import { createHmac } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
import { runTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { loggedIn, me, refresh, registered } from '../standard/people.ts';
import { decodeToken } from '../standard/tokens.ts';

// Every call starts a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const secret = 'kN3v7Xq1T9sZ4bR8wL2yH6mC0pD5gJfA';
const otherSecret = 'pD5gJfAkN3v7Xq1T9sZ4bR8wL2yH6mC0';
const startWith = (alg: string) => startServer({ TEGATA_SECRET: secret, TEGATA_SIGNING_ALG: alg }, Date.now());

/** As an operator beside the running server, with its settings. */
const keys = (server: TestServer, alg: string, ...args: string[]) =>
  runTegata(['keys', ...args], { TEGATA_DATA_DIR: server.dataDir, TEGATA_SECRET: secret, TEGATA_SIGNING_ALG: alg });

/** What `keys list` says, by the key. */
const listed = async (server: TestServer, alg: string) => {
  const { code, stdout } = await keys(server, alg, 'list');
  expect(code).toBe(0);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => /^([\w-]{12}) {2}(\w+) +(\w+) +(.*)$/.exec(line)?.slice(1) ?? [line]);
};

test('rotate publishes the next key, --now lets it sign, and revoke ends what it signed: told in words, seen over HTTP', async () => {
  const server = await startWith('ES256');
  await registered(server, 'ada@example.com');
  const old = await loggedIn(server, 'ada@example.com');
  const [first] = await listed(server, 'ES256').then((all) => all.filter(([, alg]) => alg === 'ES256'));
  expect(first).toEqual([
    decodeToken(old.accessToken).header.kid,
    'ES256',
    'signs',
    expect.stringMatching(/^since .* old; replaced at 90 days$/),
  ]);

  const published = await keys(server, 'ES256', 'rotate');
  expect(published).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^[\w-]{12} is published now and signs from /),
  });
  expect(published.stdout).toContain(`in place of ${first?.[0]}.\nTokens signed by ${first?.[0]} stay good until they expire`);
  const next = published.stdout.slice(0, 12);
  expect(await keys(server, 'ES256', 'rotate')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${next} is published already`),
  });
  expect((await listed(server, 'ES256')).filter(([, alg]) => alg === 'ES256').map(([kid, , state]) => [kid, state])).toEqual([
    [first?.[0], 'signs'],
    [next, 'next'],
  ]);

  expect(await keys(server, 'ES256', 'rotate', '--now')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(`^${next} signs now in place of ${first?.[0]}`),
  });
  server.advance({ minutes: 1 });
  const newer = await loggedIn(server, 'ada@example.com');
  expect(decodeToken(newer.accessToken).header.kid).toBe(next);
  expect((await me(server, old.accessToken)).status).toBe(200);

  const revoked = await keys(server, 'ES256', 'revoke', next);
  expect(revoked).toMatchObject({ code: 0, stderr: '' });
  expect(revoked.stdout).toMatch(
    new RegExp(`^${next} is revoked: .*\n[\\w-]{12} signs now in its place\\.\n.*nobody is signed out`),
  );
  server.advance({ seconds: 1 });
  expect((await me(server, newer.accessToken)).status).toBe(401);
  expect((await me(server, old.accessToken)).status).toBe(200);
  expect((await refresh(server, newer.refreshCookie)).status).toBe(200);
  const states = Object.fromEntries((await listed(server, 'ES256')).map(([kid, , state]) => [kid, state]));
  expect(states).toMatchObject({ [next]: 'revoked', [String(first?.[0])]: 'retired' });
  expect(await keys(server, 'ES256', 'verification-secret')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('/.well-known/jwks.json'),
  });
});

test('with HS256 there is nothing to rotate but the secret, and a key can be made ahead of a change of algorithm', async () => {
  const server = await startWith('HS256');
  const [derived, ...others] = await listed(server, 'HS256');
  expect(others).toEqual([]);
  expect(derived?.slice(1)).toEqual(['HS256', 'signs', 'derived from TEGATA_SECRET']);
  expect(await keys(server, 'HS256', 'rotate')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('TEGATA_SECRET_PREVIOUS'),
  });
  expect(await keys(server, 'HS256', 'revoke', String(derived?.[0]))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('TEGATA_SECRET_PREVIOUS'),
  });
  expect(await keys(server, 'HS256', 'revoke', 'AAAAAAAAAAAA')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no key'),
  });

  const created = await keys(server, 'HS256', 'create', '--alg', 'EdDSA');
  expect(created).toMatchObject({ code: 0, stdout: expect.stringContaining('signs nothing yet') });
  expect(await keys(server, 'HS256', 'create', '--alg', 'EdDSA')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('prepared already'),
  });
  server.advance({ seconds: 1 });
  const { body } = await server.call('GET', '/.well-known/jwks.json');
  expect(body.keys.map(({ kid }: { kid: string }) => kid)).toEqual([created.stdout.slice(0, 12)]);
  expect((await listed(server, 'HS256')).at(-1)?.slice(0, 3)).toEqual([created.stdout.slice(0, 12), 'EdDSA', 'prepared']);
});

test('verification-secret gives the key that verifies access tokens, never the secret itself, and says what it can do', async () => {
  const server = await startWith('HS256');
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  const { code, stdout, stderr } = await keys(server, 'HS256', 'verification-secret');
  expect(code).toBe(0);
  const [, kid, key] = /^kid ([\w-]{12})\nkey ([\w-]{43})\n$/.exec(stdout) ?? [];
  expect(decodeToken(accessToken).header.kid).toBe(kid);
  const [head, payload, signature] = accessToken.split('.');
  const expected = createHmac('sha256', Buffer.from(key ?? '', 'base64url'))
    .update(`${head}.${payload}`)
    .digest('base64url');
  expect(signature).toBe(expected);
  expect(stderr).toMatch(/can also make access tokens.*prefer TEGATA_SIGNING_ALG=ES256/s);
  expect(stdout + stderr).not.toContain(secret);
});

test('a wrong call is answered with how to call it, and an empty place gets no key', async () => {
  const TEGATA_DATA_DIR = await temporaryFolder();
  const inEmptyPlace = (...args: string[]) => runTegata(['keys', ...args], { TEGATA_DATA_DIR });
  expect((await inEmptyPlace('list')).stderr).toContain('There is no database');
  expect(await readdir(TEGATA_DATA_DIR)).toEqual([]);
  for (const args of [[], ['constructor']]) {
    expect(await inEmptyPlace(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining('tegata keys rotate') });
  }
  const server = await startWith('HS256');
  const wrong = [['revoke'], ['revoke', 'a', 'b'], ['rotate', '--soon'], ['list', 'all'], ['create', '--alg', 'RS256']];
  for (const args of wrong) expect((await keys(server, 'HS256', ...args)).code, args.join(' ')).toBe(2);
});

test('a key that no secret opens stops the start, which says what to do; either of both mends it', async () => {
  const TEGATA_DATA_DIR = await temporaryFolder();
  const settings = { TEGATA_DATA_DIR, TEGATA_SECRET: secret, TEGATA_SIGNING_ALG: 'ES256' };
  await (await startServerProcess(settings)).stop();
  const changed = { ...settings, TEGATA_SECRET: otherSecret };
  const refused = await runTegata(['serve'], { ...changed, PORT: '0' });
  const [, kid] = /^The signing key ([\w-]{12}) was encrypted with another TEGATA_SECRET\./.exec(refused.stderr) ?? [];
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('TEGATA_SECRET_PREVIOUS');
  expect(refused.stderr).toContain(`tegata keys revoke ${kid}`);
  expect(refused.stderr).not.toMatch(/\n\s+at /);
  expect((await runTegata(['keys', 'list'], changed)).stdout).toContain('CANNOT BE OPENED');

  // With the earlier secret it is opened and sealed with today's, so that the earlier one is not needed again.
  await (await startServerProcess({ ...changed, TEGATA_SECRET_PREVIOUS: secret })).stop();
  await (await startServerProcess(changed)).stop();

  const lost = { ...settings, TEGATA_SECRET: 'L2yH6mC0pD5gJfAkN3v7Xq1T9sZ4bR8w' };
  expect((await runTegata(['serve'], { ...lost, PORT: '0' })).code).toBe(1);
  expect(await runTegata(['keys', 'revoke', String(kid)], lost)).toMatchObject({ code: 0 });
  const again = await startServerProcess(lost);
  const { keys: list } = (await (await fetch(`${again.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  expect(list.map((key) => key.kid)).not.toContain(kid);
  expect(list).toHaveLength(1);
});
