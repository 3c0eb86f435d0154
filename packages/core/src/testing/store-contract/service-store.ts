import { describe, expect } from 'vitest';
import type { Service } from '../../services/service.ts';
import { aDigest, anId, startOfTest as now, second } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

const aService = (change: Partial<Service> = {}): Service => ({
  id: anId(),
  name: 'notes',
  scopes: ['revocations:read'],
  createdAt: now,
  revokedAt: null,
  ...change,
});

export const serviceStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('services', () => {
    test('are found with the digest of their secret, as they were made', async ({ stores: { services } }) => {
      const one = aService({ name: '請求書 "invoices" \\ 😀', scopes: ['revocations:read', 'introspect'] });
      const other = aService({ scopes: [] });
      const [digest, another] = [aDigest(), aDigest()];
      await services.create(one, digest);
      await services.create(other, another);
      expect(await services.find(one.id)).toEqual({ service: one, digest });
      expect(await services.find(other.id)).toEqual({ service: other, digest: another });
      expect(await services.find(anId())).toBeUndefined();
    });

    test('are listed newest first, revoked ones too', async ({ stores: { services } }) => {
      expect(await services.list()).toEqual([]);
      const made = [0, 1, 2].map((index) => aService({ createdAt: now + index * second }));
      for (const service of made) await services.create(service, aDigest());
      expect(await services.revoke(made[1]!.id, now + 9)).toBe(true);
      expect(await services.list()).toEqual([made[2], { ...made[1]!, revokedAt: now + 9 }, made[0]]);
    });

    test('of 20 parallel revocations one revokes, and the time stays the first', async ({ stores: { services } }) => {
      const service = aService();
      await services.create(service, aDigest());
      expect(winners(await inParallel(20, () => services.revoke(service.id, now + 1)))).toBe(1);
      expect(await services.revoke(service.id, now + 2)).toBe(false);
      expect((await services.find(service.id))?.service).toEqual({ ...service, revokedAt: now + 1 });
    });

    test('nobody is revoked by an id that is not there, and nobody else by one that is', async ({ stores: { services } }) => {
      const [one, other] = [aService(), aService()];
      for (const service of [one, other]) await services.create(service, aDigest());
      expect(await services.revoke(anId(), now)).toBe(false);
      expect(await services.revoke(one.id, now)).toBe(true);
      expect((await services.find(other.id))?.service.revokedAt).toBeNull();
    });

    test('an id is used once', async ({ stores: { services } }) => {
      const service = aService();
      const digest = aDigest();
      await services.create(service, digest);
      await expect(services.create({ ...service, name: 'another' }, aDigest())).rejects.toThrow();
      expect(await services.find(service.id)).toEqual({ service, digest });
    });
  });
};
