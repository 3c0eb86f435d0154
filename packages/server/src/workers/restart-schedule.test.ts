import { expect, test } from 'vitest';
import { nextRestart } from './restart-schedule.ts';

test('a worker that served for a minute is replaced at once, and what was before is forgotten', () => {
  expect(nextRestart(0, 60_000)).toEqual({ crashes: 0, delayMs: 0 });
  expect(nextRestart(9, 60_000)).toEqual({ crashes: 0, delayMs: 0 });
});

test('workers that end soon are started after pauses that double, up to half a minute', () => {
  const pauses = [];
  for (let crashes = 0; crashes < 12; ) {
    const next = nextRestart(crashes, 59_999);
    pauses.push(next.delayMs);
    crashes = next.crashes;
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000]);
  expect(nextRestart(1e9, 0).delayMs).toBe(30_000);
});
