import { describe, expect } from 'vitest';
import { aDigest, anId, aOneTimeToken, aResetMail, aSession, day, givenUser, minute, startOfTest as now } from '../test-data.ts';
import { type OpenStores, storeTest } from './stores-under-test.ts';

export const purgeStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('purging', () => {
    test('removes sessions that ended or ended absolutely before the time, a batch at a time, and no live one', async ({
      stores: { purge, sessions },
    }) => {
      const live = aSession(anId());
      const justEnded = aSession(anId(), { endedAt: now, endReason: 'logged_out' });
      const gone = [
        ...Array.from({ length: 3 }, () => aSession(anId(), { endedAt: now - 1, endReason: 'logged_out' })),
        ...Array.from({ length: 2 }, () => aSession(anId(), { expiresAt: now - day, absoluteExpiresAt: now - 1 })),
      ];
      for (const session of [live, justEnded, ...gone]) await sessions.create(session, 10);
      expect([await purge.sessions(now, 4), await purge.sessions(now, 4), await purge.sessions(now, 4)]).toEqual([4, 1, 0]);
      for (const { id, userId } of gone) expect(await sessions.find(id, userId)).toBeUndefined();
      expect(await sessions.find(live.id, live.userId)).toEqual(live);
      expect(await sessions.find(justEnded.id, justEnded.userId)).toEqual(justEnded);
    });

    test('removes one-time tokens that expired before the time, used or not', async ({ stores }) => {
      const { id } = await givenUser(stores);
      const usable = aOneTimeToken(id, { expiresAt: now });
      const dead = [aOneTimeToken(id, { expiresAt: now - 1 }), aOneTimeToken(id, { expiresAt: now - 1, usedAt: now - day })];
      for (const token of [usable, ...dead]) await stores.oneTimeTokens.create({ ...token, digest: aDigest() });
      expect([await stores.purge.oneTimeTokens(now, 10), await stores.purge.oneTimeTokens(now, 10)]).toEqual([2, 0]);
      expect(await stores.oneTimeTokens.listUsable(id, usable.purpose, now - 1)).toHaveLength(1);
    });

    test('removes failures that nobody has added to since', async ({ stores: { purge, lockouts } }) => {
      const failed = (subject: string, source: string, updatedAt: number) =>
        lockouts.change(subject, source, () => ({ failures: 1, locks: 0, lockedUntil: null, updatedAt }));
      await failed('ada', '', now - 1);
      await failed('ada', 'device', now);
      await failed('ben', '', now - day);
      expect([await purge.lockouts(now, 1), await purge.lockouts(now, 5), await purge.lockouts(now, 5)]).toEqual([1, 1, 0]);
      const left: boolean[] = [];
      for (const source of ['', 'device']) {
        await lockouts.change('ada', source, (before) => {
          left.push(before !== undefined);
          return undefined;
        });
      }
      expect(left).toEqual([false, true]);
    });

    test('removes mails that were sent or given up before the time, kept bodies too, and none that waits', async ({
      stores: { purge, outbox },
    }) => {
      for (let each = 0; each < 4; each += 1) await outbox.add(aResetMail(`person-${each}@example.com`), now - day + each);
      const [sent, kept, givenUp, retried] = await outbox.claim(4, 60, now - day + minute);
      await outbox.markSent(sent!.id, now - 1, false);
      await outbox.markSent(kept!.id, now, true);
      await outbox.markFailed(givenUp!, 'no such mailbox', null, now - 1);
      await outbox.markFailed(retried!, 'try later', now, now - 1);
      expect([await purge.mails(now, 10), await purge.mails(now, 10)]).toEqual([2, 0]);
      expect(await outbox.listKept(10)).toHaveLength(1);
      expect(await outbox.claim(10, 60, now)).toMatchObject([{ id: retried?.id }]);
    });

    test('removes audit events from before the time', async ({ stores: { purge, audit } }) => {
      for (const at of [now - day, now - 1, now, now + 1]) await audit.add({ type: 'user.updated', userId: anId() }, at);
      expect([await purge.auditEvents(now, 1), await purge.auditEvents(now, 5), await purge.auditEvents(now, 5)]).toEqual([
        1, 1, 0,
      ]);
      expect(await purge.auditEvents(now + day, 5)).toBe(2);
    });

    test('removes marks of what might have been used again until now', async ({ stores: { purge, singleUse } }) => {
      for (const expiresAt of [now - 2, now - 1, now + 1]) await singleUse.claim(anId(), expiresAt, now - day);
      expect([await purge.singleUseMarks(now, 1), await purge.singleUseMarks(now, 5)]).toEqual([1, 1]);
    });
  });
};
