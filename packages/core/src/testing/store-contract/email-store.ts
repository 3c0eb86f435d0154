import { describe, expect } from 'vitest';
import { address, anId, aUserEmail, givenUser, minute, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

export const emailStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('addresses', () => {
    test('are listed as they were added, the primary one first', async ({ stores }) => {
      const ada = await givenUser(stores);
      const older = aUserEmail(ada.id, { createdAt: now - minute, verifiedAt: null });
      const newer = aUserEmail(ada.id, { createdAt: now + minute });
      expect(await stores.emails.add(newer)).toBe(true);
      expect(await stores.emails.add(older)).toBe(true);
      const [primary, ...others] = await stores.emails.list(ada.id);
      expect(primary).toMatchObject({ id: ada.emailId, email: ada.email, isPrimary: true });
      expect(others).toEqual([older, newer]);
      expect(await stores.emails.list(anId())).toEqual([]);
    });

    test('belong to one user: of parallel claims one succeeds, and a duplicate is no error', async ({ stores }) => {
      const email = address('wanted@example.com');
      const users = await inParallel(10, () => givenUser(stores));
      const claims = await Promise.all(users.map((user) => stores.emails.add(aUserEmail(user.id, { email }))));
      expect(winners(claims)).toBe(1);
      expect((await stores.users.findByEmail(email))?.id).toBe(users[claims.indexOf(true)]?.id);
      expect(await stores.emails.add(aUserEmail(users[0]!.id, { email }))).toBe(false);
    });

    test('a lost claim does not spoil the transaction it was made in', async ({ stores, atomically }) => {
      const ada = await givenUser(stores);
      const ben = await givenUser(stores);
      await atomically(async (inside) => {
        expect(await inside.emails.add(aUserEmail(ben.id, { email: ada.email }))).toBe(false);
        await inside.users.update(ben.id, { name: 'Ben' }, now);
        return { ok: true, value: undefined };
      });
      expect((await stores.users.find(ben.id))?.name).toBe('Ben');
    });

    test('a user has one primary address and cannot get a second by adding it', async ({ stores }) => {
      const ada = await givenUser(stores);
      await expect(stores.emails.add(aUserEmail(ada.id, { isPrimary: true }))).rejects.toThrow();
      expect(await stores.emails.list(ada.id)).toHaveLength(1);
    });

    test('are verified once; the first time stays', async ({ stores }) => {
      const ada = await givenUser(stores, { emailVerified: false });
      const ben = await givenUser(stores);
      expect(await stores.emails.markVerified(ada.id, ada.email, now)).toBe(true);
      expect(await stores.emails.markVerified(ada.id, ada.email, now + minute)).toBe(true);
      expect((await stores.emails.list(ada.id))[0]?.verifiedAt).toBe(now);
      expect(await stores.emails.markVerified(ben.id, ada.email, now)).toBe(false);
      expect(await stores.emails.markVerified(ada.id, address('gone@example.com'), now)).toBe(false);
    });

    test('only a verified address of their own becomes primary', async ({ stores }) => {
      const ada = await givenUser(stores);
      const ben = await givenUser(stores);
      const verified = aUserEmail(ada.id);
      const unverified = aUserEmail(ada.id, { verifiedAt: null });
      await stores.emails.add(verified);
      await stores.emails.add(unverified);

      expect(await stores.emails.setPrimary(ada.id, unverified.id, now)).toBe(false);
      expect(await stores.emails.setPrimary(ben.id, verified.id, now)).toBe(false);
      expect(await stores.emails.setPrimary(ada.id, anId(), now)).toBe(false);
      expect((await stores.users.find(ada.id))?.email).toBe(ada.email);
      expect((await stores.users.find(ben.id))?.email).toBe(ben.email);

      expect(await stores.emails.setPrimary(ada.id, verified.id, now)).toBe(true);
      expect(await stores.emails.setPrimary(ada.id, verified.id, now)).toBe(true);
      expect((await stores.users.find(ada.id))?.email).toBe(verified.email);
      expect((await stores.emails.list(ada.id)).map((own) => own.isPrimary)).toEqual([true, false, false]);
    });

    test('parallel changes of the primary address leave exactly one', async ({ stores }) => {
      const ada = await givenUser(stores);
      const others = Array.from({ length: 5 }, () => aUserEmail(ada.id));
      for (const other of others) await stores.emails.add(other);
      const changes = await inParallel(20, (index) => stores.emails.setPrimary(ada.id, others[index % 5]!.id, now));
      expect(winners(changes)).toBe(20);
      expect((await stores.emails.list(ada.id)).filter((own) => own.isPrimary)).toHaveLength(1);
    });

    test('a secondary one can be removed, by its owner only, and is free again', async ({ stores }) => {
      const ada = await givenUser(stores);
      const ben = await givenUser(stores);
      const secondary = aUserEmail(ada.id);
      await stores.emails.add(secondary);
      expect(await stores.emails.remove(ben.id, secondary.id)).toBe(false);
      expect(await stores.emails.remove(ada.id, ada.emailId)).toBe(false);
      expect(winners(await inParallel(10, () => stores.emails.remove(ada.id, secondary.id)))).toBe(1);
      expect(await stores.emails.list(ada.id)).toHaveLength(1);
      expect(await stores.emails.add(aUserEmail(ben.id, { email: secondary.email }))).toBe(true);
    });
  });
};
