import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../server-process.ts';

test('SIGTERM to `npm start` reaches the server, which stops in order and does not stay behind', {
  timeout: 120_000,
}, async () => {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn('npm', ['start'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH, HOME, TMPDIR, PORT: '0', TEGATA_DATA_DIR: await temporaryFolder(), LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  // With everything it started.
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
  });
  const url = await new Promise<string>((resolve, reject) => {
    let written = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written += text;
      const found = /listening +(http:\S+)/.exec(written)?.[1];
      if (found) resolve(found);
    });
    child.once('close', (code) => reject(new Error(`npm start ended with ${code}: ${written}`)));
  });
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  // `close` comes when nobody holds its output any more: the server is gone too.
  expect(await closed).toEqual([0, null]);
  await expect(fetch(`${url}/health/live`)).rejects.toThrow(TypeError);
});
