import { describe, expect } from 'vitest';
import type { ClaimedMessage, Outbox } from '../../deps.ts';
import type { MailRequest } from '../../mail/mail.ts';
import { address, aResetMail, minute, startOfTest as now, second } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

const lease = 60;

const givenMail = async (outbox: Outbox, count: number): Promise<void> => {
  for (let index = 0; index < count; index += 1) await outbox.add(aResetMail(`person-${index}@example.com`), now + index);
};

const recipients = (claimed: ClaimedMessage[]): string[] => claimed.map(({ message }) => message.to);

export const outboxContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('the outbox', () => {
    test('gives each message as it was added, the ones due longest first', async ({ stores: { outbox } }) => {
      const mail = aResetMail('ada@example.com');
      const request: MailRequest = {
        kind: 'reset_requested',
        to: address('ben@example.com'),
        locale: 'ja',
        ttlSeconds: 1,
        verifyTtlSeconds: 2,
      };
      await outbox.add(request, now + 1);
      await outbox.add(mail, now);
      const claimed = await outbox.claim(10, lease, now + 1);
      expect(claimed).toMatchObject([
        { message: mail, attempts: 1, createdAt: now },
        { message: request, attempts: 1, createdAt: now + 1 },
      ]);
      expect(new Set(claimed.map(({ id }) => id)).size).toBe(2);
    });

    test('gives no more than asked for, and nothing before it is due', async ({ stores: { outbox } }) => {
      await givenMail(outbox, 5);
      expect(await outbox.claim(10, lease, now - 1)).toEqual([]);
      expect(recipients(await outbox.claim(2, lease, now + minute))).toEqual(['person-0@example.com', 'person-1@example.com']);
      expect(await outbox.claim(10, lease, now + minute)).toHaveLength(3);
    });

    test('parallel workers never share a message and miss none', async ({ stores: { outbox } }) => {
      await givenMail(outbox, 40);
      const claims = await inParallel(3, async () => {
        const mine: ClaimedMessage[] = [];
        // A bounded number of turns, so that a store that gives messages twice fails the test and does not hang it.
        for (let turn = 0; turn < 20; turn += 1) mine.push(...(await outbox.claim(4, lease, now + minute)));
        return mine;
      });
      const all = claims.flat();
      expect(all).toHaveLength(40);
      expect(new Set(recipients(all)).size).toBe(40);
    });

    test('a message whose worker died is claimed again after its lease, and the attempts are counted', async ({
      stores: { outbox },
    }) => {
      await givenMail(outbox, 1);
      const [first] = await outbox.claim(1, lease, now);
      expect(await outbox.claim(1, lease, now + lease * second - 1)).toEqual([]);
      expect(await outbox.claim(1, lease, now + lease * second)).toEqual([{ ...first, attempts: 2 }]);
    });

    test('a message that failed is due again when said, and not at all when given up', async ({ stores: { outbox } }) => {
      await givenMail(outbox, 1);
      const [first] = await outbox.claim(1, lease, now);
      await outbox.markFailed(first!, 'connection refused', now + 5 * second, now);
      expect(await outbox.claim(1, lease, now + 5 * second - 1)).toEqual([]);
      const [again] = await outbox.claim(1, lease, now + 5 * second);
      expect(again).toMatchObject({ id: first?.id, attempts: 2 });
      await outbox.markFailed(again!, 'no such mailbox', null, now);
      expect(await outbox.claim(1, lease, now + 365 * 24 * 60 * minute)).toEqual([]);
      expect(await outbox.backlog(now)).toEqual({ waiting: 0, oldestSeconds: 0 });
    });

    test('a worker whose lease was taken over cannot put off what another one has in hand, but what it has sent is sent', async ({
      stores: { outbox },
    }) => {
      await givenMail(outbox, 1);
      const [late] = await outbox.claim(1, lease, now);
      const [current] = await outbox.claim(1, lease, now + lease * second);
      await outbox.markFailed(late!, 'too late', null, now + lease * second);
      await outbox.markFailed(late!, 'too late', now, now + lease * second);
      expect(await outbox.claim(1, lease, now + 2 * lease * second - 1)).toEqual([]);
      expect((await outbox.backlog(now)).waiting).toBe(1);
      await outbox.markSent(late!.id, now, false);
      await outbox.markFailed(current!, 'refused as a duplicate', now, now);
      expect(await outbox.claim(1, lease, now + 60 * minute)).toEqual([]);
    });

    test('a message that waits for its retry delays no other', async ({ stores: { outbox } }) => {
      await givenMail(outbox, 2);
      const [first] = await outbox.claim(1, lease, now + minute);
      await outbox.markFailed(first!, 'mailbox full', now + 60 * minute, now);
      expect(recipients(await outbox.claim(5, lease, now + minute))).toEqual(['person-1@example.com']);
    });

    test('a sent message is never claimed again, and a late failure does not bring it back', async ({ stores: { outbox } }) => {
      await givenMail(outbox, 1);
      const [claimed] = await outbox.claim(1, lease, now);
      await outbox.markSent(claimed!.id, now, false);
      await outbox.markFailed(claimed!, 'a worker whose lease had ended', now, now);
      expect(await outbox.claim(1, lease, now + 60 * minute)).toEqual([]);
      expect(await outbox.listKept(10)).toEqual([]);
    });

    test('the development mailbox lists what was sent and kept, newest first', async ({ stores: { outbox } }) => {
      await givenMail(outbox, 4);
      const claimed = await outbox.claim(3, lease, now + minute);
      for (const [index, { id }] of claimed.entries()) await outbox.markSent(id, now + minute, index !== 1);
      expect(await outbox.listKept(10)).toEqual([
        { id: claimed[2]?.id, mail: aResetMail('person-2@example.com'), createdAt: now + 2 },
        { id: claimed[0]?.id, mail: aResetMail('person-0@example.com'), createdAt: now },
      ]);
      expect(await outbox.listKept(1)).toHaveLength(1);
    });

    test('an answered request is gone, and one of those who answer it is the one', async ({ stores: { outbox } }) => {
      await givenMail(outbox, 1);
      const [claimed] = await outbox.claim(1, lease, now);
      expect(winners(await inParallel(3, () => outbox.remove(claimed!.id)))).toBe(1);
      expect(await outbox.claim(1, lease, now + 60 * minute)).toEqual([]);
      expect(await outbox.listKept(10)).toEqual([]);
    });

    test('of an account that is gone no mail is left, waiting, claimed or kept; that of others stays', async ({
      stores: { outbox },
    }) => {
      for (let each = 0; each < 3; each += 1) await outbox.add(aResetMail('ada@example.com'), now + each);
      await outbox.add(aResetMail('ben@example.com'), now + 3);
      const [kept] = await outbox.claim(2, lease, now + minute);
      await outbox.markSent(kept!.id, now + minute, true);
      await outbox.removeAllTo(address('ada@example.com'));
      expect(await outbox.listKept(10)).toEqual([]);
      expect(recipients(await outbox.claim(5, lease, now + 60 * minute))).toEqual(['ben@example.com']);
    });

    test('the backlog counts what is not sent yet, claimed or not, and the age of the oldest', async ({ stores: { outbox } }) => {
      expect(await outbox.backlog(now)).toEqual({ waiting: 0, oldestSeconds: 0 });
      await givenMail(outbox, 3);
      const [claimed] = await outbox.claim(1, lease, now);
      expect(await outbox.backlog(now + 90 * second)).toEqual({ waiting: 3, oldestSeconds: 90 });
      await outbox.markSent(claimed!.id, now, false);
      expect(await outbox.backlog(now + 90 * second)).toEqual({ waiting: 2, oldestSeconds: 89 });
    });

    test('mail of a transaction that was rolled back is never sent', async ({ stores: { outbox }, atomically }) => {
      await atomically(async (inside) => {
        await inside.outbox.add(aResetMail('ada@example.com'), now);
        return { ok: false, failure: { code: 'email_taken' } };
      });
      expect(await outbox.claim(10, lease, now + minute)).toEqual([]);
    });
  });
};
