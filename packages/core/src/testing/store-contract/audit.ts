import { describe, expect } from 'vitest';
import { anId, minute, startOfTest as now } from '../test-data.ts';
import { type OpenStores, storeTest } from './stores-under-test.ts';

export const auditContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('the audit log', () => {
    test('gives back what was added, the newest first, and what was left out as null', async ({ stores: { audit } }) => {
      const [userId, sessionId] = [anId(), anId()];
      await audit.add({ type: 'session.started', userId, sessionId, ipAddress: '192.0.2.7' }, now);
      await audit.add({ type: 'service.added', reason: 'svc' }, now + 1);
      expect(await audit.list({ limit: 10 })).toEqual([
        {
          id: expect.any(String),
          at: now + 1,
          type: 'service.added',
          userId: null,
          sessionId: null,
          ipAddress: null,
          reason: 'svc',
        },
        { id: expect.any(String), at: now, type: 'session.started', userId, sessionId, ipAddress: '192.0.2.7', reason: null },
      ]);
      expect(await audit.list({ limit: 1 })).toMatchObject([{ type: 'service.added' }]);
    });

    test('gives those of one user, of some types, from a time on: all conditions together', async ({ stores: { audit } }) => {
      const [ada, ben] = [anId(), anId()];
      for (const [userId, at] of [
        [ada, now],
        [ben, now],
        [ada, now + minute],
      ] as const) {
        await audit.add({ type: 'session.started', userId }, at);
        await audit.add({ type: 'password.changed', userId }, at);
      }
      expect(await audit.list({ limit: 10, userId: ada })).toHaveLength(4);
      expect(await audit.list({ limit: 10, userId: anId() })).toEqual([]);
      expect(await audit.list({ limit: 10, since: now + 1 })).toHaveLength(2);
      expect(await audit.list({ limit: 10, since: now + minute })).toHaveLength(2);
      expect(await audit.list({ limit: 10, types: ['password.changed', 'password.reset'] })).toHaveLength(3);
      expect(await audit.list({ limit: 10, types: [] })).toEqual([]);
      const one = await audit.list({ limit: 10, userId: ada, since: now + 1, types: ['password.changed'] });
      expect(one).toMatchObject([{ userId: ada, at: now + minute, type: 'password.changed' }]);
    });
  });
};
