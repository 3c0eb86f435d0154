import { expect, test } from 'vitest';
import { maxCodeAttempts, oneTimeTokenState } from './one-time-token.ts';

const expiresAt = Date.UTC(2026, 0, 15, 12);

test.each([
  ['usable long before its end', null, -3_600_000, 'usable'],
  ['usable in the last millisecond before its end', null, -1, 'usable'],
  ['expired in the millisecond of its end', null, 0, 'expired'],
  ['expired after its end', null, 1, 'expired'],
  ['used from the moment of its use', expiresAt - 1000, -1000, 'used'],
  ['used, and not expired, after its end: its owner is told what happened to it', expiresAt - 1000, 1, 'used'],
  ['used when it was used in the first millisecond there is', 0, -1, 'used'],
  ['used even before its use, when the clock went back', expiresAt - 1000, -3_600_000, 'used'],
] as const)('a one-time token is %s', (_, usedAt, after, state) => {
  expect(oneTimeTokenState({ usedAt, expiresAt }, expiresAt + after)).toBe(state);
});

test('a six-digit code is found by guessing in one of 200,000 cases at most', () => {
  expect(maxCodeAttempts / 1_000_000).toBeLessThanOrEqual(1 / 200_000);
});
