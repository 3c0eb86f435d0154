import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { type Answer, startServer } from '../server.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { goodPassword, loggedIn, logIn, refresh, register, registered } from '../standard/people.ts';

const unavailable = { error: { code: 'SERVICE_UNAVAILABLE', message: expect.any(String) }, meta: null };

const expectUnavailable = (answer: Answer) => {
  expect(answer.status).toBe(503);
  expect(answer.body).toEqual(unavailable);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(answer.cookies).toEqual([]);
};

/** Another process that holds the database's write lock until it is told to let go. */
const lockedByAnotherProcess = async (file: string): Promise<{ release: () => Promise<void> }> => {
  const script = `
    const database = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
    database.exec('begin immediate');
    console.log('locked');
    process.stdin.on('data', () => { database.exec('commit'); process.exit(); });`;
  const child = spawn(process.execPath, ['-e', script, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill();
  });
  await once(child.stdout, 'data');
  return {
    release: async () => {
      child.stdin.write('let go');
      await once(child, 'exit');
    },
  };
};

test('V14 a database locked for too long is 503 with Retry-After, and nobody is signed out or called a stranger for it', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const session = await loggedIn(server, 'ada@example.com');
  const lock = await lockedByAnotherProcess(`${server.dataDir}/tegata.db`);

  const refused = Promise.all([
    logIn(server, 'ada@example.com'),
    logIn(server, 'nobody@example.com'),
    register(server, 'grace@example.com'),
    refresh(server, session.refreshCookie),
    server.call('POST', '/api/v1/auth/logout', { token: session.accessToken }),
    server.call('POST', '/api/v1/auth/password/forgot', { body: { email: 'ada@example.com' } }),
  ]);
  // Waiting for the lock does not hold up what only reads.
  const startedAt = performance.now();
  expect((await server.call('GET', '/health/ready')).status).toBe(200);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  const answers = await refused;
  for (const answer of answers) expectUnavailable(answer);
  const waitedMs = performance.now() - startedAt;
  // All wait at the same time, not one after the other.
  expect(performance.now() - startedAt).toBeLessThan(20_000);

  await lock.release();
  expect((await refresh(server, session.refreshCookie)).status).toBe(200);
  expect((await register(server, 'grace@example.com')).status).toBe(201);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
  expect((await logIn(server, 'ada@example.com', { password: 'not the password' })).status).toBe(401);
  figure({
    row: 'clock',
    part: 'SQLite locked by another process',
    tried: answers.length,
    failed: 0,
    detail: `each 503 with Retry-After after ${Math.round(waitedMs)} ms, nobody signed out, all served once the lock was gone`,
    reached: true,
  });
});

test('a lock that is given back in time is only waited for', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const lock = await lockedByAnotherProcess(`${server.dataDir}/tegata.db`);
  const waiting = logIn(server, 'ada@example.com');
  setTimeout(lock.release, 500);
  expect((await waiting).status).toBe(200);
});

test('a disk that takes no more is 503; what was there is still read, and the server goes on when there is room again', async () => {
  const dataDir = await temporaryFolder();
  const file = `${dataDir}/tegata.db`;
  // No file of the server may grow past this: its journal soon wants to.
  const limited = await startServerProcess({ TEGATA_DATA_DIR: dataDir }, { maxFileBytes: 1536 * 1024 });
  const call = async (method: string, path: string, body?: object, token?: string): Promise<Answer> => {
    const response = await fetch(limited.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return {
      status: response.status,
      body: await response.json(),
      headers: response.headers,
      cookies: response.headers.getSetCookie(),
    };
  };
  const registering = (email: string) => call('POST', '/api/v1/auth/register', { email, password: goodPassword, name: 'Ada' });
  const loggingIn = () => call('POST', '/api/v1/auth/login', { email: 'ada@example.com', password: goodPassword });
  const mailsTo = (email: string) => call('GET', `/dev/mailbox/messages?to=${email}`);

  await registering('ada@example.com');
  await expect.poll(async () => (await mailsTo('ada@example.com')).body.length, { timeout: 5_000 }).toBe(1);
  const [mail] = (await mailsTo('ada@example.com')).body;
  await call('POST', '/api/v1/auth/email/verify', { email: 'ada@example.com', code: mail.code });
  const token = (await loggingIn()).body.data.access_token;
  const ended = (await loggingIn()).body.data.access_token;
  expect((await call('POST', '/api/v1/auth/logout', {}, ended)).status).toBe(200);

  const everybody: string[] = [];
  let answer: Answer;
  do {
    everybody.push(`person-${everybody.length}@example.com`);
    answer = await registering(everybody.at(-1)!);
  } while (answer.status === 201 && everybody.length < 100);
  expectUnavailable(answer);
  // A log-in writes less: a few may still find room.
  let tries = 0;
  do {
    answer = await loggingIn();
    tries += 1;
  } while (answer.status === 200 && tries < 100);
  expectUnavailable(answer);
  expect((await call('GET', '/api/v1/me', undefined, token)).status).toBe(200);
  expect((await call('GET', '/api/v1/me', undefined, ended)).status).toBe(401);

  // Room again: the journal is copied into the database and emptied.
  const other = new DatabaseSync(file);
  other.exec('pragma wal_checkpoint(truncate)');
  expect((await registering(everybody.at(-1)!)).status).toBe(201);
  expect((await loggingIn()).status).toBe(200);
  for (const email of everybody) {
    await expect.poll(async () => (await mailsTo(email)).body.length, { timeout: 5_000 }).toBe(1);
  }
  expect(other.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  const stored = new Set(
    other
      .prepare('select email from user_emails')
      .all()
      .map(({ email }) => email),
  );
  other.close();
  const lost = everybody.filter((email) => !stored.has(email));
  const revived = (await call('GET', '/api/v1/me', undefined, ended)).status === 200 ? 1 : 0;
  figure({
    row: 'clock',
    part: 'full disk',
    tried: everybody.length + 1,
    failed: lost.length + revived,
    detail: `${lost.length} acknowledged registrations lost, ${revived} ended sessions revived; 503 meanwhile, reads served, no restart needed`,
    reached: lost.length + revived === 0,
  });
  expect({ lost, revived }).toEqual({ lost: [], revived: 0 });
});
