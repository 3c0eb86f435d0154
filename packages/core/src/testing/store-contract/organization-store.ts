import { describe, expect } from 'vitest';
import type { Stores } from '../../deps.ts';
import type { Organization } from '../../organizations/organization.ts';
import { fail, ok } from '../../result.ts';
import { anId, anOrganization, givenUser, minute, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest } from './stores-under-test.ts';

export const organizationStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('organizations', () => {
    test('are found through their first member, with the role', async ({ stores }) => {
      const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
      const [first, second] = [anOrganization(), anOrganization({ name: '株式会社𠮷野' })];
      await stores.organizations.create(first, { userId: ada.id, role: 'user' });
      await stores.organizations.create(second, { userId: ben.id, role: 'owner' });
      expect(await stores.organizations.findMembership(ada.id)).toEqual({ organization: first, role: 'user' });
      expect(await stores.organizations.findMembership(ben.id)).toEqual({ organization: second, role: 'owner' });
    });

    test('a user may belong to none', async ({ stores }) => {
      const ada = await givenUser(stores);
      await stores.organizations.create(anOrganization(), { userId: (await givenUser(stores)).id, role: 'user' });
      expect(await stores.organizations.findMembership(ada.id)).toBeUndefined();
      expect(await stores.organizations.findMembership(anId())).toBeUndefined();
    });

    test('two may have one name', async ({ stores }) => {
      const users = await inParallel(5, () => givenUser(stores));
      const made = await inParallel(5, async (index) => {
        const organization = anOrganization({ name: 'Analytical Engines' });
        await stores.organizations.create(organization, { userId: users[index]!.id, role: 'user' });
        return organization;
      });
      for (const [index, organization] of made.entries()) {
        expect((await stores.organizations.findMembership(users[index]!.id))?.organization).toEqual(organization);
      }
    });

    test('of several the user belongs to the one that was joined first', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const later = anOrganization({ createdAt: now + minute });
      const earlier = anOrganization({ createdAt: now });
      for (const organization of [later, earlier]) await stores.organizations.create(organization, { userId, role: 'user' });
      expect((await stores.organizations.findMembership(userId))?.organization).toEqual(earlier);
    });

    test('none is left without a member: with a user that is not there, nothing is made', async ({ stores }) => {
      const organization = anOrganization();
      await expect(stores.organizations.create(organization, { userId: anId(), role: 'user' })).rejects.toThrow();
      await expectNotThere(stores, organization, (await givenUser(stores)).id);
    });

    test('none is left by a transaction that failed', async ({ stores, atomically }) => {
      const [organization, { id: userId }] = [anOrganization(), await givenUser(stores)];
      await atomically(async (inside) => {
        await inside.organizations.create(organization, { userId, role: 'user' });
        expect(await inside.organizations.findMembership(userId)).toMatchObject({ organization });
        return fail('email_taken');
      });
      await expectNotThere(stores, organization, userId);
    });

    test('an id is used once', async ({ stores }) => {
      const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
      const organization = anOrganization();
      await stores.organizations.create(organization, { userId: ada.id, role: 'user' });
      const again = { ...organization, name: 'Another' };
      await expect(stores.organizations.create(again, { userId: ben.id, role: 'owner' })).rejects.toThrow();
      expect(await stores.organizations.findMembership(ada.id)).toEqual({ organization, role: 'user' });
      expect(await stores.organizations.findMembership(ben.id)).toBeUndefined();
    });

    test('a role is changed in the organization that is meant, and nowhere else', async ({
      stores: { organizations, ...stores },
    }) => {
      const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
      const [first, second] = [anOrganization(), anOrganization()];
      await organizations.create(first, { userId: ada.id, role: 'user' });
      await organizations.create(second, { userId: ben.id, role: 'user' });
      expect(await organizations.changeRole(ada.id, first.id, 'admin', now)).toBe(true);
      expect(await organizations.findMembership(ada.id)).toEqual({ organization: first, role: 'admin' });
      expect(await organizations.findSettledMembership(ada.id)).toEqual({ organization: first, role: 'admin' });
      expect(await organizations.findMembership(ben.id)).toMatchObject({ role: 'user' });
    });

    test('nobody gets a role where they are no member', async ({ stores }) => {
      const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
      const [first, second] = [anOrganization(), anOrganization()];
      await stores.organizations.create(first, { userId: ada.id, role: 'user' });
      await stores.organizations.create(second, { userId: ben.id, role: 'user' });
      expect(await stores.organizations.changeRole(ada.id, second.id, 'owner', now)).toBe(false);
      expect(await stores.organizations.changeRole(anId(), first.id, 'owner', now)).toBe(false);
      expect(await stores.organizations.changeRole(ada.id, anId(), 'owner', now)).toBe(false);
      expect(await stores.organizations.findMembership(ada.id)).toMatchObject({ role: 'user' });
      expect(await stores.organizations.findSettledMembership(anId())).toBeUndefined();
    });

    test('a role whose change failed is as before', async ({ stores, atomically }) => {
      const [organization, { id: userId }] = [anOrganization(), await givenUser(stores)];
      await stores.organizations.create(organization, { userId, role: 'user' });
      await atomically(async (inside) => {
        expect(await inside.organizations.changeRole(userId, organization.id, 'owner', now)).toBe(true);
        expect(await inside.organizations.findMembership(userId)).toMatchObject({ role: 'owner' });
        return fail('membership_not_found');
      });
      expect(await stores.organizations.findMembership(userId)).toMatchObject({ role: 'user' });
    });

    test('while a role is changing, the settled one is what comes of it', async ({ stores, atomically }) => {
      const [organization, { id: userId }] = [anOrganization(), await givenUser(stores)];
      await stores.organizations.create(organization, { userId, role: 'user' });
      const changed = Promise.withResolvers<void>();
      let isOver = false;
      const changing = atomically(async (inside) => {
        await inside.organizations.changeRole(userId, organization.id, 'admin', now);
        changed.resolve();
        // Time for a reader that does not wait to be wrong.
        await new Promise((resolve) => setTimeout(resolve, 100));
        isOver = true;
        return ok(undefined);
      });
      await changed.promise;
      const settled = await stores.organizations.findSettledMembership(userId);
      expect({ isOver, role: settled?.role }).toEqual({ isOver: true, role: 'admin' });
      await changing;
    });

    test('a membership goes with its user', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      await stores.organizations.create(anOrganization(), { userId, role: 'user' });
      await stores.users.delete(userId);
      expect(await stores.organizations.findMembership(userId)).toBeUndefined();
    });
  });
};

/** Nothing of it is left: neither a row of its id, nor a membership. */
const expectNotThere = async ({ organizations }: Pick<Stores, 'organizations'>, organization: Organization, userId: string) => {
  expect(await organizations.findMembership(userId)).toBeUndefined();
  await organizations.create(organization, { userId, role: 'user' });
  expect(await organizations.findMembership(userId)).toEqual({ organization, role: 'user' });
};
