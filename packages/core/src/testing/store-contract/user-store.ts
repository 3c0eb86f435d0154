import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ok } from '../../result.ts';
import type { User, UserStatus } from '../../users/user.ts';
import {
  address,
  anId,
  aOneTimeToken,
  aPasswordHash,
  aSession,
  aUser,
  aUserEmail,
  givenUser,
  minute,
  startOfTest as now,
} from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

const statuses: UserStatus[] = ['active', 'pending', 'suspended', 'deactivated'];

export const userStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('users', () => {
    test('a user is found by id and by each of its addresses, always with the primary one', async ({ stores }) => {
      const { emailId, ...ada } = await givenUser(stores, { avatarUrl: 'https://example.com/ada.png', locale: 'ja' });
      const secondary = aUserEmail(ada.id);
      await stores.emails.add(secondary);
      await givenUser(stores);

      expect(await stores.users.find(ada.id)).toEqual(ada);
      expect(await stores.users.findByEmail(ada.email)).toEqual(ada);
      expect(await stores.users.findByEmail(secondary.email)).toEqual(ada);
      expect((await stores.users.findForLogIn(secondary.email))?.user).toEqual(ada);
    });

    test('nobody is found where nobody is', async ({ stores }) => {
      await givenUser(stores);
      expect(await stores.users.find(anId())).toBeUndefined();
      expect(await stores.users.findByEmail(address('nobody@example.com'))).toBeUndefined();
      expect(await stores.users.findForLogIn(address('nobody@example.com'))).toBeUndefined();
    });

    test('an unverified primary address is told as unverified', async ({ stores }) => {
      const ada = await givenUser(stores, { emailVerified: false, status: 'pending' });
      expect(await stores.users.find(ada.id)).toMatchObject({ emailVerified: false, status: 'pending' });
    });

    test('log-in reads the password hash along, or null where there is no password', async ({ stores }) => {
      const ada = await givenUser(stores);
      expect(await stores.users.findForLogIn(ada.email)).toMatchObject({ user: { id: ada.id }, passwordHash: null });
      const hash = aPasswordHash();
      await stores.passwords.create({ id: anId(), userId: ada.id, hash, now });
      expect(await stores.users.findForLogIn(ada.email)).toMatchObject({ user: { id: ada.id }, passwordHash: hash });
    });

    test('a change of the profile touches what it names and nothing else', async ({ stores }) => {
      const ada = await givenUser(stores, { avatarUrl: 'https://example.com/ada.png' });
      const later = now + minute;
      const { avatarUrl, email } = ada;
      expect(await stores.users.update(ada.id, { name: 'Ada' }, later)).toMatchObject({ name: 'Ada', avatarUrl, email });
      expect(await stores.users.update(ada.id, { avatarUrl: null }, later)).toMatchObject({
        name: 'Ada',
        avatarUrl: null,
        createdAt: now,
        updatedAt: later,
      });
      expect(await stores.users.update(anId(), { name: 'Nobody' }, later)).toBeUndefined();
    });

    test('each status is read as it was written', async ({ stores }) => {
      for (const status of statuses) {
        const { id } = await givenUser(stores, { status });
        expect((await stores.users.find(id))?.status).toBe(status);
      }
    });

    test('verification wakes a pending user once', async ({ stores }) => {
      const { id } = await givenUser(stores, { status: 'pending' });
      expect(winners(await inParallel(20, () => stores.users.activatePending(id, now)))).toBe(1);
      expect((await stores.users.find(id))?.status).toBe('active');
    });

    test('verification never wakes a suspended or deactivated user, nor one who is active or gone', async ({ stores }) => {
      for (const status of ['suspended', 'deactivated', 'active'] as const) {
        const { id } = await givenUser(stores, { status });
        expect(await stores.users.activatePending(id, now)).toBe(false);
        expect((await stores.users.find(id))?.status).toBe(status);
      }
      expect(await stores.users.activatePending(anId(), now)).toBe(false);
    });

    test('a user who was active once and is no longer is not pending again', async ({ stores }) => {
      const { id } = await givenUser(stores, { status: 'pending' });
      await stores.users.activatePending(id, now);
      await stores.users.setStatus(id, 'suspended', now);
      expect(await stores.users.activatePending(id, now)).toBe(false);
      expect((await stores.users.find(id))?.status).toBe('suspended');
    });

    test('an operator can move a user between any two states', async ({ stores }) => {
      const { id } = await givenUser(stores);
      for (const from of statuses) {
        for (const to of statuses) {
          expect(await stores.users.setStatus(id, from, now)).toBe(true);
          expect(await stores.users.setStatus(id, to, now)).toBe(true);
          expect((await stores.users.find(id))?.status).toBe(to);
        }
      }
      expect(await stores.users.setStatus(anId(), 'active', now)).toBe(false);
    });

    it('whatever happens to a user, the state is the one the rules give', async () => {
      const { stores, close } = await open();
      const change = fc.oneof(fc.record({ to: fc.constantFrom(...statuses) }), fc.record({ verify: fc.constant(true as const) }));
      const history = fc.tuple(fc.constantFrom(...statuses), fc.array(change, { maxLength: 8 }));
      try {
        await fc.assert(
          fc.asyncProperty(history, async ([first, changes]) => {
            const { id } = await givenUser(stores, { status: first });
            let expected = first;
            for (const step of changes) {
              if ('to' in step) {
                await stores.users.setStatus(id, step.to, now);
                expected = step.to;
              } else {
                expect(await stores.users.activatePending(id, now)).toBe(expected === 'pending');
                if (expected === 'pending') expected = 'active';
              }
              expect((await stores.users.find(id))?.status).toBe(expected);
            }
          }),
          { numRuns: 25 },
        );
      } finally {
        await close();
      }
    });

    test('closing an account leaves nothing of it, and nothing of others is touched', async ({ stores }) => {
      const ada = await givenUser(stores);
      const ben = await givenUser(stores);
      const secondary = aUserEmail(ada.id);
      const token = aOneTimeToken(ada.id);
      const bensHash = aPasswordHash();
      await stores.emails.add(secondary);
      await stores.passwords.create({ id: anId(), userId: ada.id, hash: aPasswordHash(), now });
      await stores.passwords.create({ id: anId(), userId: ben.id, hash: bensHash, now });
      await stores.oneTimeTokens.create(token);

      await stores.users.delete(ada.id);

      expect(await stores.users.find(ada.id)).toBeUndefined();
      expect(await stores.users.findByEmail(ada.email)).toBeUndefined();
      expect(await stores.users.findForLogIn(secondary.email)).toBeUndefined();
      expect(await stores.emails.list(ada.id)).toEqual([]);
      expect(await stores.passwords.find(ada.id)).toBeUndefined();
      expect(await stores.oneTimeTokens.findByDigest(token.purpose, token.digest)).toBeUndefined();
      expect(await stores.users.findForLogIn(ben.email)).toMatchObject({ user: { id: ben.id }, passwordHash: bensHash });
      expect(await stores.emails.add(aUserEmail(ben.id, { email: ada.email }))).toBe(true);
    });

    test('transactions that lock the same user first come one after another, and none is lost', async ({
      stores,
      atomically,
    }) => {
      const { id } = await givenUser(stores, { name: '0' });
      await inParallel(20, () =>
        atomically(async (inside) => {
          expect(await inside.users.lock(id)).toBe(true);
          const before = (await inside.users.find(id))!;
          await inside.users.update(id, { name: String(Number(before.name) + 1) }, now);
          return ok(undefined);
        }),
      );
      expect((await stores.users.find(id))?.name).toBe('20');
    });

    test('what waited for a user finds what was changed meanwhile: a session to end, another password, nobody', async ({
      stores,
      atomically,
    }) => {
      const { id } = await givenUser(stores);
      const [old, next] = [aPasswordHash(), aPasswordHash()];
      await stores.passwords.create({ id: anId(), userId: id, hash: old, now });
      const locked = Promise.withResolvers<void>();
      const mayCommit = Promise.withResolvers<void>();
      const first = atomically(async (inside) => {
        await inside.users.lock(id);
        locked.resolve();
        await inside.sessions.create(aSession(id), 10);
        await inside.passwords.replace(id, old, next, now);
        await mayCommit.promise;
        return ok(undefined);
      });
      await locked.promise;
      const second = atomically(async (inside) => {
        await inside.users.lock(id);
        const hash = await inside.passwords.find(id);
        return ok({ hash, ended: await inside.sessions.endAll(id, 'password_changed', now) });
      });
      mayCommit.resolve();
      await first;
      expect(await second).toEqual(ok({ hash: next, ended: 1 }));
      expect(await stores.sessions.listLive(id, now)).toEqual([]);
      expect(await stores.users.lock(anId())).toBe(false);
    });

    test('an id exists once', async ({ stores }) => {
      const { id } = await givenUser(stores);
      await expect(stores.users.create(aUser({ id }))).rejects.toThrow();
    });

    test('the list is newest first and goes on after the last one seen', async ({ stores }) => {
      const users: User[] = [];
      for (let index = 0; index < 5; index += 1) users.unshift(await givenUser(stores, { createdAt: now + index }));
      const ids = users.map((user) => user.id);
      const page = async (before?: string) =>
        (await stores.users.list({ limit: 2, ...(before && { before }) })).map((user) => user.id);
      expect(await page()).toEqual(ids.slice(0, 2));
      expect(await page(ids[1])).toEqual(ids.slice(2, 4));
      expect(await page(ids[3])).toEqual(ids.slice(4));
    });

    test('the list can be searched by part of a name or of any address, and takes every character as it is', async ({
      stores,
    }) => {
      const ada = await givenUser(stores, { name: 'Ada Lovelace', email: address('ada@example.com') });
      const ren = await givenUser(stores, { name: '山田 蓮 100%_\\', email: address('ren_y@example.org') });
      await stores.emails.add(aUserEmail(ren.id, { email: address('work@yamada.example') }));
      const found = async (search: string) => (await stores.users.list({ limit: 10, search })).map((user) => user.id);
      expect(await found('love')).toEqual([ada.id]);
      expect(await found('LOVE')).toEqual([ada.id]);
      expect(await found('Ada@Exam')).toEqual([ada.id]);
      expect(await found('田 蓮')).toEqual([ren.id]);
      expect(await found('yamada.ex')).toEqual([ren.id]);
      expect(await found('%')).toEqual([ren.id]);
      expect(await found('_')).toEqual([ren.id]);
      expect(await found('\\')).toEqual([ren.id]);
      expect(await found("' or 1=1 --")).toEqual([]);
      expect(await found('')).toEqual([ren.id, ada.id]);
    });
  });
};
