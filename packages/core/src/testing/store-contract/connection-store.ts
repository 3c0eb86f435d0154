import { describe, expect } from 'vitest';
import { fail, ok } from '../../result.ts';
import { aConnection, address, anId, givenUser, minute, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

export const connectionStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('connections', () => {
    test('are found by provider and subject together, and listed in the order they were made', async ({ stores }) => {
      const ada = await givenUser(stores);
      const github = aConnection(ada.id, { provider: 'github', createdAt: now + minute, sealedTokens: 'v1.sealed', email: null });
      const google = aConnection(ada.id);
      for (const connection of [github, google]) expect(await stores.connections.add(connection)).toBe(true);
      expect(await stores.connections.list(ada.id)).toEqual([google, github]);
      expect(await stores.connections.find('github', github.providerUserId)).toEqual(github);
      expect(await stores.connections.find('google', github.providerUserId)).toBeUndefined();
      expect(await stores.connections.list(anId())).toEqual([]);
    });

    test('of parallel claims of one account at a provider one succeeds, and the others are no error', async ({ stores }) => {
      const users = await inParallel(10, () => givenUser(stores));
      const providerUserId = 'https://accounts.google.com 1';
      const added = await Promise.all(users.map(({ id }) => stores.connections.add(aConnection(id, { providerUserId }))));
      expect(winners(added)).toBe(1);
      expect((await stores.connections.find('google', providerUserId))?.userId).toBe(users[added.indexOf(true)]?.id);
    });

    test('a user has one of each provider', async ({ stores }) => {
      const ada = await givenUser(stores);
      expect(winners(await inParallel(10, () => stores.connections.add(aConnection(ada.id))))).toBe(1);
      expect(await stores.connections.add(aConnection(ada.id, { provider: 'github' }))).toBe(true);
    });

    test('a lost claim does not spoil the transaction it was made in', async ({ stores, atomically }) => {
      const ada = await givenUser(stores);
      const taken = aConnection(ada.id);
      await stores.connections.add(taken);
      await atomically(async (inside) => {
        expect(await inside.connections.add(aConnection(ada.id, { providerUserId: taken.providerUserId }))).toBe(false);
        await inside.users.update(ada.id, { name: 'Ada' }, now);
        return ok(undefined);
      });
      expect((await stores.users.find(ada.id))?.name).toBe('Ada');
    });

    test('one that a failed transaction made or removed is as before', async ({ stores, atomically }) => {
      const ada = await givenUser(stores);
      const kept = aConnection(ada.id);
      await stores.connections.add(kept);
      await atomically(async (inside) => {
        await inside.connections.removeAll(ada.id);
        await inside.connections.add(aConnection(ada.id, { provider: 'github' }));
        return fail('lost_race');
      });
      expect(await stores.connections.list(ada.id)).toEqual([kept]);
    });

    test('keep what the provider said last', async ({ stores }) => {
      const ada = await givenUser(stores);
      const connection = aConnection(ada.id, { sealedTokens: 'v1.old' });
      await stores.connections.add(connection);
      const said = { email: address('new@example.com'), sealedTokens: null };
      await stores.connections.update(connection.id, said, now + minute);
      expect(await stores.connections.list(ada.id)).toEqual([{ ...connection, ...said, updatedAt: now + minute }]);
    });

    test('are removed by their owner only, once, and are free again', async ({ stores }) => {
      const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
      const connection = aConnection(ada.id);
      await stores.connections.add(connection);
      expect(await stores.connections.remove(ben.id, 'google')).toBe(false);
      expect(await stores.connections.remove(ada.id, 'github')).toBe(false);
      expect(winners(await inParallel(10, () => stores.connections.remove(ada.id, 'google')))).toBe(1);
      expect(await stores.connections.add(aConnection(ben.id, { providerUserId: connection.providerUserId }))).toBe(true);
    });

    test('go with their user, and all at once', async ({ stores }) => {
      const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
      const connections = ['google', 'github'].map((provider) => aConnection(ada.id, { provider }));
      for (const connection of [...connections, aConnection(ben.id)]) await stores.connections.add(connection);
      await stores.connections.removeAll(ada.id);
      expect(await stores.connections.list(ada.id)).toEqual([]);
      await stores.users.delete(ben.id);
      expect(await stores.connections.list(ben.id)).toEqual([]);
    });
  });
};
