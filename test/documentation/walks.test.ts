import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { walksOf } from '../readme-walk.ts';
import { startServer } from '../server.ts';
import { spawnScript, startServerProcess, temporaryFolder } from '../server-process.ts';
import { startTasksServer } from '../tasks/people.ts';
import { pageAt, root } from './page.ts';

// What the pages tell their readers to type, typed.

vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);

/** Runs the lines as a shell does; gives what each printed. */
const typed = async (script: string, folder: string, addresses: Record<string, string>): Promise<unknown[]> => {
  let here = script;
  for (const [name, address] of Object.entries(addresses)) {
    expect(here).toMatch(new RegExp(`^${name}=http://localhost:\\d+$`, 'm'));
    here = here.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${address}`);
  }
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', here], { cwd: folder });
  const answers = stdout.trim().split('\n');
  return answers.map((answer) => (/^[{[]/.test(answer) ? JSON.parse(answer) : answer));
};

/** Runs a snippet as its reader would, saved in a checkout, where the packages are found; gives the lines that it printed. */
const printed = async (program: string): Promise<string[]> => {
  const folder = await temporaryFolder();
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'hello.ts'), program);
  const { stdout, stderr } = await spawnScript(join(folder, 'hello.ts'), [], {}).finished;
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
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
  const server = await startServer({ TEGATA_CONTRACTS: contracts });
  server.engine.mailWorker.start();
  expect(await typed(script, server.dataDir, { URL: server.url })).toEqual(expected[contracts]);
});

test('docs/getting-started.md works from its first line to its last', async () => {
  const [first, embedded] = await walksOf('docs/getting-started.md');
  const TEGATA_DATA_DIR = await temporaryFolder();
  const server = await startServerProcess({ TEGATA_DATA_DIR });

  expect(await typed(first!.script, TEGATA_DATA_DIR, { URL: server.url })).toEqual([
    { data: { user_id: expect.any(String), message: expect.stringContaining('Registration successful') }, meta: null },
    { data: { message: 'Email verified successfully' }, meta: null },
    { data: [expect.objectContaining({ current: true })], meta: expect.any(Object) },
  ]);

  const program = pageAt('docs/getting-started.md')!.snippets.find(({ language }) => language === 'ts')!.text;
  const here = program.replace('http://localhost:3000', server.url);
  expect(await printed(here)).toEqual(['Hello, Grace Hopper.']);
  expect(await printed(here.replace("password: 'correct", "password: 'wrong"))).toEqual(['invalid credentials']);

  const PORT = String(await freePort());
  const example = spawnScript(join(root, embedded!.contracts), [], { TEGATA_DATA_DIR, PORT });
  onTestFinished(async () => {
    example.child.kill('SIGKILL');
    await example.finished;
  });
  const APP = `http://localhost:${PORT}`;
  await expect.poll(() => example.stdout(), { timeout: 20_000 }).toContain('listening');
  expect(await typed(embedded!.script, TEGATA_DATA_DIR, { APP })).toEqual([
    { error: 'Missing authentication token', error_type: 'unauthorized' },
    expect.objectContaining({ message: 'Login successful' }),
    ['Find the moth'],
    ['Find the moth'],
  ]);
});

test('the walk of examples/tasks works line by line', async () => {
  const [walk] = await walksOf('examples/tasks/README.md');
  const { url } = await startTasksServer();
  const task = expect.objectContaining({ title: 'Water the plants', status: 'todo' });
  expect(await typed(walk!.script, await temporaryFolder(), { URL: url })).toEqual([
    expect.objectContaining({ message: 'Registration successful' }),
    task,
    { tasks: [task], pagination: expect.objectContaining({ total_items: 1 }) },
  ]);
});

test.each(['contract', 'core'])('the snippet of packages/%s/README.md prints what it says', async (name) => {
  const program = pageAt(`packages/${name}/README.md`)!.snippets.find(({ language }) => language === 'ts')!.text;
  const lines = await printed(program);
  const said = [...program.matchAll(/\);? \/\/ (.+)$/gm)].map(([, text]) => text!.replace(/, …$/, ''));
  expect(said.length).toBeGreaterThan(0);
  for (const text of said) expect(lines).toContain(text);
});
