import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { type Answer, cookiePair } from '../server.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';

// The real server as an operator runs it, told to write down everything. A whole life of an account passes through it,
// with its mistakes; then whatever was written, to the log and to the data folder, is searched for its secrets.

const address = 'canary.address@example.com';
const secondAddress = 'canary.second@example.com';
const passwords = {
  first: 'canary-first-password',
  changed: 'canary-changed-password',
  reset: 'canary-reset-password',
  wrong: 'canary-wrong-password',
  misplaced: 'canary-misplaced-password',
};

type Call = (
  method: string,
  path: string,
  options?: { body?: unknown; token?: string; cookie?: string; type?: string },
) => Promise<Answer>;

const callerOf =
  (url: string): Call =>
  async (method, path, { body, token, cookie, type = 'application/json' } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(cookie === undefined ? {} : { cookie }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      body: isJson ? JSON.parse(text) : text,
      headers: response.headers,
      cookies: response.headers.getSetCookie(),
    };
  };

/** The newest mail with that subject; the worker of the running server sends it a moment after the call. */
const mail = async (call: Call, to: string, subject: string): Promise<{ token: string; code: string }> => {
  for (let each = 0; each < 100; each += 1) {
    const { body } = await call('GET', `/dev/mailbox/messages?to=${to}`);
    const found = (body as { subject: string; links: string[]; code?: string }[]).find((one) => one.subject === subject);
    if (found) return { token: new URL(found.links[0] as string).searchParams.get('token') ?? '', code: found.code ?? '' };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no mail "${subject}"`);
};

/** Everything that nobody else may ever read. */
const journey = async (call: Call): Promise<{ secrets: string[]; codes: string[] }> => {
  const secrets: string[] = Object.values(passwords);
  const codes: string[] = [];
  const expectStatus = (answer: Answer, status: number) => expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  const auth = '/api/v1/auth';
  const logIn = async (password: string) => {
    const answer = await call('POST', `${auth}/login`, { body: { email: address, password } });
    if (answer.status !== 200) return { answer, token: '', cookie: '' };
    const [token, cookie, device] = [
      answer.body.data.access_token,
      cookiePair(answer, 'refresh_token'),
      cookiePair(answer, 'tegata_device'),
    ];
    secrets.push(token, cookie.split('=')[1] as string, device.split('=')[1] as string);
    return { answer, token: token as string, cookie };
  };

  expectStatus(await call('POST', `${auth}/register`, { body: { email: address, password: passwords.first, name: 'Ada' } }), 201);
  const verification = await mail(call, address, 'Confirm your e-mail address');
  secrets.push(verification.token);
  codes.push(verification.code);
  expectStatus(await call('GET', `/auth/verify-email?token=${verification.token}`), 200);
  expectStatus(await call('POST', `${auth}/email/verify?token=${verification.token}`), 200);
  expectStatus(await call('POST', `${auth}/email/verify`, { body: { email: address, code: verification.code } }), 200);

  // Logging in, well and badly: a password typed into the wrong field, or sent in a form that is not read.
  expectStatus((await logIn(passwords.wrong)).answer, 401);
  expectStatus(await call('POST', `${auth}/login`, { body: { email: passwords.misplaced, password: passwords.wrong } }), 401);
  expectStatus(await call('POST', `${auth}/login`, { body: `{"email":"${address}","password":"${passwords.first}"` }), 400);
  expectStatus(await call('POST', `${auth}/login`, { body: { password: [passwords.first] } }), 400);
  expectStatus(
    await call('POST', `${auth}/login`, { body: `email=${address}&password=${passwords.first}`, type: 'text/plain' }),
    415,
  );
  expectStatus(await call('GET', `${auth}/login?email=${address}&password=${passwords.first}`), 405);
  expectStatus(await call('GET', `/nowhere/${passwords.misplaced}/${address}`), 404);
  expectStatus(await call('POST', `${auth}/password/reset`, { body: { token: passwords.misplaced, password: 'x' } }), 400);

  const one = await logIn(passwords.first);
  const refreshed = await call('POST', `${auth}/refresh`, { cookie: one.cookie });
  expectStatus(refreshed, 200);
  secrets.push(refreshed.body.data.access_token, cookiePair(refreshed, 'refresh_token').split('=')[1] as string);
  expectStatus(await call('GET', '/api/v1/me', { token: one.token }), 200);
  expectStatus(await call('GET', `/api/v1/me?access_token=${one.token}`), 401);
  expectStatus(await call('GET', '/api/v1/me', { token: `${one.token}x` }), 401);
  expectStatus(await call('GET', '/api/v1/me', { token: passwords.misplaced }), 401);
  expectStatus(await call('DELETE', `${auth}/sessions/${one.token}`, { token: one.token }), 404);
  expectStatus(await call('POST', `${auth}/refresh`, { body: { refresh_token: one.token } }), 401);
  expectStatus(
    await call('PATCH', '/api/v1/me', { token: one.token, body: { name: 'Ada', password: passwords.misplaced } }),
    200,
  );

  expectStatus(await call('POST', '/api/v1/me/emails', { token: one.token, body: { email: secondAddress } }), 201);
  const added = await mail(call, secondAddress, 'Confirm your additional e-mail address');
  secrets.push(added.token);
  codes.push(added.code);
  expectStatus(await call('POST', `${auth}/email/verify`, { body: { token: added.token } }), 200);
  const { data: emails } = (await call('GET', '/api/v1/me/emails', { token: one.token })).body as {
    data: { id: string; email: string }[];
  };
  const second = emails.find(({ email }) => email === secondAddress);
  expectStatus(await call('POST', `/api/v1/me/emails/${second?.id}/primary`, { token: one.token }), 200);
  secrets.push((await mail(call, address, 'The e-mail address of your account was changed')).token);

  const change = { current_password: passwords.first, new_password: passwords.changed };
  expectStatus(
    await call('POST', `${auth}/password/change`, { token: one.token, body: { ...change, current_password: passwords.wrong } }),
    401,
  );
  expectStatus(await call('POST', `${auth}/password/change`, { token: one.token, body: change }), 200);
  expectStatus(await call('POST', `${auth}/password/forgot`, { body: { email: address } }), 200);
  const { token: reset } = await mail(call, address, 'Reset your password');
  secrets.push(reset);
  const form = `token=${reset}&password=short`;
  expectStatus(await call('POST', '/auth/reset-password', { body: form, type: 'application/x-www-form-urlencoded' }), 400);
  expectStatus(await call('POST', `${auth}/password/reset`, { body: { token: reset, password: passwords.reset } }), 200);
  expectStatus(await call('POST', `${auth}/password/reset`, { body: { token: reset, password: passwords.reset } }), 400);

  const two = await logIn(passwords.reset);
  expectStatus(two.answer, 200);
  expectStatus(await call('POST', `${auth}/logout`, { token: two.token, cookie: two.cookie }), 200);
  const three = await logIn(passwords.reset);
  expectStatus(await call('DELETE', '/api/v1/me', { token: three.token, body: { password: passwords.wrong } }), 401);
  for (let each = 0; each < 6; each += 1) await logIn(passwords.wrong);
  return { secrets, codes };
};

const standingAlone = (code: string) => new RegExp(`(?<![\\w-])${code}(?![\\w-])`);

test('after a whole life of an account neither the log at its most talkative nor the data folder holds a secret', async () => {
  const dataDir = await temporaryFolder();
  const server = await startServerProcess({ TEGATA_DATA_DIR: dataDir, LOG_LEVEL: 'trace' });
  const { secrets, codes } = await journey(callerOf(server.url));
  // Hanging up in the middle of a body, a request that is none, and headers beyond all measure.
  const half = `{"email":"${address}","password":"${passwords.misplaced}`;
  await sendRaw(
    server,
    rawRequest('POST /api/v1/auth/login', ['Content-Type: application/json', 'Content-Length: 999'], half),
    300,
  );
  await sendRaw(server, `${passwords.misplaced} ${address}\r\n\r\n`);
  await sendRaw(server, rawRequest('GET /', [`Authorization: Bearer ${passwords.misplaced}${'x'.repeat(20_000)}`]));
  await sendRaw(server, rawRequest('GET /health/live', [`Host: ${passwords.misplaced} ${address}`]));

  const read = async () => {
    const files = (await readdir(dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name)).toContain('tegata.db');
    return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))))).toString('latin1');
  };
  const whileRunning = await read();
  const { stdout, stderr, code } = await server.stop();
  expect(code).toBe(0);
  const log = stdout + stderr;

  expect(secrets).toHaveLength(20);
  expect(new Set(secrets).size).toBe(secrets.length);
  const hitsIn = (text: string) => [
    ...secrets.filter((secret) => text.includes(secret) || text.includes(encodeURIComponent(secret))),
    ...codes.filter((each) => standingAlone(each).test(text)),
  ];
  expect(hitsIn(log)).toEqual([]);
  for (const email of [address, secondAddress]) expect(log).not.toContain(email);
  // The database was really read: the address is in it.
  expect(whileRunning).toContain(address);
  expect(hitsIn(whileRunning)).toEqual([]);
  expect(hitsIn(await read())).toEqual([]);
  // The signing secret of development lies in its own file, for its owner alone, and nowhere else.
  const secret = await readFile(join(dataDir, 'secret'), 'utf8');
  expect(log).not.toContain(secret);
  expect((await read()).split(secret)).toHaveLength(2);

  // It did write, one JSON object a line, and none of all that was an error of ours.
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  expect(lines.length).toBeGreaterThan(50);
  const entries = lines.map((line) => JSON.parse(line) as { level: string; msg: string; event?: { type: string } });
  expect(entries.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  expect(entries.filter(({ msg }) => msg === 'request').length).toBeGreaterThan(40);
  expect(new Set(entries.flatMap(({ event }) => (event ? [event.type] : []))).size).toBeGreaterThan(8);
});
