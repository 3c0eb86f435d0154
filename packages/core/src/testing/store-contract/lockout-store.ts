import { describe, expect } from 'vitest';
import type { LockoutStore } from '../../deps.ts';
import { type Lockout, noFailures, takeAttempt } from '../../limits/lockout.ts';
import { hour, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

const oneMore = (before: Lockout | undefined): Lockout => {
  const state = before ?? noFailures(now);
  return { ...state, failures: state.failures + 1 };
};

/** Looks without changing anything. */
const read = async (lockouts: LockoutStore, subject: string, source = ''): Promise<Lockout | undefined> => {
  let seen: Lockout | undefined;
  await lockouts.change(subject, source, (before) => {
    seen = before;
    return undefined;
  });
  return seen;
};

export const lockoutStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('lockouts', () => {
    test('a state is read back as it was written', async ({ stores: { lockouts } }) => {
      expect(await read(lockouts, 'ada')).toBeUndefined();
      const states: Lockout[] = [
        { failures: 3, locks: 0, lockedUntil: null, updatedAt: now },
        { failures: 5, locks: 2, lockedUntil: now + hour, updatedAt: now + 1 },
      ];
      for (const state of states) {
        await lockouts.change('ada', '', () => state);
        expect(await read(lockouts, 'ada')).toEqual(state);
      }
    });

    test('a rule that returns nothing changes nothing', async ({ stores: { lockouts } }) => {
      await lockouts.change('ada', '', oneMore);
      await lockouts.change('ada', '', () => undefined);
      expect((await read(lockouts, 'ada'))?.failures).toBe(1);
    });

    test('subjects and sources are counted apart', async ({ stores: { lockouts } }) => {
      await lockouts.change('ada', '', oneMore);
      await lockouts.change('ada', 'device-1', oneMore);
      await lockouts.change('ada', 'device-1', oneMore);
      expect((await read(lockouts, 'ada'))?.failures).toBe(1);
      expect((await read(lockouts, 'ada', 'device-1'))?.failures).toBe(2);
      expect(await read(lockouts, 'ben')).toBeUndefined();
    });

    test('of 100 parallel increments none is lost, from the first row on', async ({ stores: { lockouts } }) => {
      await inParallel(100, () => lockouts.change('ada', '', oneMore));
      expect((await read(lockouts, 'ada'))?.failures).toBe(100);
    });

    test('increments inside and outside of transactions do not lose each other', async ({ stores, atomically }) => {
      await inParallel(30, (index) =>
        index % 2 === 0
          ? stores.lockouts.change('ada', '', oneMore)
          : atomically(async (inside) => {
              await inside.lockouts.change('ada', '', oneMore);
              return { ok: true as const, value: undefined };
            }).then(() => undefined),
      );
      expect((await read(stores.lockouts, 'ada'))?.failures).toBe(30);
    });

    test('of 100 parallel guesses no more are evaluated than the lock allows', async ({ stores: { lockouts } }) => {
      const rules = { threshold: 5, durationSeconds: 900, maxDurationSeconds: 86_400 };
      const guesses = await inParallel(100, async () => {
        let allowed = false;
        await lockouts.change('ada', '', (before) => {
          const attempt = takeAttempt(before, rules, now);
          allowed = attempt.allowed;
          return attempt.allowed ? attempt.next : undefined;
        });
        return allowed;
      });
      expect(winners(guesses)).toBe(5);
    });

    test('one source or all of a subject can be forgotten', async ({ stores: { lockouts } }) => {
      for (const source of ['', 'device-1', 'device-2']) await lockouts.change('ada', source, oneMore);
      await lockouts.change('ben', '', oneMore);
      await lockouts.clear('ada', 'device-1');
      expect(await read(lockouts, 'ada', 'device-1')).toBeUndefined();
      expect((await read(lockouts, 'ada', 'device-2'))?.failures).toBe(1);
      await lockouts.clearAll('ada');
      expect(await read(lockouts, 'ada')).toBeUndefined();
      expect(await read(lockouts, 'ada', 'device-2')).toBeUndefined();
      expect((await read(lockouts, 'ben'))?.failures).toBe(1);
    });

    test('clearing between a reader and its write does not bring the old count back', async ({ stores: { lockouts } }) => {
      await lockouts.change('ada', '', oneMore);
      let cleared: Promise<void> | undefined;
      await lockouts.change('ada', '', (before) => {
        cleared ??= lockouts.clear('ada', '').then(() => lockouts.change('ada', '', oneMore));
        return oneMore(before);
      });
      await cleared;
      // Either order of the two is right: cleared last leaves 1, cleared first 2. Never the three of before.
      expect((await read(lockouts, 'ada'))?.failures).toBeLessThanOrEqual(2);
    });
  });
};
