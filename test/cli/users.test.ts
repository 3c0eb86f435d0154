import { expect, test, vi } from 'vitest';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { runTegata, temporaryFolder } from '../server-process.ts';
import { loggedIn, logIn, me, register, registered } from '../standard/people.ts';

// Every call starts a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** As an operator beside the running server, on the same data folder. */
const users = (server: TestServer, ...args: string[]) => runTegata(['users', ...args], server.sameStores);

const reasonOf = ({ status, body }: Answer) => ({ status, reason: body.error?.reason });

test('S3.61 suspend stops the next request of a live session, activate lets the person in again, and deactivate is final too', async () => {
  const server = await startServer({}, Date.now());
  const { userId } = await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  expect((await me(server, accessToken)).status).toBe(200);

  expect(await users(server, 'suspend', 'ada@example.com')).toMatchObject({
    code: 0,
    stdout: 'ada@example.com is suspended now; 1 session ended.\n',
    stderr: '',
  });
  expect(reasonOf(await me(server, accessToken))).toEqual({ status: 401, reason: 'account_suspended' });
  expect(reasonOf(await logIn(server, 'ada@example.com'))).toEqual({ status: 401, reason: 'account_suspended' });

  expect(await users(server, 'activate', userId)).toMatchObject({ code: 0, stdout: 'ada@example.com is active now.\n' });
  expect((await me(server, accessToken)).status).toBe(401);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);

  expect(await users(server, 'deactivate', 'Ada@Example.com')).toMatchObject({ code: 0 });
  expect(reasonOf(await logIn(server, 'ada@example.com'))).toEqual({ status: 401, reason: 'account_deactivated' });
});

test('list shows who there is, newest first, page by page and by search; show tells all about one', async () => {
  const server = await startServer({}, Date.now());
  const ada = await registered(server, 'ada@example.com');
  await loggedIn(server, 'ada@example.com', { headers: { 'user-agent': 'Analytical Engine' } });
  await register(server, 'grace@example.com');
  const [all, first, found, shown] = await Promise.all([
    users(server, 'list'),
    users(server, 'list', '--limit', '1'),
    users(server, 'list', '--search', 'ada@'),
    users(server, 'show', 'ada@example.com'),
  ]);
  const lines = all.stdout.trim().split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^[0-9a-f-]{36} {2}pending +grace@example\.com {2}Ada Lovelace$/),
    `${ada.userId}  active       ada@example.com  Ada Lovelace`,
  ]);
  expect(first.stdout.trim().split('\n')).toEqual([
    lines[0],
    expect.stringMatching(/^There may be more: add --before [0-9a-f-]{36}$/),
  ]);
  const before = first.stdout.trim().split(' ').at(-1) as string;
  const nobody = await users(server, 'list', '--before', before, '--search', 'nobody');
  expect(nobody).toMatchObject({ code: 0, stdout: 'No user found.\n', stderr: '' });
  expect(await users(server, 'list', '--before', before)).toMatchObject({ code: 0, stdout: `${lines[1]}\n`, stderr: '' });
  expect(found.stdout.trim()).toBe(lines[1]);
  expect(shown.stdout).toContain('has a password');
  expect(shown.stdout).toContain('address  ada@example.com (primary)\n');
  expect(shown.stdout).toMatch(/session {2}[0-9a-f-]{36} from 127\.0\.0\.1, last used .*, Analytical Engine/);
});

test('S2.61 unlock lets a locked-out person in at once', async () => {
  const server = await startServer({}, Date.now());
  await registered(server, 'ada@example.com');
  for (let failure = 0; failure < 5; failure += 1) await logIn(server, 'ada@example.com', { password: 'a wrong guess' });
  expect((await logIn(server, 'ada@example.com')).status).toBe(403);
  expect(await users(server, 'unlock', 'ada@example.com')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('may log in again'),
  });
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
});

test('a name cannot command the terminal it is shown in', async () => {
  const server = await startServer({}, Date.now());
  const { engine } = server;
  const addressLimit = { name: 'test', points: 1, windowSeconds: 60 };
  const policy = { activation: 'at_once' as const, verifyTtlSeconds: 60, addressLimit };
  const person = { email: 'eve@example.com', password: 'correct horse battery', locale: 'en' as const, ipAddress: null, policy };
  // As an application that embeds the engine may do, without the checks of a contract.
  await engine.auth.register({ ...person, name: '\u001b[2J\u202eEve\nroot' });
  const { stdout } = await users(server, 'list');
  expect(stdout).toMatch(/eve@example\.com {2}\ufffd\[2J\ufffdEve\ufffdroot\n$/);
});

test('nobody of that name, and no database at all, are said plainly with exit code 1', async () => {
  const server = await startServer({}, Date.now());
  const emptyFolder = await temporaryFolder();
  const [nobody, elsewhere, unnamed] = await Promise.all([
    users(server, 'suspend', 'nobody@example.com'),
    runTegata(['users', 'list'], { TEGATA_DATA_DIR: emptyFolder }),
    users(server, 'suspend'),
  ]);
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('No user nobody@example.com in this database.') });
  expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining(`There is no database at ${emptyFolder}`) });
  expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringContaining('Name one user, by id or address.') });
});
