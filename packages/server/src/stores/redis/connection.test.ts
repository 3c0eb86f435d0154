import { Unavailable } from '@tegata/core';
import { anId } from '@tegata/core/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type RedisServer, type RedisSettings, startRedis } from '../../../../../test/services/redis.ts';
import { createLogger } from '../../observe/logger.ts';
import { openRedis, type Redis, script } from './connection.ts';
import { createRedisLimits } from './limits.ts';
import { findRisks } from './risks.ts';

/** Within this, or the test has failed; a busy machine takes its time. */
const soon = { timeout: 15_000 };

const logger = createLogger({ level: 'silent' });

const started = async (settings?: RedisSettings): Promise<RedisServer> => {
  const server = await startRedis(settings);
  onTestFinished(() => server.stop());
  return server;
};

const connected = async (url: string, options: { required?: boolean; patienceMs?: number } = {}): Promise<Redis> => {
  const redis = await openRedis({ url, prefix: `${anId()}:`, logger, required: true, deadlineMs: 2_000, ...options });
  onTestFinished(() => redis.close());
  return redis;
};

test('a password, a user and the number of a database in the address are used', async () => {
  const server = await started({ password: 'p@ss/w:rd' });
  const redis = await connected(`${server.url}/3`);
  await redis.send('ACL', 'SETUSER', 'tegata', 'on', '>secret', '~*', '&*', '+@all');
  expect(await redis.send('CLIENT', 'INFO')).toMatch(/ db=3 /);
  const named = await connected(`redis://tegata:secret@127.0.0.1:${server.port}`);
  expect(await named.send('ACL', 'WHOAMI')).toBe('tegata');
});

test('a wrong password is told at once, and nothing of the address is repeated', async () => {
  const server = await started({ password: 'right' });
  const refused = await openRedis({
    url: `redis://:canary-password@127.0.0.1:${server.port}`,
    prefix: '',
    logger,
    required: true,
    patienceMs: 60_000,
  }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Unavailable);
  expect(String(refused)).toContain('WRONGPASS');
  expect(String(refused)).not.toContain('canary');
});

test('what is required and cannot be reached is told when patience ends; a server that starts late is waited for', async () => {
  const server = await started();
  await server.kill();
  await expect(connected(server.url, { patienceMs: 100 })).rejects.toThrow(/ECONNREFUSED.*REDIS_URL/);
  const waiting = connected(server.url, { patienceMs: 60_000 });
  await server.start();
  await (await waiting).ping();
});

test('what is not required is opened at once, and is there when the server is', async () => {
  const server = await started();
  await server.kill();
  const redis = await connected(server.url, { required: false });
  expect(redis.isReady()).toBe(false);
  await expect(redis.ping()).rejects.toBeInstanceOf(Unavailable);
  await server.start();
  await vi.waitFor(() => redis.ping(), soon);
});

test('a dead server is Unavailable without waiting, commands on their way included, and it recovers by itself', async () => {
  const server = await started();
  const redis = await connected(server.url);
  const onTheirWay = Promise.allSettled(Array.from({ length: 20 }, () => redis.send('DEBUG', 'SLEEP', '0.02')));
  await server.kill();
  for (const outcome of await onTheirWay) {
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Unavailable);
  }
  await expect(redis.ping()).rejects.toBeInstanceOf(Unavailable);
  await server.start();
  await vi.waitFor(() => redis.ping(), soon);
});

test('a server that no longer answers is given up; only those already waiting wait for it', async () => {
  const server = await started();
  const redis = await connected(server.url);
  server.freeze();
  await expect(redis.send('GET', 'a')).rejects.toBeInstanceOf(Unavailable);
  // Not sent any more: there is no connection to send it on.
  expect(redis.isReady()).toBe(false);
  await expect(redis.send('GET', 'a')).rejects.toThrow(/offline/);
  server.thaw();
  await vi.waitFor(() => redis.ping(), soon);
});

