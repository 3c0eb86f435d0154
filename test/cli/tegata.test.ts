import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { runTegata, temporaryFolder } from '../server-process.ts';

// Every call starts a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const run = promisify(execFile);
const workspace = fileURLToPath(new URL('../..', import.meta.url));

test('npx tegata --help lists every command and where settings come from', async () => {
  const { stdout } = await run('npx', ['--no-install', 'tegata', '--help'], { cwd: workspace });
  for (const call of [
    'serve',
    'migrate',
    'users list',
    'users show',
    'users suspend',
    'users activate',
    'users unlock',
    'doctor',
  ]) {
    expect(stdout).toMatch(new RegExp(`^  tegata ${call}\\b.*\\w{2}`, 'm'));
  }
  expect(stdout).toContain('TEGATA_DATA_DIR');
});

test('a call that is wrong ends with 2 and says what would be right; --help after a command is about that command', async () => {
  const settings = { TEGATA_DATA_DIR: await temporaryFolder() };
  const [none, unknown, arguments_, noSuchAction, usersHelp] = await Promise.all([
    runTegata([]),
    runTegata(['sevre']),
    runTegata(['serve', '--port', '80'], settings),
    runTegata(['users', 'rename', 'ada@example.com'], settings),
    runTegata(['users', '--help'], settings),
  ]);
  expect(none).toMatchObject({ code: 2, stdout: expect.stringContaining('Usage: tegata <command>') });
  expect(unknown).toMatchObject({ code: 2, stderr: 'There is no command "sevre". `tegata --help` lists them.\n' });
  expect(arguments_).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('settings are environment variables, such as PORT='),
  });
  expect(noSuchAction).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no "users rename".') });
  expect(noSuchAction.stderr).toContain('tegata users show <id|email>');
  expect(usersHelp).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('tegata users suspend <id|email>\n    Stop log-ins'),
  });
});

test('migrate makes the schema, and finds it made the second time', async () => {
  const settings = { TEGATA_DATA_DIR: await temporaryFolder() };
  expect(await runTegata(['migrate'], settings)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Applied: 0001-initial/),
  });
  expect(await runTegata(['migrate'], settings)).toMatchObject({ code: 0, stdout: 'The schema is up to date.\n' });
});

test('what stands in the way of the database is told without a stack trace', async () => {
  const { code, stderr } = await runTegata(['migrate'], { TEGATA_DATA_DIR: '/dev/null/tegata' });
  expect(code).toBe(1);
  expect(stderr).toContain('the database file cannot be opened: ENOTDIR');
  expect(stderr).toContain('Check TEGATA_DATA_DIR, DATABASE_URL and REDIS_URL');
  expect(stderr).not.toContain('    at ');
});
