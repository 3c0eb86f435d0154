import { describe, expect } from 'vitest';
import { anId, minute, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

export const singleUseContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('what may happen once', () => {
    test('of parallel claims of one key exactly one succeeds, and none after it', async ({ stores }) => {
      const key = `state:${anId()}`;
      expect(winners(await inParallel(50, () => stores.singleUse.claim(key, now + minute, now)))).toBe(1);
      expect(await stores.singleUse.claim(key, now + minute, now + minute - 1)).toBe(false);
    });

    test('each key is claimed for itself', async ({ stores }) => {
      expect(winners(await inParallel(5, () => stores.singleUse.claim(anId(), now + minute, now)))).toBe(5);
    });
  });
};
