import { expect, test } from 'vitest';
import { contracts } from '../../packages/server/src/http/app.ts';
import { startServer, type TestServer } from '../server.ts';
import { decodeToken } from '../standard/tokens.ts';
import { pigeon } from './pigeon/index.ts';

// A new contract is one folder (here `pigeon/`) and one line: the list below, which in the house is in `http/app.ts`.
const doors = [...contracts, pigeon];

const start = (settings: Record<string, string> = {}): Promise<TestServer> =>
  startServer({ TEGATA_CONTRACTS: 'standard,pigeon', ...settings }, undefined, undefined, doors);

const body = { loft: 'ada@example.com', secret: 'correct horse battery' };
const nest = (server: TestServer, change: object = {}) => server.call('POST', '/pigeon/nest', { body: { ...body, ...change } });
const fly = (server: TestServer, change: object = {}) => server.call('POST', '/pigeon/fly', { body: { ...body, ...change } });

test('somebody registers and logs in through the fifth door, in its own words, with its own claims and lifetime', async () => {
  const server = await start();
  const nested = await nest(server);
  expect(nested.status).toBe(201);
  const home = await server.call('GET', '/pigeon/home', { token: nested.body.ring });
  expect(home.body).toEqual({ loft: 'ada@example.com', keeper: 'Pigeon' });

  const flown = await fly(server);
  expect(flown.status).toBe(200);
  const { claims } = decodeToken(flown.body.ring);
  expect(claims).toMatchObject({ keeper: 'Pigeon', iat: server.now() / 1000, exp: server.now() / 1000 + 600 });

  expect((await nest(server)).body).toEqual({ squawk: 'A pigeon already nests there' });
  expect((await fly(server, { secret: 'wrong horse battery' })).body).toEqual({ squawk: 'No such pigeon' });
});

test('what holds in every contract holds there: shapes of errors, language, limits, headers, lockout, the reference', async () => {
  const server = await start({ TEGATA_RATE_LIMITS: 'on' });
  const ja = { headers: { 'accept-language': 'ja' } };
  expect((await server.call('GET', '/pigeon/perch', ja)).body).toEqual({ squawk: 'そのような止まり木はありません' });
  const wrongMethod = await server.call('DELETE', '/pigeon/nest');
  expect(wrongMethod.status).toBe(405);
  expect(wrongMethod.headers.get('allow')).toBe('POST');
  expect((await server.call('POST', '/pigeon/nest', { body: 'x'.repeat(70_000) })).body).toEqual({ squawk: 'Coo?' });
  expect((await server.call('GET', '/api/v1/nowhere')).body.error.code).toBe('NOT_FOUND');

  await nest(server);
  for (let each = 0; each < 2; each += 1) await nest(server, { secret: 'short' });
  const limited = await nest(server);
  expect(limited.status).toBe(429);
  expect(limited.body).toEqual({ squawk: 'Too many pigeons' });
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(limited.headers.get('x-content-type-options')).toBe('nosniff');

  for (let each = 0; each < 5; each += 1) await fly(server, { secret: 'wrong horse battery' });
  expect((await fly(server)).body).toEqual({ squawk: 'The loft is shut for a while' });

  const { body: reference } = await server.call('GET', '/openapi.json');
  expect(reference.info.description).toContain('pigeon');
  expect(reference.paths['/pigeon/nest'].post.operationId).toBe('pigeonNest');
});

test('it shares the one user base with the others', async () => {
  const server = await start();
  await nest(server);
  const logIn = { email: body.loft, password: body.secret };
  expect((await server.call('POST', '/api/v1/auth/login', { body: logIn })).status).toBe(200);
});

test('it is served where it is named, and nowhere else', async () => {
  const server = await startServer({}, undefined, undefined, doors);
  expect((await nest(server)).status).toBe(404);
  await expect(startServer({ TEGATA_CONTRACTS: 'pigeon' })).rejects.toThrow(/TEGATA_CONTRACTS=pigeon: unknown contract/);
});
