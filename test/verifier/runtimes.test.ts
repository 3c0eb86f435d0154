import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { loggedIn, registered } from '../standard/people.ts';
import { expected, serviceCredential, verificationSecret } from './verifiers.ts';

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
  const script = `
    const { log } = console;
    for (const name of ['Buffer', 'setImmediate', 'clearImmediate', 'global']) delete globalThis[name];
    const { createVerifier } = await import('${new URL('index.ts', source).href}');
    delete globalThis.process;
    const verifier = createVerifier(${JSON.stringify(options)});
    await verifier.ready();
    const token = ${JSON.stringify(accessToken)};
    const before = await verifier.verify(token);
    await fetch('${server.url}/api/v1/auth/logout', { method: 'POST', headers: { authorization: 'Bearer ' + token } });
    let after;
    do after = await verifier.verify(token); while (after.ok && await new Promise((resolve) => setTimeout(resolve, 10, true)));
    verifier.close();
    log(JSON.stringify([before.ok, after.failure, typeof Buffer, typeof process]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 20_000 });
  expect(JSON.parse(stdout)).toEqual([true, { code: 'token_revoked', reason: 'logged_out' }, 'undefined', 'undefined']);
});
