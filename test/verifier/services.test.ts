import { introspectionSchema } from '@tegata/contract';
import { expect, test, vi } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
import { runTegata, temporaryFolder } from '../server-process.ts';
import { loggedIn, registered } from '../standard/people.ts';
import { allBytes } from '../standard/stored.ts';
import { decodeToken, tampered, tokenIn } from '../standard/tokens.ts';
import { feedUrl, serviceCredential } from './verifiers.ts';

// Every command starts a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** As an operator beside the running server, on the same data. */
const services = (server: TestServer, ...args: string[]) => runTegata(['services', ...args], server.sameStores);

const introspect = async (server: TestServer, credential: string, token: string, form: Record<string, string> = {}) => {
  const response = await fetch(`${server.url}/api/v1/auth/introspect`, {
    method: 'POST',
    headers: { authorization: credential },
    body: new URLSearchParams({ token, ...form }),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
};

test('services add shows a credential once; it works until it is revoked, and only its digest is kept', async () => {
  const server = await startServer({}, Date.now());
  const added = await services(server, 'add', 'notes');
  expect(added).toMatchObject({ code: 0, stderr: '' });
  const [, credential = ''] = /credential {2}(\S+)/.exec(added.stdout) ?? [];
  const [id = '', secret = ''] = credential.split('.');
  expect(added.stdout).toContain(`user ${id}, password ${secret}`);
  expect((await allBytes(server)).includes(secret)).toBe(false);

  const asked = () => fetch(feedUrl(server), { method: 'HEAD', headers: { authorization: `Bearer ${credential}` } });
  expect((await asked()).status).toBe(200);
  expect((await introspect(server, `Bearer ${credential}`, 'x')).status).toBe(403);
  const listed = await services(server, 'list');
  expect(listed.stdout).toMatch(new RegExp(`^${id} {2}active {3}\\S+ {2}notes {2}\\(revocations:read\\)$`, 'm'));
  expect(await services(server, 'revoke', id)).toMatchObject({
    code: 0,
    stdout: `The credential of ${id} is refused from now on.\n`,
  });
  expect((await asked()).status).toBe(401);
  expect((await services(server, 'list')).stdout).toContain(`${id}  revoked`);
  expect(await services(server, 'revoke', id)).toMatchObject({ code: 1, stderr: expect.stringContaining(`No service ${id}`) });
});

test('a call of services that is wrong says what would be right', async () => {
  const server = await startServer({}, Date.now());
  const [both, nameless, unknown, empty, elsewhere, strange] = await Promise.all([
    services(server, 'add', 'both', '--scope', 'introspect', '--scope', 'revocations:read'),
    services(server, 'add'),
    services(server, 'add', 'notes', '--scope', 'everything'),
    services(server, 'list', 'x'),
    runTegata(['services', 'list'], { TEGATA_DATA_DIR: await temporaryFolder() }),
    services(server, 'add', 'a\u001b[2Jb'),
  ]);
  expect(both).toMatchObject({ code: 0, stdout: expect.stringContaining('(introspect, revocations:read)') });
  expect(nameless).toMatchObject({ code: 2, stderr: expect.stringContaining('Name the service') });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no scope "everything"') });
  expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining('takes no arguments') });
  expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no database') });
  expect(strange).toMatchObject({ code: 2, stderr: expect.stringContaining('control character') });
});

test('a good access token is told about, with Bearer and with Basic, and without the claims that may no longer be so', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  const credential = await serviceCredential(server, 'introspect');
  const { sid, jti, iat, exp } = decodeToken(accessToken).claims;
  const active = {
    ...{ active: true, token_type: 'Bearer', iss: 'tegata', aud: 'tegata-api', sub: userId, uid: userId },
    ...{ sid, jti, iat, exp },
  };
  const byBearer = await introspect(server, `Bearer ${credential}`, accessToken, { token_type_hint: 'access_token' });
  expect(byBearer).toMatchObject({ status: 200, body: active });
  expect(byBearer.body).toEqual(active);
  expect(introspectionSchema.parse(byBearer.body)).toEqual(byBearer.body);
  expect(byBearer.headers.get('cache-control')).toBe('no-store');
  const byBasic = await introspect(server, `Basic ${btoa(credential.replace('.', ':'))}`, accessToken);
  expect(byBasic.body).toEqual(active);
});

test('of every other token nothing is told but that it is not active', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const [first, second, third] = await Promise.all([1, 2, 3].map(() => loggedIn(server, 'ada@example.com')));
  if (!first || !second || !third) throw new Error('nobody is logged in');
  const credential = await serviceCredential(server, 'introspect');
  await server.call('POST', '/api/v1/auth/logout', { token: first.accessToken });
  const inactive = [
    ...[first.accessToken, tokenIn(second.refreshCookie), tampered(second.accessToken)],
    ...['', 'x', 'x'.repeat(20_000), credential],
  ];
  for (const token of inactive) {
    expect(await introspect(server, `Bearer ${credential}`, token)).toMatchObject({ status: 200, body: { active: false } });
    expect((await introspect(server, `Bearer ${credential}`, token)).body).toEqual({ active: false });
  }
  expect((await introspect(server, `Bearer ${credential}`, third.accessToken)).body.active).toBe(true);
  server.advance({ minutes: 15 });
  expect((await introspect(server, `Bearer ${credential}`, third.accessToken)).body).toEqual({ active: false });
});

test('introspection wants a form with one token, and a credential before anything else', async () => {
  const server = await startServer();
  const credential = await serviceCredential(server, 'introspect');
  const send = async (body: string, type = 'application/x-www-form-urlencoded', authorization = `Bearer ${credential}`) => {
    const headers = { 'content-type': type, ...(authorization === '' ? {} : { authorization }) };
    const response = await fetch(`${server.url}/api/v1/auth/introspect`, { method: 'POST', headers, body });
    return { status: response.status, challenge: response.headers.get('www-authenticate') };
  };
  expect((await send('token=x')).status).toBe(200);
  expect((await send('')).status).toBe(400);
  expect((await send('token=x&token=y')).status).toBe(400);
  expect((await send('{"token":"x"}', 'application/json')).status).toBe(415);
  expect(await send('token=x', undefined, '')).toEqual({ status: 401, challenge: 'Bearer realm="tegata", Basic realm="tegata"' });
  expect(await send('token=x', undefined, 'Bearer x')).toEqual({
    status: 401,
    challenge: 'Bearer realm="tegata", error="invalid_token", Basic realm="tegata"',
  });
});

test('trying credentials gets slow, and a service has a limit of its own', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
  const credential = await serviceCredential(server, 'introspect');
  const statuses = new Set<number>();
  for (let time = 0; time < 61; time += 1) statuses.add((await introspect(server, 'Bearer x', 'x')).status);
  expect([...statuses]).toEqual([401, 429]);
  // From the same address.
  expect((await introspect(server, `Bearer ${credential}`, 'x')).status).toBe(200);
});
