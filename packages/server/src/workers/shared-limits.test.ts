import type { LimitState } from '@tegata/core';
import { expect, test } from 'vitest';
import { createLimits } from '../adapters/limits.ts';
import { createSharedLimits } from './shared-limits.ts';

const bucket = { name: 'log-in', points: 3, windowSeconds: 60 };
const silence = new Error('no answer');

/** Two workers of one primary, whose silence the test decides. */
const twoWorkers = () => {
  const shared = createLimits();
  const state = { isSilent: false, asked: 0, now: 0, log: [] as string[] };
  const ask = async (asked: typeof bucket, key: string): Promise<LimitState> => {
    state.asked += 1;
    if (state.isSilent) throw silence;
    return shared.take(asked, key);
  };
  const logger = {
    warn: (text: unknown) => void state.log.push(String(text)),
    info: (text: unknown) => void state.log.push(String(text)),
  };
  const worker = () => createSharedLimits({ ask, own: createLimits(), logger, monotonicMs: () => state.now });
  return { workers: [worker(), worker()] as const, state };
};

test('what one worker lets through is gone for the other', async () => {
  const { workers } = twoWorkers();
  const states = [];
  for (let i = 0; i < 6; i += 1) states.push((await workers[(i % 2) as 0 | 1].take(bucket, 'a')).allowed);
  expect(states).toEqual([true, true, true, false, false, false]);
});

test('while the primary is silent each worker counts by itself, and the limit is never off', async () => {
  const { workers, state } = twoWorkers();
  state.isSilent = true;
  const allowed = [];
  for (let i = 0; i < 10; i += 1) allowed.push((await workers[0].take(bucket, 'a')).allowed);
  expect(allowed.filter(Boolean)).toHaveLength(3);
  expect((await workers[1].take(bucket, 'a')).allowed).toBe(true);
});

test('a silent primary is asked once a second and not by every request, and believed again as soon as it answers', async () => {
  const { workers, state } = twoWorkers();
  state.isSilent = true;
  await Promise.all(Array.from({ length: 5 }, () => workers[0].take(bucket, 'a')));
  const first = state.asked;
  for (let i = 0; i < 50; i += 1) await workers[0].take(bucket, 'a');
  expect(state.asked).toBe(first);
  state.now += 1_000;
  await Promise.all(Array.from({ length: 50 }, () => workers[0].take(bucket, 'a')));
  expect(state.asked).toBe(first + 1);
  state.isSilent = false;
  state.now += 1_000;
  expect(await workers[0].take(bucket, 'a')).toMatchObject({ allowed: true, remaining: 2 });
  expect(await workers[0].take(bucket, 'a')).toMatchObject({ allowed: true, remaining: 1 });
  expect(state.log).toEqual([
    'the primary does not answer: each worker counts limits by itself',
    'the primary answers again: limits are counted for all workers',
  ]);
});
