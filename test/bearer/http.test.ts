import { describe, expect, test } from 'vitest';
import { execute, whileLocked } from '../database.ts';
import { startServer, type TestServer } from '../server.ts';
import { ada, goodPassword, inJapanese, logIn, me, register, registered, startBearer } from './people.ts';

const paths = ['/api/auth/register', '/api/auth/login'];

describe('every error is {"error": "<message>"}', () => {
  const expectError = (answer: Awaited<ReturnType<TestServer['call']>>, status: number, error: string) => {
    expect(answer.body).toEqual({ error });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w.-]{8,64}$/);
  };

  test('404 for a path that is not there, beside other contracts too', async () => {
    for (const contracts of ['bearer', 'standard,bearer']) {
      const server = await startServer({ TEGATA_CONTRACTS: contracts });
      for (const path of ['/api/auth', '/api/auth/', '/api/auth/refresh', '/api/auth/me', '/api/me/', '/api/me/emails']) {
        expectError(await server.call('GET', path), 404, 'Not found');
      }
    }
  });

  test('404 of a path that only begins alike belongs to another contract', async () => {
    const server = await startServer({ TEGATA_CONTRACTS: 'standard,bearer' });
    for (const path of ['/api/menu', '/api/authentication', '/api/v1/me/x']) {
      expect((await server.call('GET', path)).body.error.code).toBe('NOT_FOUND');
    }
  });

  test('405 with the methods there are', async () => {
    const server = await startServer({ TEGATA_CONTRACTS: 'standard,bearer' });
    const onMe = await server.call('POST', '/api/me', { body: {} });
    expectError(onMe, 405, 'Method not allowed');
    expect(onMe.headers.get('allow')).toBe('GET, HEAD');
    for (const path of paths) {
      const answer = await server.call('GET', path);
      expectError(answer, 405, 'Method not allowed');
      expect(answer.headers.get('allow')).toBe('POST');
    }
  });

  test('413 for more than 64 KiB, 415 for another type, 400 for what is no JSON object', async () => {
    const server = await startBearer();
    for (const path of paths) {
      expectError(await server.call('POST', path, { body: 'x'.repeat(65_537) }), 413, 'Request body too large');
      const form = { body: 'email=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
      expectError(await server.call('POST', path, form), 415, 'Content type must be application/json');
      for (const body of ['{', '[]', 'null', '"text"']) {
        expectError(await server.call('POST', path, { body }), 400, 'Invalid request body');
      }
      expectError(await server.call('POST', path), 400, 'Invalid request body');
    }
  });

  test('500 that says nothing about the inside', async () => {
    const server = await startBearer();
    execute(server, 'alter table users rename column name to canary_column');
    expectError(await register(server), 500, 'Internal server error');
    expectError(await logIn(server, {}, { headers: inJapanese }), 500, '内部サーバーエラーが発生しました');
  });

  test('503 with Retry-After while another process holds the database, never "wrong password"', async () => {
    const server = await startBearer();
    await registered(server);
    const answer = await whileLocked(server, () => logIn(server));
    expectError(answer, 503, 'Service temporarily unavailable, please try again');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await logIn(server)).status).toBe(200);
  });
});

describe('limits', () => {
  test.each([
    ['register', (server: TestServer) => register(server, { name: '' }), 400],
    ['login', (server: TestServer) => logIn(server, { email: 'nobody@example.com', password: '' }), 400],
  ] as const)('%s: ten a minute for each address of the network', async (name, call, status) => {
    const server = await startBearer({ TEGATA_RATE_LIMITS: 'on' });
    for (let each = 0; each < 10; each += 1) expect((await call(server)).status).toBe(status);
    const answer = await call(server);
    expect(answer.status).toBe(429);
    expect(answer.body).toEqual({ error: 'Too many requests, please try again later' });
    const seconds = answer.headers.get('retry-after');
    expect(Number(seconds)).toBeGreaterThan(0);
    expect(answer.headers.get('ratelimit-policy')).toBe(`"bearer:${name}";q=10;w=60`);
    expect(answer.headers.get('ratelimit')).toBe(`"bearer:${name}";r=0;t=${seconds}`);
  });

  test('are counted apart from one another and from other contracts', async () => {
    const server = await startServer({ TEGATA_CONTRACTS: 'standard,bearer', TEGATA_RATE_LIMITS: 'on' });
    const { token } = await registered(server);
    for (let each = 0; each < 11; each += 1) await logIn(server, { password: '' });
    expect((await logIn(server)).status).toBe(429);
    expect((await register(server)).status).toBe(409);
    expect((await me(server, token)).status).toBe(200);
    const inOther = await server.call('POST', '/api/v1/auth/login', { body: { email: ada, password: goodPassword } });
    expect(inOther.status).toBe(200);
  });
});

test('paths of a contract that is not mounted are not there', async () => {
  const server = await startBearer();
  for (const path of ['/api/v1/auth/login', '/auth/signin', '/api/auth/refresh', '/api/v1/me']) {
    expect((await server.call('POST', path, { body: {} })).status).toBe(404);
  }
  const other = await startServer();
  expect((await register(other)).status).toBe(404);
});

test('S1.1 the reference describes the three calls, every text of theirs, and the error shape', async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'standard,bearer' });
  const { body } = await server.call('GET', '/openapi.json');
  const operations = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap((path) =>
    Object.values(path),
  );
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(['bearerRegister', 'bearerLogIn', 'bearerMe']));
  const { register: call } = { register: body.paths['/api/auth/register'].post };
  expect(Object.keys(call.responses).toSorted()).toEqual(['201', '400', '409', '413', '415', '429', '503', 'default']);
  expect(call.responses[400].description).toContain('Name is required');
  expect(call.requestBody.content['application/json'].schema.required).toEqual(['email', 'password', 'name']);
  expect(body.paths['/api/auth/login'].post.responses[403].description).toContain('Please try again in 15 minutes');
  expect(body.paths['/api/me'].get.security).toEqual([{ access_token: [] }]);
  expect(body.components.schemas.BearerError.properties.error.type).toBe('string');
});
