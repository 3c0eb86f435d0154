import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { fail } from '../../packages/core/src/index.ts';
import {
  anId,
  anOrganization,
  aSession,
  givenUser,
  hour,
  startOfTest as now,
  second,
} from '../../packages/core/src/testing/index.ts';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import { createSeal } from '../../packages/server/src/adapters/seal.ts';
import { openSqlStores } from '../../packages/server/src/stores/sql/sql-stores.ts';
import { openBackend } from '../backend.ts';

// The log of revocations over a database of each kind: what is written to it, and what is read.

const keepRevocationsMs = hour;

const open = async () => {
  const { settings, release } = await openBackend();
  const seal = createSeal(deriveKeys([randomBytes(32).toString('hex')]).ring('outbox'));
  const wrote = { times: 0 };
  const onCommitted = {
    audit: () => {},
    outboxAdded: () => {},
    revoked: () => {
      wrote.times += 1;
    },
  };
  const url = settings.DATABASE_URL ?? 'sqlite::memory:';
  const opened = await openSqlStores({ url, postgres: { poolSize: 5 }, seal, keepRevocationsMs, onCommitted });
  const close = async () => {
    await opened.close();
    await release();
  };
  const all = (at = now) => opened.revocations.listAfter('', at);
  return { ...opened, all, wrote, close };
};

const test = (sentence: string, work: (opened: Awaited<ReturnType<typeof open>>) => Promise<void>) =>
  it(sentence, async () => {
    const opened = await open();
    try {
      await work(opened);
    } finally {
      await opened.close();
    }
  });

test('each end of a session is one row, however many call at once', async ({ stores: { sessions }, all, wrote }) => {
  const session = aSession(anId());
  await sessions.create(session, 10);
  const { id, userId } = session;
  const ended = await Promise.all(Array.from({ length: 10 }, () => sessions.end(id, userId, 'logged_out', now)));
  expect(ended.filter(Boolean)).toHaveLength(1);
  expect(await all()).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sessionId: id,
      userId,
      generation: null,
      reason: 'logged_out',
      revokedAt: now,
      expiresAt: now + keepRevocationsMs,
    },
  ]);
  expect(wrote.times).toBe(1);
});

test('all sessions that end at once are named one by one, and the one that stays is not', async ({ stores, all }) => {
  const userId = anId();
  const made = [0, 1, 2].map(() => aSession(userId));
  for (const session of [...made, aSession(anId())]) await stores.sessions.create(session, 10);
  expect(await stores.sessions.endAll(userId, 'password_changed', now, made[1]!.id)).toBe(2);
  expect((await all()).map(({ sessionId }) => sessionId).sort()).toEqual([made[0]!.id, made[2]!.id].sort());
  await stores.sessions.endAll(userId, 'account_closed', now);
  expect(
    (await all()).filter(({ reason }) => reason === 'account_closed').map(({ sessionId, reason }) => [sessionId, reason]),
  ).toEqual(
    expect.arrayContaining([
      [made[1]!.id, 'account_closed'],
      [null, 'account_closed'],
    ]),
  );
});

test('a session that had to make room is told of', async ({ stores: { sessions }, all }) => {
  const userId = anId();
  const [first, second] = [aSession(userId), aSession(userId, { lastUsedAt: now + 1 })];
  for (const session of [first, second]) await sessions.create(session, 1);
  expect(await all()).toMatchObject([{ sessionId: first.id, reason: 'session_limit' }]);
});

test('whoever is barred is told of as a whole, whoever is let in is not', async ({ stores, all }) => {
  const ada = await givenUser(stores);
  await stores.users.setStatus(ada.id, 'suspended', now);
  await stores.users.setStatus(ada.id, 'active', now);
  expect(await stores.users.setStatus(anId(), 'deactivated', now)).toBe(false);
  expect(await all()).toMatchObject([{ sessionId: null, userId: ada.id, generation: null, reason: 'account_suspended' }]);
});

test('another role revokes the tokens of every live session up to the generation that each has reached', async ({
  stores: { organizations, sessions, ...stores },
  all,
}) => {
  const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
  const organization = anOrganization();
  await organizations.create(organization, { userId: ada.id, role: 'user' });
  const made = [aSession(ada.id), aSession(ada.id, { generation: 4 })];
  const over = [aSession(ada.id), aSession(ada.id, { expiresAt: now - 1 })];
  for (const session of [...made, ...over, aSession(ben.id)]) await sessions.create(session, 10);
  await sessions.end(over[0]!.id, ada.id, 'logged_out', now);
  expect(await organizations.changeRole(ada.id, anId(), 'admin', now)).toBe(false);
  expect(await organizations.changeRole(ada.id, organization.id, 'admin', now)).toBe(true);
  const changed = (await all()).filter(({ reason }) => reason === 'role_changed');
  expect(changed.map(({ sessionId, generation }) => ({ id: sessionId, generation }))).toEqual(
    expect.arrayContaining(made.map(({ id, generation }) => ({ id, generation }))),
  );
  expect(changed).toHaveLength(2);
});

test('what was rolled back was never told', async ({ stores, atomically, all, wrote }) => {
  const ada = await givenUser(stores);
  await stores.users.setStatus(ada.id, 'active', now);
  await atomically(async (inside) => {
    await inside.users.setStatus(ada.id, 'suspended', now);
    return fail('changed_meanwhile');
  });
  expect(await all()).toEqual([]);
  expect(wrote.times).toBe(0);
});

test('it is read behind an id, in the order of ids, without what is over', async ({ stores, revocations, all }) => {
  const ids = [];
  for (let seconds = 0; seconds < 5; seconds += 1) {
    const { id } = await givenUser(stores);
    await stores.users.setStatus(id, 'suspended', now + seconds * second);
    ids.push(id);
  }
  const rows = await all();
  expect(rows.map(({ userId }) => userId)).toEqual(ids);
  expect(rows.map(({ id }) => id)).toEqual(rows.map(({ id }) => id).toSorted());
  expect(await revocations.listAfter(rows[2]!.id, now)).toEqual(rows.slice(3));
  expect(await revocations.listAfter(rows[4]!.id, now)).toEqual([]);
  // Not a millisecond longer than its tokens.
  expect(await all(now + keepRevocationsMs - 1)).toEqual(rows);
  expect(await all(now + keepRevocationsMs)).toEqual(rows.slice(1));
});

test('what is over is deleted in small steps, oldest first, and nothing else', async ({ stores, revocations, all }) => {
  for (let seconds = 0; seconds < 5; seconds += 1) {
    await stores.users.setStatus((await givenUser(stores)).id, 'suspended', now + seconds * second);
  }
  const rows = await all();
  const later = now + keepRevocationsMs + 2 * second;
  expect(await revocations.purge(now, 10)).toBe(0);
  expect(await revocations.purge(later, 2)).toBe(2);
  expect(await all()).toEqual(rows.slice(2));
  expect(await revocations.purge(later, 2)).toBe(1);
  expect(await revocations.purge(later, 2)).toBe(0);
  expect(await all()).toEqual(rows.slice(3));
});