test('a server that cannot serve now is Unavailable: full, read-only, forbidden', async () => {
  const server = await started();
  const redis = await connected(server.url);
  const refused = async (word: RegExp) => {
    const write = redis.run(script("return redis.call('SET', KEYS[1], ARGV[1])"), ['key'], ['value']);
    const error = await write.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unavailable);
    expect(String(error)).toMatch(word);
  };
  await redis.send('CONFIG', 'SET', 'maxmemory', '1');
  await refused(/OOM/);
  await redis.send('CONFIG', 'SET', 'maxmemory', '0');
  await redis.send('REPLICAOF', '127.0.0.1', '1');
  await refused(/READONLY/);
  // The connection was given up, because its server may not be the right one any more.
  await vi.waitFor(() => redis.send('REPLICAOF', 'NO', 'ONE'), soon);
  await redis.send('ACL', 'SETUSER', 'default', '-@scripting');
  await refused(/NOPERM/);
});

test('a mistake of ours is no outage', async () => {
  const redis = await connected((await started()).url);
  await redis.send('SET', 'key', 'text');
  await expect(redis.send('ZADD', 'key', '1', 'a')).rejects.toThrow(/^WRONGTYPE/);
  await expect(redis.send('ZADD', 'key', '1', 'a')).rejects.not.toBeInstanceOf(Unavailable);
});

test('a script is sent again after Redis has forgotten all of them', async () => {
  const redis = await connected((await started()).url);
  const double = script('return ARGV[1] * 2');
  expect(await redis.run(double, [], [4])).toBe(8);
  await redis.send('SCRIPT', 'FLUSH');
  expect(await redis.run(double, [], [5])).toBe(10);
});

test('settings that would lose sessions are told, and those we may not see are not guessed', async () => {
  const safe = await connected((await started()).url);
  expect(await findRisks(safe)).toEqual([]);
  const cache = await started({ settings: { appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' } });
  const redis = await connected(cache.url);
  expect(await findRisks(redis)).toEqual([
    expect.stringContaining('maxmemory-policy allkeys-lru'),
    expect.stringContaining('append-only'),
  ]);
  await redis.send('ACL', 'SETUSER', 'default', '-info');
  expect(await findRisks(redis)).toEqual([]);
});

const logIns = { name: 'log-in', points: 5, windowSeconds: 60 };

test('a limit is one for all nodes: of 100 calls at once exactly as many pass as there are points', async () => {
  const server = await started();
  const redis = await connected(server.url);
  const other = { ...(await connected(server.url)), prefix: redis.prefix };
  const nodes = [createRedisLimits(redis), createRedisLimits(other)];
  for (let round = 0; round < 10; round += 1) {
    const taken = await Promise.all(
      Array.from({ length: 100 }, (_, index) => nodes[index % 2]!.take(logIns, `192.0.2.${round}`)),
    );
    expect(taken.filter(({ allowed }) => allowed)).toHaveLength(5);
  }
});

test('limits tell what remains and until when, and keep keys and buckets apart, however long', async () => {
  const limits = createRedisLimits(await connected((await started()).url));
  expect(await limits.take(logIns, 'a')).toEqual({ allowed: true, remaining: 4, resetSeconds: 60 });
  for (let i = 0; i < 4; i += 1) await limits.take(logIns, 'a');
  expect(await limits.take(logIns, 'a')).toMatchObject({ allowed: false, remaining: 0 });
  const once = { name: 'once', points: 1, windowSeconds: 60 };
  const long = 'x'.repeat(100_000);
  for (const key of ['', long, `${long}y`, '{a}', 'é', '='.repeat(64), '='.repeat(65)]) {
    expect(await limits.take(once, key)).toMatchObject({ allowed: true });
    expect(await limits.take(once, key)).toMatchObject({ allowed: false });
  }
  for (const bucket of [
    { ...logIns, name: 'register' },
    { ...logIns, points: 6 },
    { ...logIns, windowSeconds: 61 },
  ]) {
    expect(await limits.take(bucket, 'a')).toMatchObject({ allowed: true });
  }
});

test('without Redis each node limits by itself, and together they do again when it is back', async () => {
  const server = await started();
  const redis = await connected(server.url);
  const limits = createRedisLimits(redis);
  for (let i = 0; i < 5; i += 1) await limits.take(logIns, 'a');
  await server.kill();
  const meanwhile = await Promise.all(Array.from({ length: 50 }, () => limits.take(logIns, 'a')));
  expect(meanwhile.filter(({ allowed }) => allowed)).toHaveLength(5);
  await server.start();
  await vi.waitFor(() => redis.ping(), soon);
  expect(await limits.take(logIns, 'a')).toMatchObject({ allowed: false });
});
