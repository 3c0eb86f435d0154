import { expect, test } from 'vitest';
import { workerCount } from './worker-count.ts';

test('one unless something else is asked for; auto is one for each core', () => {
  expect([undefined, '', ' ', '1', 'auto', ' 3 ', '64'].map((text) => workerCount(text, 8))).toEqual([1, 1, 1, 1, 8, 3, 64]);
});

test('what is no number of processes is refused', () => {
  for (const text of ['0', '-1', '65', '1.5', '2x', 'Auto', 'all', '１', '1e1'])
    expect(workerCount(text, 8), text).toBeUndefined();
});
