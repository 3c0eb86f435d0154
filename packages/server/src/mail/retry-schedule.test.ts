import { startOfTest as createdAt, day, hour, minute, second } from '@tegata/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTry } from './retry-schedule.ts';

const pause = (attempts: number, jitter = 0.5) => nextTry({ attempts, createdAt }, createdAt, jitter)! - createdAt;

describe('when a failed mail is tried again', () => {
  it('the pauses double from five seconds to an hour', () => {
    expect([1, 2, 3, 4].map((attempts) => pause(attempts))).toEqual([5, 10, 20, 40].map((seconds) => seconds * second));
    expect(pause(11)).toBe(hour);
    expect(pause(5000)).toBe(hour);
  });

  it('the pauses of several mails differ by up to a fifth either way', () => {
    expect(pause(1, 0)).toBe(4 * second);
    expect(pause(1, 1)).toBe(6 * second);
  });

  it('is given up when the next try would be more than a day after the mail was made', () => {
    expect(nextTry({ attempts: 30, createdAt }, createdAt + day - 2 * hour, 0.5)).not.toBeNull();
    expect(nextTry({ attempts: 30, createdAt }, createdAt + day - 59 * minute, 0.5)).toBeNull();
  });

  it('ends for every mail, however often it was tried', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (jitter) => {
        let now = createdAt;
        let attempts = 1;
        for (let next = nextTry({ attempts, createdAt }, now, jitter); next !== null; attempts += 1) {
          expect(next).toBeGreaterThan(now);
          now = next;
          next = nextTry({ attempts: attempts + 1, createdAt }, now, jitter);
        }
        expect(attempts).toBeLessThan(60);
        expect(now - createdAt).toBeLessThanOrEqual(day);
      }),
    );
  });
});
