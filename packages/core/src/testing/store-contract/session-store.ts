import { describe, expect } from 'vitest';
import { type Session, slidEnd } from '../../sessions/session.ts';
import { anId, aSession, day, givenUser, hour, minute, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, storeTest, winners } from './stores-under-test.ts';

const many = 100;

/** The next rotation of a session as it stands. */
const rotationOf = (session: Session, at = now + minute) => ({
  id: session.id,
  userId: session.userId,
  from: { generation: session.generation, refreshJti: session.refreshJti },
  to: { refreshJti: anId(), refreshKid: 'key-2' },
  now: at,
});

export const sessionStoreContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('sessions', () => {
    test('a session is found as it was made', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const plain = aSession(userId);
      const full = aSession(userId, {
        generation: 3,
        previousJti: anId(),
        successorSeen: false,
        userAgent: null,
        ipAddress: null,
        endedAt: now + 1,
        endReason: 'logged_out',
      });
      expect(await stores.sessions.create(plain, many)).toEqual([]);
      expect(await stores.sessions.create(full, many)).toEqual([]);
      expect(await stores.sessions.find(plain.id, plain.userId)).toEqual(plain);
      expect(await stores.sessions.find(full.id, full.userId)).toEqual(full);
      expect(await stores.sessions.find(anId(), userId)).toBeUndefined();
    });

    test('one look-up gives the session and its owner as they are now', async ({ stores }) => {
      const { emailId, ...ada } = await givenUser(stores, { name: 'Ada' });
      await givenUser(stores);
      const session = aSession(ada.id);
      await stores.sessions.create(session, many);
      expect(await stores.sessions.findWithUser(session.id, session.userId)).toEqual({ session, user: ada });
      await stores.users.setStatus(ada.id, 'suspended', now + 1);
      expect(await stores.sessions.findWithUser(session.id, session.userId)).toMatchObject({ user: { status: 'suspended' } });
      expect(await stores.sessions.findWithUser(anId(), ada.id)).toBeUndefined();
    });

    test('a session is found under its owner only', async ({ stores }) => {
      const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
      const session = aSession(ada.id);
      await stores.sessions.create(session, many);
      expect(await stores.sessions.find(session.id, ben.id)).toBeUndefined();
      expect(await stores.sessions.findWithUser(session.id, ben.id)).toBeUndefined();
    });

    test('a session outlives its account without an owner', async ({ stores }) => {
      const ada = await givenUser(stores);
      const session = aSession(ada.id);
      await stores.sessions.create(session, many);
      await stores.users.delete(ada.id);
      expect(await stores.sessions.findWithUser(session.id, session.userId)).toEqual({ session, user: undefined });
    });

    test('the live ones are listed, last used first', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const used = (lastUsedAt: number, change: Partial<Session> = {}) => aSession(userId, { lastUsedAt, ...change });
      const [first, second, third] = [used(now - hour), used(now), used(now - minute)];
      const expired = used(now, { createdAt: now - day, expiresAt: now });
      const ended = used(now, { endedAt: now, endReason: 'logged_out' });
      for (const session of [first, second, third, expired, ended, aSession(anId())]) {
        await stores.sessions.create(session, many);
      }
      expect(await stores.sessions.listLive(userId, now)).toEqual([second, third, first]);
    });

    test('rotation makes the current token the previous one and starts over', async ({ stores }) => {
      const { emailId: _, ...ada } = await givenUser(stores);
      const session = aSession(ada.id, { successorSeen: true });
      await stores.sessions.create(session, many);
      const rotation = rotationOf(session);
      const rotated = {
        ...session,
        ...rotation.to,
        generation: 1,
        previousJti: session.refreshJti,
        successorSeen: false,
        rotatedAt: rotation.now,
        lastUsedAt: rotation.now,
        expiresAt: slidEnd(session, rotation.now),
      };
      expect(await stores.sessions.rotate(rotation)).toEqual({ session: rotated, user: ada });
      expect(await stores.sessions.find(session.id, session.userId)).toEqual(rotated);
    });

    test('rotation slides the end, and never past the absolute one', async ({ stores }) => {
      const session = aSession(anId(), { idleSeconds: 3_600, expiresAt: now + hour, absoluteExpiresAt: now + 90 * minute });
      await stores.sessions.create(session, many);
      const once = await stores.sessions.rotate(rotationOf(session, now + 30 * minute));
      expect(once?.session.expiresAt).toBe(now + 90 * minute);
      const twice = await stores.sessions.rotate(rotationOf(once!.session, now + 31 * minute));
      expect(twice?.session.expiresAt).toBe(now + 90 * minute);
      const other = aSession(anId(), { idleSeconds: 3_600, expiresAt: now + hour, absoluteExpiresAt: now + 90 * minute });
      await stores.sessions.create(other, many);
      expect((await stores.sessions.rotate(rotationOf(other, now + 30 * minute - 1)))?.session.expiresAt).toBe(
        now + 90 * minute - 1,
      );
    });

    test('rotation gives the owner as they are now, or none', async ({ stores }) => {
      const { emailId: _, ...ada } = await givenUser(stores);
      const session = aSession(ada.id);
      await stores.sessions.create(session, many);
      await stores.users.setStatus(ada.id, 'suspended', now + 1);
      const once = await stores.sessions.rotate(rotationOf(session));
      expect(once).toMatchObject({ session: { generation: 1 }, user: { id: ada.id, status: 'suspended' } });
      await stores.users.delete(ada.id);
      const twice = await stores.sessions.rotate(rotationOf(once!.session));
      expect(twice).toMatchObject({ session: { generation: 2 }, user: undefined });
    });

    test('of parallel rotations from one generation one succeeds, round after round', async ({ stores }) => {
      const { id, userId } = aSession(anId());
      await stores.sessions.create(aSession(userId, { id }), many);
      for (let round = 0; round < 10; round += 1) {
        const session = (await stores.sessions.find(id, userId))!;
        const rotations = Array.from({ length: 20 }, () => rotationOf(session));
        const answers = await Promise.all(rotations.map((rotation) => stores.sessions.rotate(rotation)));
        const won = answers.filter((answer) => answer !== undefined);
        expect(won).toHaveLength(1);
        expect(won[0]?.session).toMatchObject({
          generation: round + 1,
          refreshJti: rotations[answers.findIndex((answer) => answer !== undefined)]?.to.refreshJti,
          previousJti: session.refreshJti,
        });
        expect(await stores.sessions.find(id, userId)).toEqual(won[0]?.session);
      }
    });

    test('rotation is refused from another generation or token, and when the session is over', async ({ stores }) => {
      const session = aSession(anId(), { generation: 4 });
      await stores.sessions.create(session, many);
      const { generation, refreshJti } = session;
      const rotation = rotationOf(session);
      const refused = [
        { ...rotation, id: anId() },
        { ...rotation, userId: anId() },
        { ...rotation, from: { generation: generation - 1, refreshJti } },
        { ...rotation, from: { generation: generation + 1, refreshJti } },
        { ...rotation, from: { generation, refreshJti: anId() } },
        { ...rotation, now: session.expiresAt },
      ];
      for (const attempt of refused) expect(await stores.sessions.rotate(attempt)).toBeUndefined();
      expect(await stores.sessions.find(session.id, session.userId)).toEqual(session);
      await stores.sessions.end(session.id, session.userId, 'logged_out', now);
      expect(await stores.sessions.rotate(rotation)).toBeUndefined();
    });

    test('that a rotation was seen is recorded for that generation only', async ({ stores }) => {
      const session = aSession(anId(), { generation: 2, successorSeen: false });
      const other = aSession(session.userId, { generation: 2, successorSeen: false });
      for (const made of [session, other]) await stores.sessions.create(made, many);
      await stores.sessions.markSuccessorSeen(session.id, session.userId, 1);
      await stores.sessions.markSuccessorSeen(session.id, session.userId, 3);
      await stores.sessions.markSuccessorSeen(session.id, anId(), 2);
      expect((await stores.sessions.find(session.id, session.userId))?.successorSeen).toBe(false);
      await stores.sessions.markSuccessorSeen(session.id, session.userId, 2);
      expect(await stores.sessions.find(session.id, session.userId)).toEqual({ ...session, successorSeen: true });
      expect((await stores.sessions.find(other.id, other.userId))?.successorSeen).toBe(false);
    });

    test('a session is ended once, by its owner only; the first reason stays', async ({ stores }) => {
      const session = aSession(anId());
      await stores.sessions.create(session, many);
      expect(await stores.sessions.end(session.id, anId(), 'session_revoked', now)).toBe(false);
      expect(await stores.sessions.end(anId(), session.userId, 'session_revoked', now)).toBe(false);
      const ends = await inParallel(20, () => stores.sessions.end(session.id, session.userId, 'logged_out', now));
      expect(winners(ends)).toBe(1);
      await stores.sessions.end(session.id, session.userId, 'refresh_reuse', now + 1);
      expect(await stores.sessions.find(session.id, session.userId)).toEqual({
        ...session,
        endedAt: now,
        endReason: 'logged_out',
      });
    });

    test('ending all leaves out the one that asked, those already over and those of others', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const [current, other, third] = [aSession(userId), aSession(userId), aSession(userId)];
      const expired = aSession(userId, { createdAt: now - day, expiresAt: now });
      const ended = aSession(userId, { endedAt: now - 1, endReason: 'logged_out' });
      const foreign = aSession(anId());
      for (const session of [current, other, third, expired, ended, foreign]) await stores.sessions.create(session, many);

      expect(await stores.sessions.endAll(userId, 'password_changed', now, current.id)).toBe(2);
      expect(await stores.sessions.listLive(userId, now)).toEqual([current]);
      expect(await stores.sessions.find(other.id, other.userId)).toMatchObject({ endedAt: now, endReason: 'password_changed' });
      expect(await stores.sessions.find(ended.id, ended.userId)).toEqual(ended);
      expect(await stores.sessions.endAll(userId, 'password_reset', now)).toBe(1);
      expect(await stores.sessions.listLive(userId, now)).toEqual([]);
      expect(await stores.sessions.find(foreign.id, foreign.userId)).toEqual(foreign);
    });

    test('one session too many ends the least recently used, however old the others are', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const oldButUsed = aSession(userId, { createdAt: now - 9 * day, lastUsedAt: now });
      const unused = aSession(userId, { createdAt: now - hour, lastUsedAt: now - hour });
      const used = aSession(userId, { createdAt: now - day, lastUsedAt: now - minute });
      const ofAnother = aSession(anId(), { lastUsedAt: now - day });
      for (const session of [oldButUsed, unused, used, ofAnother]) await stores.sessions.create(session, many);

      const next = aSession(userId, { createdAt: now + 1, lastUsedAt: now + 1 });
      expect(await stores.sessions.create(next, 3)).toEqual([unused.id]);
      expect(await stores.sessions.find(unused.id, unused.userId)).toMatchObject({
        endedAt: now + 1,
        endReason: 'session_limit',
      });
      expect(await stores.sessions.listLive(userId, now + 1)).toEqual([next, oldButUsed, used]);
      expect(await stores.sessions.find(ofAnother.id, ofAnother.userId)).toEqual(ofAnother);
    });

    test('sessions that are over do not count, and a lowered limit ends as many as it takes', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const live = Array.from({ length: 4 }, (_, index) => aSession(userId, { lastUsedAt: now - minute + index }));
      const over = [
        aSession(userId, { createdAt: now - day, expiresAt: now }),
        aSession(userId, { endedAt: now, endReason: 'logged_out' }),
      ];
      for (const session of [...live, ...over]) await stores.sessions.create(session, many);
      expect(await stores.sessions.create(aSession(userId), 5)).toEqual([]);
      const last = aSession(userId, { lastUsedAt: now + 1 });
      expect((await stores.sessions.create(last, 2)).length).toBe(4);
      expect((await stores.sessions.create(aSession(userId, { lastUsedAt: now + 2 }), 1)).length).toBe(2);
    });

    test('the new session stays even when another server has written a later time', async ({ stores }) => {
      const { id: userId } = await givenUser(stores);
      const ahead = aSession(userId, { lastUsedAt: now + day });
      await stores.sessions.create(ahead, 1);
      const next = aSession(userId);
      expect(await stores.sessions.create(next, 1)).toEqual([ahead.id]);
      expect(await stores.sessions.listLive(userId, now)).toEqual([next]);
    });

    test('15 parallel log-ins with room for 10 leave exactly 10, and the least recently used went', async ({
      stores,
      atomically,
    }) => {
      const { id: userId } = await givenUser(stores);
      const sessions = Array.from({ length: 15 }, (_, index) => aSession(userId, { lastUsedAt: now + index }));
      const create = (index: number) =>
        // Log-in makes its session in a transaction; both ways must hold against each other.
        index % 2 === 0
          ? stores.sessions.create(sessions[index]!, 10)
          : atomically(async (inside) => ({ ok: true, value: await inside.sessions.create(sessions[index]!, 10) })).then(
              (made) => (made.ok ? made.value : []),
            );
      const evicted = (await inParallel(15, create)).flat();
      expect(evicted).toHaveLength(5);
      expect(new Set(evicted).size).toBe(5);
      const live = await stores.sessions.listLive(userId, now);
      expect(live).toHaveLength(10);
      for (const { id } of live) expect(evicted).not.toContain(id);

      // All are there now, so the next one ends the one that has been unused longest.
      const oldest = live.at(-1)!;
      expect(await stores.sessions.create(aSession(userId, { lastUsedAt: now + hour }), 10)).toEqual([oldest.id]);
    });
  });
};
