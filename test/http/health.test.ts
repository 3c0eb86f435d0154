import { expect, test } from 'vitest';
import { createTegata } from '../../packages/server/src/index.ts';
import { execute } from '../database.ts';
import { startServer } from '../server.ts';
import { temporaryFolder } from '../server-process.ts';

test('a server that runs is alive, and ready as soon as its database answers', async () => {
  const server = await startServer();
  for (const path of ['/health/live', '/health/ready']) {
    const answer = await server.call('GET', path);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: 'ok' });
  }
});

test('without its database it is alive but not ready, says when to ask again, and nothing of what is wrong', async () => {
  const server = await startServer();
  execute(server, 'alter table users rename to elsewhere');
  const answer = await server.call('GET', '/health/ready');
  expect(answer.status).toBe(503);
  expect(answer.body).toEqual({ status: 'unavailable' });
  expect(answer.headers.get('retry-after')).toBe('1');
  expect((await server.call('GET', '/health/live')).status).toBe(200);
  execute(server, 'alter table elsewhere rename to users');
  expect((await server.call('GET', '/health/ready')).status).toBe(200);
});

test('a server that is about to stop is not ready any more, though it still answers', async () => {
  const tegata = await createTegata({ TEGATA_DATA_DIR: await temporaryFolder(), LOG_LEVEL: 'silent' });
  const get = async (path: string) => tegata.fetch(new Request(`http://localhost${path}`));
  expect((await get('/health/ready')).status).toBe(200);
  tegata.prepareToStop();
  const answer = await get('/health/ready');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({ status: 'stopping' });
  expect(answer.headers.get('retry-after')).toBe('1');
  expect((await get('/health/live')).status).toBe(200);
  expect((await get('/openapi.json')).status).toBe(200);
  await tegata.close();
});

test('health needs no login, no body and no limit, and shows neither version nor names', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
  const answers = await Promise.all(Array.from({ length: 200 }, () => server.call('GET', '/health/ready')));
  for (const { status, body } of answers) expect([status, body]).toEqual([200, { status: 'ok' }]);
});
