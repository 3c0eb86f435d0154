import { describe, expect } from 'vitest';
import { ok } from '../../result.ts';
import type { KeyRecord } from '../../tokens/signing-key.ts';
import { aKeyRecord, day, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

export const signingKeyStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('signing keys', () => {
    test('keys are read back as they were written, in the order in which they were made', async ({ stores }) => {
      expect(await stores.signingKeys.list()).toEqual([]);
      const keys: KeyRecord[] = [
        aKeyRecord({ sequence: 1, retiresAt: now + day }),
        aKeyRecord({ sequence: 2, createdAt: now + 1, activatesAt: null }),
        aKeyRecord({ algorithm: 'HS256', sequence: 1, createdAt: now + 2, publicJwk: null, sealedPrivate: null }),
        aKeyRecord({ algorithm: 'EdDSA', sequence: 1, createdAt: now + 3, revokedAt: now + 4 }),
      ];
      for (const key of keys.toReversed()) expect(await stores.signingKeys.add(key)).toBe(true);
      expect(await stores.signingKeys.list()).toEqual(keys);
    });

    test('a change touches what it names and one key only', async ({ stores }) => {
      const [one, other] = [aKeyRecord({ sequence: 1 }), aKeyRecord({ sequence: 2 })];
      for (const key of [one, other]) await stores.signingKeys.add(key);
      await stores.signingKeys.change(one.kid, { activatesAt: null });
      await stores.signingKeys.change(one.kid, { retiresAt: now + day, sealedPrivate: null });
      await stores.signingKeys.change(one.kid, { revokedAt: now });
      const changed = { ...one, activatesAt: null, retiresAt: now + day, revokedAt: now, sealedPrivate: null };
      expect(await stores.signingKeys.list()).toEqual([changed, other]);
      await stores.signingKeys.change(one.kid, { retiresAt: null });
      expect((await stores.signingKeys.list())[0]?.retiresAt).toBeNull();
    });

    test('a key removed is gone, the others stay', async ({ stores }) => {
      const [one, other] = [aKeyRecord({ sequence: 1 }), aKeyRecord({ sequence: 2 })];
      for (const key of [one, other]) await stores.signingKeys.add(key);
      await stores.signingKeys.remove(one.kid);
      expect(await stores.signingKeys.list()).toEqual([other]);
    });

    test('of 20 keys that are all the next one, one is added; a second use of a name is refused too', async ({
      stores,
      atomically,
    }) => {
      const added = await inParallel(20, async (index) => {
        const key = aKeyRecord({ sequence: 7 });
        if (index % 2 === 0) return stores.signingKeys.add(key);
        const inside = await atomically(async (within) => ok(await within.signingKeys.add(key)));
        return inside.ok && inside.value;
      });
      expect(winners(added)).toBe(1);
      const [kept] = await stores.signingKeys.list();
      expect(await stores.signingKeys.add(aKeyRecord({ kid: kept?.kid ?? '', sequence: 8 }))).toBe(false);
      expect(await stores.signingKeys.add(aKeyRecord({ algorithm: 'EdDSA', sequence: 7 }))).toBe(true);
      expect(await stores.signingKeys.list()).toHaveLength(2);
    });

    test('who holds the lock sees all that was done before: of 20 that look and then make the first key, one does', async ({
      stores,
      atomically,
    }) => {
      const made = await inParallel(20, async () => {
        const done = await atomically(async (within) => {
          await within.signingKeys.lock();
          const sequence = (await within.signingKeys.list()).length + 1;
          return ok(sequence === 1 && (await within.signingKeys.add(aKeyRecord({ sequence }))));
        });
        return done.ok && done.value;
      });
      expect(winners(made)).toBe(1);
      expect(await stores.signingKeys.list()).toHaveLength(1);
    });
  });
};
