import { Client } from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createPostgresChannel } from '../../packages/server/src/revocations/postgres-channel.ts';

// LISTEN and NOTIFY on a real PostgreSQL. Each test has a name of its own, because a channel belongs to a database.

const channelNamed = (name: string, onTrouble = (_: Error) => {}) => {
  const channel = createPostgresChannel({ url: inject('postgres').url, name, onTrouble, reconnectMs: 10 });
  onTestFinished(channel.close);
  return channel;
};

const listening = async (channel: ReturnType<typeof channelNamed>) => {
  const heard: string[] = [];
  let gaps = 0;
  const stop = await channel.subscribe(
    (message) => heard.push(message),
    () => {
      gaps += 1;
    },
  );
  return { heard, gaps: () => gaps, stop };
};

/** Ends the connections of the channels, as a restart of the database or a network would. */
const cutConnections = async () => {
  const client = new Client({ connectionString: inject('postgres').url });
  await client.connect();
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tegata revocations'`);
  await client.end();
};

test('what one server says is heard by every one, and by itself', async () => {
  const [first, second] = [channelNamed('channel_all'), channelNamed('channel_all')];
  const [at, beside] = [await listening(first), await listening(second)];
  const elsewhere = await listening(channelNamed('channel_other'));
  await first.publish('one');
  await second.publish('it\'s "two"; drop table users');
  await expect.poll(() => [at.heard, beside.heard]).toEqual(Array(2).fill(['one', 'it\'s "two"; drop table users']));
  expect(elsewhere.heard).toEqual([]);
  await beside.stop();
  await first.publish('three');
  await expect.poll(() => at.heard.length).toBe(3);
  expect(beside.heard).toHaveLength(2);
});

test('a lost connection comes back by itself, is told as a gap, and ends no process', async () => {
  const troubles: string[] = [];
  const channel = channelNamed('channel_lost', (error) => troubles.push(error.message));
  const { heard, gaps } = await listening(channel);
  for (let time = 1; time <= 3; time += 1) {
    await cutConnections();
    await expect.poll(gaps, { timeout: 10_000 }).toBe(time);
    await channel.publish(`after ${time}`);
    await expect.poll(() => heard).toContain(`after ${time}`);
  }
  expect(troubles.length).toBeGreaterThanOrEqual(3);
});

test('without a database publishing fails, subscribing waits for it, and closing waits for nothing', async () => {
  const url = 'postgres://nobody@127.0.0.1:1/nothing';
  const troubles: Error[] = [];
  const channel = createPostgresChannel({ url, reconnectMs: 5, onTrouble: (error) => troubles.push(error) });
  await expect(channel.publish('x')).rejects.toThrow();
  const { heard } = await listening(channel);
  await expect.poll(() => troubles.length).toBeGreaterThan(2);
  await channel.close();
  expect(heard).toEqual([]);
});
