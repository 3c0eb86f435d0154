import { describe, expect } from 'vitest';
import { anId, aPasswordHash, givenUser, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

export const passwordStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('passwords', () => {
    test('a user has one hash or none', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      expect(await stores.passwords.find(userId)).toBeUndefined();
      const hash = aPasswordHash();
      await stores.passwords.create({ id: anId(), userId, hash, now });
      await expect(stores.passwords.create({ id: anId(), userId, hash: aPasswordHash(), now })).rejects.toThrow();
      expect(await stores.passwords.find(userId)).toBe(hash);
    });

    test('a hash is replaced only while it is the one that was verified', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const [first, next] = [aPasswordHash(), aPasswordHash()];
      expect(await stores.passwords.replace(userId, first, next, now)).toBe(false);
      await stores.passwords.create({ id: anId(), userId, hash: first, now });
      expect(await stores.passwords.replace(userId, next, aPasswordHash(), now)).toBe(false);
      expect(await stores.passwords.replace(anId(), first, next, now)).toBe(false);
      expect(await stores.passwords.replace(userId, first, next, now)).toBe(true);
      expect(await stores.passwords.find(userId)).toBe(next);
    });

    test('of parallel changes from one password one succeeds', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const first = aPasswordHash();
      await stores.passwords.create({ id: anId(), userId, hash: first, now });
      const hashes = Array.from({ length: 20 }, aPasswordHash);
      const changes = await inParallel(20, (index) => stores.passwords.replace(userId, first, hashes[index]!, now));
      expect(winners(changes)).toBe(1);
      expect(await stores.passwords.find(userId)).toBe(hashes[changes.indexOf(true)]);
    });

    test('a reset sets the password whatever was there', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const ben = await givenUser(stores);
      for (const hash of [aPasswordHash(), aPasswordHash()]) {
        await stores.passwords.set({ id: anId(), userId, hash, now });
        expect(await stores.passwords.find(userId)).toBe(hash);
      }
      expect(await stores.passwords.find(ben.id)).toBeUndefined();
    });

    test('one that is removed is gone, and nobody else’s with it', async ({ stores }) => {
      const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
      const hash = aPasswordHash();
      for (const { id: userId } of [ada, ben]) await stores.passwords.create({ id: anId(), userId, hash, now });
      await stores.passwords.remove(ada.id);
      expect(await stores.passwords.find(ada.id)).toBeUndefined();
      expect((await stores.users.findForLogIn(ada.email))?.passwordHash).toBeNull();
      expect(await stores.passwords.find(ben.id)).toBe(hash);
    });
  });
};
