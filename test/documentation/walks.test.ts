import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { walksOf } from '../readme-walk.ts';
import { startServer } from '../server.ts';

const run = promisify(execFile);

/** Runs the lines as a shell does, against a server with those contracts; gives what each line printed. */
const walked = async (script: string, contracts: string): Promise<unknown[]> => {
  const server = await startServer({ TEGATA_CONTRACTS: contracts });
  server.engine.mailWorker.start();
  expect(script).toContain('URL=http://localhost:3000\n');
  const here = script.replace('URL=http://localhost:3000', `URL=${server.url}`);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', here], { cwd: server.dataDir });
  const answers = stdout.trim().split(/(?<=[}>])\s*(?=[{<])/);
  return answers.map((answer) => (answer.startsWith('{') ? JSON.parse(answer) : answer));
};

const confirmed = '<h1>Your address is confirmed</h1>';
const csrf = { csrf_token: expect.any(String) };

const expected: Record<string, unknown[]> = {
  standard: [
    { data: { user_id: expect.any(String), message: expect.stringContaining('Registration successful') }, meta: null },
    { data: { message: 'Email verified successfully' }, meta: null },
    { data: expect.objectContaining({ email: 'sei@example.com', status: 'active' }), meta: null },
    { data: { message: 'logged out successfully' }, meta: null },
    { error: expect.objectContaining({ message: 'token has been revoked', reason: 'logged_out' }), meta: null },
  ],
  cookie: [
    expect.objectContaining({ message: 'Registration successful', expires_in: 900, ...csrf }),
    confirmed,
    expect.objectContaining({ message: 'Login successful', user: expect.objectContaining({ email_verified: true }), ...csrf }),
    { error: 'CSRF token missing', error_type: 'forbidden' },
    expect.objectContaining({ expires_in: 900, ...csrf }),
    { message: 'Successfully signed out' },
    { error: expect.stringMatching(/access token|authentication token/), error_type: 'unauthorized' },
  ],
  'standard,bearer': [
    { user: expect.objectContaining({ name: 'Hana' }), token: expect.any(String) },
    confirmed,
    expect.objectContaining({ email: 'hana@example.com' }),
    { data: { message: 'logged out successfully' }, meta: null },
    { error: 'Invalid or expired token' },
  ],
  organization: [
    { success: true, data: { user: expect.objectContaining({ role: 'user' }), token: expect.any(Object) } },
    '<h1>確認が完了しました</h1>',
    {
      success: true,
      data: { user: { name: '佐藤 雪', role: 'user', organization: expect.objectContaining({ name: '株式会社サンプル' }) } },
    },
    { success: true, data: { message: 'ログアウトしました' } },
    { success: false, error: { code: 'INVALID_TOKEN', message: 'トークンが無効です' } },
    { success: false, error: { code: 'INVALID_TOKEN', message: 'The token is not valid' } },
  ],
};

const walks = await walksOf('docs/contracts.md');

test('docs/contracts.md has a walk through each door', () => {
  expect(walks.map(({ contracts }) => contracts)).toEqual(Object.keys(expected));
});

test.each(walks)('the walk through $contracts works line by line', async ({ contracts, script }) => {
  expect(await walked(script, contracts)).toEqual(expected[contracts]);
});
