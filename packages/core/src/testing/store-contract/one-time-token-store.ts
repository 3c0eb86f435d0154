import { describe, expect } from 'vitest';
import { aDigest, address, anId, aOneTimeToken, givenUser, hour, minute, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

export const oneTimeTokenStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('one-time tokens', () => {
    test('a token is found by its digest, for its own purpose only', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const token = aOneTimeToken(userId, { codeDigest: aDigest() });
      const used = aOneTimeToken(userId, { usedAt: now, purpose: 'verify_email' });
      for (const made of [token, used]) await stores.oneTimeTokens.create(made);
      expect(await stores.oneTimeTokens.findByDigest('reset_password', token.digest)).toEqual(token);
      expect(await stores.oneTimeTokens.findByDigest('verify_email', used.digest)).toEqual(used);
      expect(await stores.oneTimeTokens.findByDigest('verify_email', token.digest)).toBeUndefined();
      expect(await stores.oneTimeTokens.findByDigest('reset_password', aDigest())).toBeUndefined();
    });

    test('of 50 parallel uses one succeeds', async ({ stores, atomically }) => {
      const { id: userId } = await givenUser(stores);
      const token = aOneTimeToken(userId);
      await stores.oneTimeTokens.create(token);
      const uses = await inParallel(50, async (index) => {
        if (index % 2 === 0) return stores.oneTimeTokens.consume(token.id, now);
        const used = await atomically(async (inside) => ({
          ok: true,
          value: await inside.oneTimeTokens.consume(token.id, now),
        }));
        return used.ok && used.value;
      });
      expect(winners(uses)).toBe(1);
      expect((await stores.oneTimeTokens.findByDigest(token.purpose, token.digest))?.usedAt).toBe(now);
    });

    test('a token works until its end and not at it', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const [early, late] = [aOneTimeToken(userId), aOneTimeToken(userId)];
      for (const token of [early, late]) await stores.oneTimeTokens.create(token);
      expect(await stores.oneTimeTokens.consume(early.id, early.expiresAt - 1)).toBe(true);
      expect(await stores.oneTimeTokens.consume(late.id, late.expiresAt)).toBe(false);
      expect(await stores.oneTimeTokens.consume(anId(), now)).toBe(false);
    });

    test('a consumption that is rolled back leaves the token usable', async ({ stores, atomically }) => {
      const { id: userId } = await givenUser(stores);
      const token = aOneTimeToken(userId);
      await stores.oneTimeTokens.create(token);
      await atomically(async (inside) => {
        expect(await inside.oneTimeTokens.consume(token.id, now)).toBe(true);
        return { ok: false, failure: { code: 'password_too_short' } };
      });
      expect(await stores.oneTimeTokens.consume(token.id, now)).toBe(true);
    });

    test('the newest with a code for an address is found, used or not', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const email = address('new@example.com');
      const verify = { purpose: 'verify_email', email } as const;
      const coded = () => ({ codeDigest: aDigest() });
      const older = aOneTimeToken(userId, { ...verify, ...coded(), createdAt: now });
      const newest = aOneTimeToken(userId, { ...verify, ...coded(), createdAt: now + minute, usedAt: now + hour });
      const withoutCode = aOneTimeToken(userId, { ...verify, createdAt: now + hour });
      const reset = aOneTimeToken(userId, { email, ...coded(), createdAt: now + hour });
      const elsewhere = aOneTimeToken(userId, { purpose: 'verify_email', ...coded(), createdAt: now + hour });
      for (const token of [newest, older, withoutCode, reset, elsewhere]) await stores.oneTimeTokens.create(token);
      expect(await stores.oneTimeTokens.findNewest('verify_email', email)).toEqual(newest);
      expect(await stores.oneTimeTokens.findNewest('undo_primary_email', email)).toBeUndefined();
    });

    test('parallel guesses of a code share its tries', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const token = aOneTimeToken(userId, { codeDigest: aDigest() });
      await stores.oneTimeTokens.create(token);
      expect(winners(await inParallel(50, () => stores.oneTimeTokens.takeCodeAttempt(token.id, 5)))).toBe(5);
      expect((await stores.oneTimeTokens.findByDigest(token.purpose, token.digest))?.codeAttempts).toBe(5);
      expect(await stores.oneTimeTokens.takeCodeAttempt(anId(), 5)).toBe(false);
    });

    test('the unused tokens of a purpose can be invalidated together, or those of one address', async ({ stores }) => {
      const ada = await givenUser(stores);
      const ben = await givenUser(stores);
      const email = address('other@example.com');
      const [first, second] = [aOneTimeToken(ada.id), aOneTimeToken(ada.id, { email })];
      const spared = [aOneTimeToken(ada.id, { purpose: 'verify_email' }), aOneTimeToken(ben.id)];
      const alreadyUsed = aOneTimeToken(ada.id, { usedAt: now - minute });
      for (const token of [first, second, alreadyUsed, ...spared]) await stores.oneTimeTokens.create(token);

      await stores.oneTimeTokens.invalidate(ada.id, 'reset_password', now, email);
      expect(await stores.oneTimeTokens.listUsable(ada.id, 'reset_password', now)).toEqual([first]);
      await stores.oneTimeTokens.invalidate(ada.id, 'reset_password', now);
      expect(await stores.oneTimeTokens.consume(first.id, now)).toBe(false);
      expect(await stores.oneTimeTokens.findByDigest(alreadyUsed.purpose, alreadyUsed.digest)).toEqual(alreadyUsed);
      for (const token of spared) expect(await stores.oneTimeTokens.consume(token.id, now)).toBe(true);
    });

    test('the usable ones are listed, newest first', async ({ stores }) => {
      const ada = await givenUser(stores);
      const ben = await givenUser(stores);
      const older = aOneTimeToken(ada.id, { createdAt: now - minute });
      const newer = aOneTimeToken(ada.id);
      const unusable = [
        aOneTimeToken(ada.id, { usedAt: now }),
        aOneTimeToken(ada.id, { expiresAt: now }),
        aOneTimeToken(ada.id, { purpose: 'verify_email' }),
        aOneTimeToken(ben.id),
      ];
      for (const token of [older, newer, ...unusable]) await stores.oneTimeTokens.create(token);
      expect(await stores.oneTimeTokens.listUsable(ada.id, 'reset_password', now)).toEqual([newer, older]);
    });

    test('a token is removed by its owner only', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const token = aOneTimeToken(userId);
      await stores.oneTimeTokens.create(token);
      expect(await stores.oneTimeTokens.remove(token.id, anId())).toBe(false);
      expect(await stores.oneTimeTokens.remove(token.id, userId)).toBe(true);
      expect(await stores.oneTimeTokens.remove(token.id, userId)).toBe(false);
    });
  });
};
