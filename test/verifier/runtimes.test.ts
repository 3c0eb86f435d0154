import { readdir, readFile } from 'node:fs/promises';
import { createContext, runInContext } from 'node:vm';
import type { Verifier } from '@tegata/verifier';
import { build } from 'vite';
import { expect, onTestFinished, test } from 'vitest';
import { startServer } from '../server.ts';
import { loggedIn, registered } from '../standard/people.ts';
import { expected, expectSoon, outcome, serviceCredential, verificationSecret } from './verifiers.ts';

const source = new URL('../../packages/verifier/src/', import.meta.url);

test('the core imports jose and nothing else', async () => {
  const files = (await readdir(source)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  expect(files).toContain('index.ts');
  const imported = new Set<string>();
  for (const file of files) {
    const text = await readFile(new URL(file, source), 'utf8');
    for (const [, from] of text.matchAll(/(?:from|import\() ?'([^']+)'/g))
      imported.add(from?.startsWith('./') ? 'its own' : String(from));
  }
  expect([...imported].toSorted()).toEqual(['its own', 'jose']);
});

test('it verifies and hears of revocations where there is nothing of Node’s own, as in an edge runtime', async () => {
  const server = await startServer({}, Date.now());
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  const options = {
    ...expected,
    secret: await verificationSecret(server),
    feed: { url: `${server.url}/api/v1/revocations`, credential: await serviceCredential(server) },
  };
  const { code } = await bundled();
  const verifierOf = runInContext(`${code}; (options) => core.createVerifier(options)`, createContext({ ...webGlobals }));
  const verifier: Verifier = verifierOf(options);
  onTestFinished(verifier.close);
  await verifier.ready();
  expect(await outcome(verifier, accessToken)).toBe('ok');
  await server.call('POST', '/api/v1/auth/logout', { token: accessToken });
  await expectSoon(verifier, accessToken, 'token_revoked: logged_out');
});

/** What every runtime for the web has, and no more: neither `Buffer` nor `process`, no `require`. */
const webGlobals = {
  ...{
    AbortController,
    AbortSignal,
    ArrayBuffer,
    Uint8Array,
    TextDecoder,
    TextEncoder,
    URL,
    atob,
    btoa,
    crypto,
    fetch,
    performance,
  },
  ...{ CryptoKey: globalThis.CryptoKey, setTimeout, clearTimeout },
};

/** The core and jose as one script. */
const bundled = async () => {
  const lib = { entry: new URL('index.ts', source).pathname, formats: ['iife' as const], name: 'core' };
  const built = await build({ configFile: false, logLevel: 'silent', build: { lib, write: false, minify: false } });
  const [output] = (Array.isArray(built) ? built : [built]) as { output: { code: string }[] }[];
  return { code: output?.output[0]?.code };
};
