import { decodeJwt } from 'jose';
import { expect, test, vi } from 'vitest';
import { me as organizationMe, registered as organizationMember, refreshed, startOrganization } from '../organization/people.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { runTegata, temporaryFolder } from '../server-process.ts';
import { loggedIn, logIn, me, register, registered } from '../standard/people.ts';

// Every call starts a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** As an operator beside the running server, on the same data folder. */
const users = (server: TestServer, ...args: string[]) => runTegata(['users', ...args], server.sameStores);

/** The same, with something on its standard input. */
const usersReading = (input: string, server: TestServer, ...args: string[]) =>
  runTegata(['users', ...args], server.sameStores, { input });

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

test('set-password takes the new password from standard input, ends every session, and the owner is told', async () => {
  const server = await startServer({}, Date.now());
  const { userId } = await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  await loggedIn(server, 'ada@example.com');
  const newPassword = 'chosen at the counter, pässwörd';
  const [tooShort, common, nobody, unnamed] = await Promise.all([
    usersReading('short\n', server, 'set-password', 'ada@example.com'),
    usersReading('', server, 'set-password', 'ada@example.com'),
    usersReading(newPassword, server, 'set-password', 'nobody@example.com'),
    usersReading(newPassword, server, 'set-password'),
  ]);
  expect(tooShort).toMatchObject({ code: 1, stdout: '', stderr: 'That password is refused: too short.\n' });
  expect(common).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^That password is refused: /) });
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('No user nobody@example.com in this database.') });
  expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringContaining('Name one user, by id or address.') });
  expect((await me(server, accessToken)).status).toBe(200);

  // What `echo` adds at the end is not part of it.
  const set = await usersReading(`${newPassword}\n`, server, 'set-password', userId);
  expect(set).toMatchObject({
    code: 0,
    stdout: 'ada@example.com has a new password, and is told by mail; sessions ended: 2.\n',
    stderr: '',
  });
  expect(reasonOf(await me(server, accessToken))).toEqual({ status: 401, reason: 'password_set' });
  expect((await logIn(server, 'ada@example.com')).status).toBe(401);
  expect((await logIn(server, 'ada@example.com', { password: newPassword })).status).toBe(200);
  // The command has the clock of the machine, which has gone on meanwhile.
  server.advance({ minutes: 5 });
  expect((await server.newestMail('ada@example.com')).subject).toBe('Your password was changed');
});

test('role changes what the next token says, names the role before, and refuses what is no role', async () => {
  const server = await startOrganization();
  await organizationMember(server, 'ada@example.com');
  const before = await organizationMember(server, 'ben@example.com');
  const [changed, unknown, nameless] = await Promise.all([
    users(server, 'role', 'ben@example.com', 'admin'),
    users(server, 'role', 'ben@example.com', 'king'),
    users(server, 'role', 'ben@example.com'),
  ]);
  expect(changed).toMatchObject({ code: 0, stdout: 'ben@example.com is admin now, and was user.\n', stderr: '' });
  for (const refused of [unknown, nameless]) {
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('Name one user and a role: user, admin, owner.') });
  }
  const roleOf = async (token: string) => (await organizationMe(server, { token })).body.data.user.role;
  const after = await refreshed(server, { body: { refreshToken: before.refreshToken } });
  expect(decodeJwt(before.accessToken).role).toBe('user');
  expect(decodeJwt(after.accessToken).role).toBe('admin');
  expect(await roleOf(after.accessToken)).toBe('admin');

  expect(await users(server, 'role', 'ben@example.com', 'admin')).toMatchObject({
    code: 0,
    stdout: 'ben@example.com is admin now, and was admin.\n',
  });
  expect(await users(server, 'show', 'ada@example.com')).toMatchObject({ code: 0 });
});

test('a role is nothing to somebody of no organization', async () => {
  const server = await startServer({}, Date.now());
  await registered(server, 'ada@example.com');
  const [outside, nobody] = await Promise.all([
    users(server, 'role', 'ada@example.com', 'owner'),
    users(server, 'role', 'nobody@example.com', 'owner'),
  ]);
  expect(outside).toMatchObject({ code: 1, stdout: '', stderr: 'ada@example.com belongs to no organization.\n' });
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('No user nobody@example.com') });
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
