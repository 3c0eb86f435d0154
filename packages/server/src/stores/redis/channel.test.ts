import { Unavailable } from '@tegata/core';
import { anId } from '@tegata/core/testing';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type RedisServer, startRedis } from '../../../../../test/services/redis.ts';
import { createLogger } from '../../observe/logger.ts';
import { createRedisChannel } from './channel.ts';
import { openRedis } from './connection.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis({ settings: { appendonly: 'no' } });
});
afterAll(() => server.stop());

/** Within this, or the test has failed; a busy machine takes its time. */
const soon = { timeout: 15_000 };

const logger = createLogger({ level: 'silent' });

/** A node with a connection for commands and a channel; `prefix` names the installation. */
const node = async (prefix: string, name = 'revocations') => {
  const redis = await openRedis({ url: server.url, prefix, logger, required: true });
  const channel = createRedisChannel(redis, { url: server.url, prefix, name, logger });
  onTestFinished(async () => {
    await channel.close();
    await redis.close();
  });
  return channel;
};

/** Listens, and keeps what was heard. */
const listening = async (channel: Awaited<ReturnType<typeof node>>) => {
  const told = { messages: [] as string[], gaps: 0 };
  const stop = await channel.subscribe(
    (message) => told.messages.push(message),
    () => {
      told.gaps += 1;
    },
  );
  return { told, stop };
};

test('a message reaches every listener of every node once, in order, its sender’s too', async () => {
  const prefix = anId();
  const [first, second] = [await node(prefix), await node(prefix)];
  const heard = [await listening(first), await listening(first), await listening(second)];
  for (const message of ['one', 'two', 'three é']) await first.publish(message);
  for (const { told } of heard) await vi.waitFor(() => expect(told.messages).toEqual(['one', 'two', 'three é']), soon);
  for (const { told } of heard) expect(told.gaps).toBe(0);
});

test('other installations, and those who have left, hear nothing', async () => {
  const prefix = anId();
  const [here, there] = [await node(prefix), await node(anId())];
  const [left, stayed, foreign] = [await listening(here), await listening(here), await listening(there)];
  await left.stop();
  await here.publish('for us');
  await vi.waitFor(() => expect(stayed.told.messages).toEqual(['for us']), soon);
  expect(left.told.messages).toEqual([]);
  expect(foreign.told.messages).toEqual([]);
});

test('a listener that throws keeps the message from nobody', async () => {
  const channel = await node(anId());
  await channel.subscribe(
    () => {
      throw new Error('mine');
    },
    () => {},
  );
  const other = await listening(channel);
  await channel.publish('all the same');
  await vi.waitFor(() => expect(other.told.messages).toEqual(['all the same']), soon);
});

test('a lost connection is told when it is lost and when it is back, and then messages are heard again', async () => {
  const channel = await node(anId());
  const { told } = await listening(channel);
  await server.kill();
  await vi.waitFor(() => expect(told.gaps).toBe(1), soon);
  await expect(channel.publish('into the void')).rejects.toBeInstanceOf(Unavailable);
  await server.start();
  await vi.waitFor(() => expect(told.gaps).toBe(2), soon);
  await vi.waitFor(() => channel.publish('again'), soon);
  await vi.waitFor(() => expect(told.messages).toContain('again'), soon);
});

test('a line that is silent without being closed is noticed too', async () => {
  const channel = await node(anId());
  const { told } = await listening(channel);
  server.freeze();
  await vi.waitFor(() => expect(told.gaps).toBe(1), soon);
  server.thaw();
  await vi.waitFor(() => expect(told.gaps).toBe(2), soon);
  await vi.waitFor(() => channel.publish('again'), soon);
  await vi.waitFor(() => expect(told.messages).toEqual(['again']), soon);
});

test('who comes while Redis is away is let in, told of the gap, and hears once it is there', async () => {
  const channel = await node(anId());
  await server.kill();
  const { told } = await listening(channel);
  expect(told.gaps).toBe(1);
  await server.start();
  await vi.waitFor(() => expect(told.gaps).toBe(2), soon);
  await vi.waitFor(() => channel.publish('hello'), soon);
  await vi.waitFor(() => expect(told.messages).toContain('hello'), soon);
});
