import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
import { runTegata, spawnTegata } from '../server-process.ts';
import { loggedIn, logIn, registered } from '../standard/people.ts';

// Every call starts a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const settingsOf = (server: TestServer) => ({ TEGATA_DATA_DIR: server.dataDir, DATABASE_URL: server.databaseUrl });

const read = async (server: TestServer, ...args: string[]) => {
  const { stdout } = await runTegata(['audit', '--json', ...args], settingsOf(server));
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
};
const types = (records: { type: string }[]) => records.map(({ type }) => type);

test('an operator reads who did what, from where and why: by user, type, time and number', async () => {
  const server = await startServer({}, Date.now());
  const { userId } = await registered(server, 'ada@example.com');
  await registered(server, 'ben@example.com');
  await logIn(server, 'ada@example.com', { password: 'not her password' });
  await loggedIn(server, 'ada@example.com');
  await runTegata(['users', 'unlock', 'ada@example.com'], settingsOf(server));
  await runTegata(['services', 'add', 'reports'], settingsOf(server));

  const ada = await read(server, '--user', 'ada@example.com');
  expect(types(ada)).toEqual(
    expect.arrayContaining(['user.registered', 'session.start_refused', 'session.started', 'user.unlocked']),
  );
  expect(new Set(ada.map((record) => record.userId))).toEqual(new Set([userId]));
  expect(ada.map(({ at }) => at)).toEqual(ada.map(({ at }) => at).sort());
  const refused = ada.find(({ type }) => type === 'session.start_refused');
  expect(refused).toMatchObject({ reason: 'wrong_password', ipAddress: '127.0.0.1' });
  expect(ada.at(-1)).toMatchObject({ type: 'user.unlocked', reason: 'by_operator', ipAddress: null });

  expect(types(await read(server, '--type', 'service'))).toEqual(['service.added']);
  expect(types(await read(server, '--type', 'session.started', '--type', 'service.added'))).toEqual([
    'session.started',
    'service.added',
  ]);
  expect(types(await read(server, '--limit', '1'))).toEqual(['service.added']);
  expect(await read(server, '--since', new Date(Date.now() + 60_000).toISOString())).toEqual([]);
  expect((await read(server, '--since', '1h')).length).toBeGreaterThan(5);
  expect(JSON.stringify(await read(server))).not.toMatch(/@example|password[^._"]*her/);

  const { stdout } = await runTegata(['audit', '--type', 'session.start_refused'], settingsOf(server));
  expect(stdout).toMatch(/^\d{4}-\S+Z {2}session\.start_refused +user \S+ {2}from 127\.0\.0\.1 {2}\(wrong_password\)\n$/);
});

test('--follow goes on with what happens next, each event once, and ends when it is told to', async () => {
  const server = await startServer({}, Date.now());
  await registered(server, 'ada@example.com');
  const following = spawnTegata(['audit', '--follow', '--json', '--type', 'session'], settingsOf(server));
  await loggedIn(server, 'ada@example.com');
  await vi.waitFor(() => expect(following.stdout()).toContain('session.started'), { timeout: 20_000 });
  await logIn(server, 'ada@example.com', { password: 'not her password' });
  await vi.waitFor(() => expect(following.stdout()).toContain('session.start_refused'), { timeout: 20_000 });
  following.child.kill('SIGINT');
  if (following.child.exitCode === null) await once(following.child, 'exit');
  const told = following
    .stdout()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  expect(types(told)).toEqual(['session.started', 'session.start_refused']);
  expect((await following.finished).code).toBe(0);
});

test('a call that is wrong says what would be right; nobody is nobody', async () => {
  const server = await startServer({}, Date.now());
  const call = (...args: string[]) => runTegata(['audit', ...args], settingsOf(server));
  const [type, since, limit, nobody] = await Promise.all([
    call('--type', 'session.begun'),
    call('--since', 'yesterday'),
    call('--limit', '0'),
    call('--user', 'nobody@example.com'),
  ]);
  expect(type).toMatchObject({ code: 2, stderr: expect.stringContaining('session.started') });
  expect(since).toMatchObject({ code: 2, stderr: expect.stringContaining('24h') });
  expect(limit).toMatchObject({ code: 2 });
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no user nobody@example.com') });
});
