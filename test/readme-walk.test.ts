import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { walkOf } from './readme-walk.ts';
import { startServer } from './server.ts';

const run = promisify(execFile);

test.each(['README.md', 'README.ja.md'])('the walk in %s works line by line', async (file) => {
  const server = await startServer();
  server.engine.mailWorker.start();
  const walk = await walkOf(file);
  expect(walk).toContain('URL=http://localhost:3000\n');
  const script = walk.replace('URL=http://localhost:3000', `URL=${server.url}`);

  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: server.dataDir });

  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answers).toEqual([
    { data: { user_id: expect.any(String), message: expect.stringContaining('Registration successful') }, meta: null },
    { data: { message: 'Email verified successfully' }, meta: null },
    { data: expect.objectContaining({ email: 'ada@example.com', status: 'active' }), meta: null },
    { data: [expect.objectContaining({ current: true })], meta: expect.any(Object) },
    { data: { message: 'logged out successfully' }, meta: null },
    { error: expect.objectContaining({ message: 'token has been revoked', reason: 'logged_out' }), meta: null },
  ]);
});
