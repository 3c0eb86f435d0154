import { describe, expect } from 'vitest';
import { startOfTest as now, second } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

export const leaseStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('leases', () => {
    test('of those who ask at once one gets it, and keeps it until it ends', async ({ stores: { leases } }) => {
      const answers = await inParallel(20, (index) => leases.take('purge', `node-${index}`, 60, now));
      expect(winners(answers)).toBe(1);
      const holder = `node-${answers.indexOf(true)}`;
      expect(await leases.take('purge', 'another', 60, now + 60 * second - 1)).toBe(false);
      expect(await leases.take('purge', holder, 60, now + 30 * second)).toBe(true);
      expect(await leases.take('purge', 'another', 60, now + 60 * second)).toBe(false);
      expect(winners(await inParallel(20, (index) => leases.take('purge', `late-${index}`, 60, now + 90 * second)))).toBe(1);
      expect(await leases.take('purge', holder, 60, now + 90 * second)).toBe(false);
    });

    test('of different things do not touch each other', async ({ stores: { leases } }) => {
      expect(await leases.take('purge', 'one', 60, now)).toBe(true);
      expect(await leases.take('rotation', 'another', 60, now)).toBe(true);
    });
  });
};
