import { describe, expect, it } from 'vitest';
import type { SingleUse } from '../../deps.ts';
import { anId, hour, minute, startOfTest as now } from '../test-data.ts';
import { inParallel, winners } from './stores-under-test.ts';

type OpenSingleUse = () => Promise<{ stores: { singleUse: SingleUse }; close: () => Promise<void> }>;

export const singleUseContract = (open: OpenSingleUse): void => {
  const test = (sentence: string, work: (singleUse: SingleUse) => Promise<void>) =>
    it(sentence, async () => {
      const { stores, close } = await open();
      try {
        await work(stores.singleUse);
      } finally {
        await close();
      }
    });

  describe('what may be used once', () => {
    test('is claimed by the first caller, and by nobody after', async (singleUse) => {
      const key = anId();
      expect(await singleUse.claim(key, now + hour, now)).toBe(true);
      expect(await singleUse.claim(key, now + hour, now + 1)).toBe(false);
      expect(await singleUse.claim(key, now + 2 * hour, now + minute)).toBe(false);
    });

    test('is claimed by one of 50 parallel callers, round after round', async (singleUse) => {
      for (let round = 0; round < 10; round += 1) {
        const key = anId();
        const answers = await inParallel(50, () => singleUse.claim(key, now + hour, now));
        expect(winners(answers)).toBe(1);
      }
    });

    test('is told apart by every character of its key', async (singleUse) => {
      const key = `state:${anId()}`;
      for (const other of [key, `${key}x`, key.toUpperCase(), 'é', 'e\u0301']) {
        expect(await singleUse.claim(other, now + hour, now)).toBe(true);
      }
    });
  });
};
