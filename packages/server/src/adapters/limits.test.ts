import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLimits, createNoLimits } from './limits.ts';

// The library keeps time by `Date.now` and `setTimeout`; this is how a test owns both.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const logIns = { name: 'log-in', points: 5, windowSeconds: 60 };

test('exactly as many of ten times as many simultaneous calls pass as there are points', async () => {
  const limits = createLimits();
  for (let round = 0; round < 50; round += 1) {
    const states = await Promise.all(Array.from({ length: 50 }, () => limits.take(logIns, `192.0.2.${round}`)));
    expect(states.filter(({ allowed }) => allowed)).toHaveLength(5);
  }
});

test('the answer says what remains and when the window ends', async () => {
  const limits = createLimits();
  expect(await limits.take(logIns, 'a')).toEqual({ allowed: true, remaining: 4, resetSeconds: 60 });
  vi.advanceTimersByTime(20_500);
  expect(await limits.take(logIns, 'a')).toEqual({ allowed: true, remaining: 3, resetSeconds: 40 });
  for (let i = 0; i < 3; i += 1) await limits.take(logIns, 'a');
  expect(await limits.take(logIns, 'a')).toEqual({ allowed: false, remaining: 0, resetSeconds: 40 });
});

test('the window ends on time, however often somebody knocked in between', async () => {
  const limits = createLimits();
  for (let i = 0; i < 100; i += 1) {
    await limits.take(logIns, 'a');
    vi.advanceTimersByTime(100);
  }
  vi.advanceTimersByTime(49_999);
  expect(await limits.take(logIns, 'a')).toMatchObject({ allowed: false, resetSeconds: 1 });
  vi.advanceTimersByTime(1);
  expect(await limits.take(logIns, 'a')).toEqual({ allowed: true, remaining: 4, resetSeconds: 60 });
});

test('keys, buckets and sizes of a bucket are counted apart', async () => {
  const limits = createLimits();
  for (let i = 0; i < 6; i += 1) await limits.take(logIns, 'a');
  const others = [
    limits.take(logIns, 'b'),
    limits.take({ ...logIns, name: 'register' }, 'a'),
    limits.take({ ...logIns, points: 6 }, 'a'),
    limits.take({ ...logIns, windowSeconds: 61 }, 'a'),
  ];
  expect((await Promise.all(others)).every(({ allowed }) => allowed)).toBe(true);
  expect(await limits.take(logIns, 'a')).toMatchObject({ allowed: false });
});

test('keys of any length and kind are told apart by every character', async () => {
  const limits = createLimits();
  const once = { name: 'once', points: 1, windowSeconds: 60 };
  const long = 'x'.repeat(1_000_000);
  for (const key of ['', '__proto__', 'constructor', long, `${long}y`, '='.repeat(64), '='.repeat(65)]) {
    expect(await limits.take(once, key)).toMatchObject({ allowed: true });
    expect(await limits.take(once, key)).toMatchObject({ allowed: false });
  }
});

test('keys are forgotten when their window ends, so strangers cannot fill the memory', async () => {
  const limits = createLimits();
  const before = vi.getTimerCount();
  for (let i = 0; i < 1000; i += 1) await limits.take(logIns, `192.0.2.${i}`);
  // The library holds one timer for each key it remembers.
  expect(vi.getTimerCount() - before).toBe(1000);
  vi.advanceTimersByTime(60_000);
  expect(vi.getTimerCount() - before).toBe(0);
});

test('with limits off everything is allowed', async () => {
  const limits = createNoLimits();
  for (let i = 0; i < 20; i += 1) {
    expect(await limits.take(logIns, 'a')).toEqual({ allowed: true, remaining: 5, resetSeconds: 60 });
  }
});
