import { Unavailable } from '@tegata/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHashingLane, hashingConcurrency } from './hashing-lane.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A job that ends when told to. */
const controlled = () => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let started = false;
  const run = () => {
    started = true;
    return promise;
  };
  return { run, finish: resolve, fail: reject, hasStarted: () => started };
};

const taking = (ms: number) => () => new Promise<string>((resolve) => setTimeout(resolve, ms, 'done'));
const settled = () => vi.advanceTimersByTimeAsync(0);
const refusalOf = (promise: Promise<unknown>): Promise<Unavailable> =>
  promise.then(
    () => expect.unreachable('it ran'),
    (error) => {
      expect(error).toBeInstanceOf(Unavailable);
      return error;
    },
  );

test('no more jobs run at once than the lane is wide, and the others follow in the order they came', async () => {
  const lane = createHashingLane({ concurrency: 2, maxQueued: 10, deadlineMs: 1000 });
  const jobs = Array.from({ length: 5 }, controlled);
  const order: number[] = [];
  const all = jobs.map((job, index) =>
    lane.run(() => {
      order.push(index);
      return job.run();
    }),
  );
  await settled();
  expect(order).toEqual([0, 1]);
  expect(lane.counts()).toEqual({ running: 2, queued: 3, refused: 0, completed: 0 });
  jobs[1]?.finish('b');
  await settled();
  expect(order).toEqual([0, 1, 2]);
  for (const job of jobs) job.finish('done');
  expect(await Promise.all(all)).toEqual(['done', 'b', 'done', 'done', 'done']);
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(lane.counts()).toEqual({ running: 0, queued: 0, refused: 0, completed: 5 });
});

test('a job beyond the queue is refused at once and never starts', async () => {
  const lane = createHashingLane({ concurrency: 1, maxQueued: 1, deadlineMs: 1000 });
  const [running, queued, refused] = [controlled(), controlled(), controlled()];
  const served = [lane.run(running.run), lane.run(queued.run)];
  const refusal = await refusalOf(lane.run(refused.run));
  expect(refusal.retryAfterSeconds).toBeGreaterThanOrEqual(1);
  running.finish('a');
  queued.finish('b');
  expect(await Promise.all(served)).toEqual(['a', 'b']);
  expect(refused.hasStarted()).toBe(false);
  expect(lane.counts()).toMatchObject({ refused: 1, completed: 2 });
});

test('a job that has waited past its deadline is refused and never starts, and those behind it are not forgotten', async () => {
  const lane = createHashingLane({ concurrency: 1, maxQueued: 10, deadlineMs: 1000 });
  const [slow, late, behind] = [controlled(), controlled(), controlled()];
  const first = lane.run(slow.run);
  const refusal = refusalOf(lane.run(late.run));
  await vi.advanceTimersByTimeAsync(500);
  const third = lane.run(behind.run);
  await vi.advanceTimersByTimeAsync(501);
  await refusal;
  slow.finish('a');
  behind.finish('c');
  expect(await Promise.all([first, third])).toEqual(['a', 'c']);
  expect(late.hasStarted()).toBe(false);
  expect(lane.counts()).toEqual({ running: 0, queued: 0, refused: 1, completed: 2 });
});

test('once it knows how long a job takes, it refuses at once whoever would wait past the deadline', async () => {
  const lane = createHashingLane({ concurrency: 1, maxQueued: 1000, deadlineMs: 1000 });
  const first = lane.run(taking(300));
  await vi.advanceTimersByTimeAsync(300);
  await first;
  const served = Array.from({ length: 4 }, () => lane.run(taking(300)));
  const before = performance.now();
  const refusal = await refusalOf(lane.run(taking(300)));
  expect(performance.now()).toBe(before);
  // Four jobs of 300 ms are in the lane: after 1.2 s it is empty.
  expect(refusal.retryAfterSeconds).toBe(2);
  await vi.advanceTimersByTimeAsync(1200);
  expect(await Promise.all(served)).toEqual(['done', 'done', 'done', 'done']);
});

test('a job that fails gives its place to the next one', async () => {
  const lane = createHashingLane({ concurrency: 1, maxQueued: 10, deadlineMs: 1000 });
  const [failing, next] = [controlled(), controlled()];
  const outcomes = Promise.allSettled([lane.run(failing.run), lane.run(next.run)]);
  failing.fail(new Error('broken'));
  next.finish('fine');
  expect(await outcomes).toMatchObject([{ status: 'rejected', reason: new Error('broken') }, { value: 'fine' }]);
  expect(lane.counts()).toMatchObject({ running: 0, completed: 2 });
});

test('a job that throws before its first await fails like any other', async () => {
  const lane = createHashingLane({ concurrency: 1, maxQueued: 1, deadlineMs: 1000 });
  const broken = () => {
    throw new Error('broken');
  };
  await expect(lane.run(broken)).rejects.toThrow('broken');
  expect(lane.counts()).toMatchObject({ running: 0, completed: 1 });
});

test('asking for room refuses what running would refuse, and takes no place', async () => {
  const lane = createHashingLane({ concurrency: 1, maxQueued: 1, deadlineMs: 1000 });
  const jobs = [controlled(), controlled()] as const;
  lane.ensureRoom();
  const running = lane.run(jobs[0].run);
  lane.ensureRoom();
  lane.ensureRoom();
  const queued = lane.run(jobs[1].run);
  expect(() => lane.ensureRoom()).toThrow(Unavailable);
  jobs[0].finish('done');
  await running;
  lane.ensureRoom();
  jobs[1].finish('done');
  await queued;
});

describe('the default width', () => {
  test.each([
    [1, 4, 1],
    [2, 4, 1],
    [4, 4, 3],
    [8, 4, 3],
    [8, 16, 7],
    [2, 1, 1],
  ])('is, for %i cores and %i pool threads, %i', (cores, poolThreads, expected) => {
    expect(hashingConcurrency(cores, poolThreads)).toBe(expected);
  });

  test.each([
    [1, 2, 1],
    [2, 2, 1],
    [4, 4, 1],
    [8, 2, 3],
    [16, 4, 3],
  ])('is, for %i cores shared by %i processes with 4 pool threads each, %i in each of them', (cores, processes, expected) => {
    expect(hashingConcurrency(cores, 4, processes)).toBe(expected);
  });
});
