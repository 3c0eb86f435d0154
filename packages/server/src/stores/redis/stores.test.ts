import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fail, ok, Unavailable } from '@tegata/core';
import {
  anId,
  aSession,
  atomicallyContract,
  type CommitHooks,
  day,
  givenUser,
  hour,
  lockoutStoreContract,
  minute,
  startOfTest as now,
  sessionStoreContract,
  singleUseContract,
} from '@tegata/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../../../../test/services/redis.ts';
import { deriveKeys } from '../../adapters/derived-keys.ts';
import { createSeal } from '../../adapters/seal.ts';
import { createLogger } from '../../observe/logger.ts';
import { openSqlStores } from '../sql/sql-stores.ts';
import { openRedis, type Redis } from './connection.ts';
import { createStoresInRedis } from './redis-stores.ts';
import { createRedisSessions } from './sessions.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis({ settings: { appendonly: 'no' } });
});
afterAll(() => server.stop());

const logger = createLogger({ level: 'silent' });
const connect = (prefix = `${anId()}:`) => openRedis({ url: server.url, prefix, logger, required: true });
const silent = { audit: () => {}, outboxAdded: () => {} };

/** Empty stores: a database in memory, and a prefix of their own. */
const open = async (onCommitted: CommitHooks = silent, url = 'sqlite::memory:') => {
  const redis = await connect();
  const seal = createSeal(deriveKeys(['a secret for the mails of these tests']).ring('outbox'));
  const { keep, ...there } = createStoresInRedis(redis);
  const database = await openSqlStores({ url, seal, ...there, onCommitted });
  const close = async () => {
    await database.close();
    await redis.close();
  };
  return { redis, database, ...keep(database), close };
};
type Opened = Awaited<ReturnType<typeof open>>;

const test = (sentence: string, work: (opened: Opened) => Promise<void>) =>
  it(sentence, async () => {
    const opened = await open();
    try {
      await work(opened);
    } finally {
      await opened.close();
    }
  });

describe('in Redis', () => {
  sessionStoreContract(open);
  lockoutStoreContract(open);
  singleUseContract(open);
  atomicallyContract(open);
});

const keys = async ({ send, prefix }: Redis) => (await send('KEYS', `${prefix}*`)) as string[];
/** Undefined when there is no such key. */
const secondsLeft = async (redis: Redis, key: string): Promise<number | undefined> => {
  const milliseconds = (await redis.send('PTTL', key)) as number;
  return milliseconds === -2 ? undefined : Math.round(milliseconds / 1000);
};
const seconds = (ms: number) => ms / 1000;

describe('sessions in Redis', () => {
  test('of one user share a slot of a cluster, and those of another are elsewhere', async ({ stores, redis }) => {
    const [ada, ben] = [anId(), anId()];
    for (const userId of [ada, ada, ben]) await stores.sessions.create(aSession(userId), 10);
    const made = await keys(redis);
    expect(made).toHaveLength(5);
    for (const key of made) expect(/\{(.+?)\}/.exec(key)?.[1]).toBe(key.includes(ada) ? ada : ben);
  });

  test('are forgotten a day after their last token ran out, and the index with the last of them', async ({ stores, redis }) => {
    const userId = anId();
    const [short, long] = [
      aSession(userId, { expiresAt: now + hour }),
      aSession(userId, { expiresAt: now + 7 * day, idleSeconds: 8 * 86_400 }),
    ];
    const left = async () => {
      const index = `${redis.prefix}{${userId}}:sessions`;
      return Promise.all([index, `${index}:${short.id}`, `${index}:${long.id}`].map((key) => secondsLeft(redis, key)));
    };
    await stores.sessions.create(long, 10);
    await stores.sessions.create(short, 10);
    expect(await left()).toEqual([seconds(8 * day), seconds(day + hour), seconds(8 * day)]);

    const { generation, refreshJti } = long;
    const rotation = { id: long.id, userId, from: { generation, refreshJti }, to: { refreshJti: anId(), refreshKid: 'k' } };
    await stores.sessions.rotate({ ...rotation, now: now + day });
    expect(await left()).toEqual([seconds(9 * day), seconds(day + hour), seconds(9 * day)]);

    // Ended ones keep their time: until then their reason may be asked for.
    await stores.sessions.endAll(userId, 'password_changed', now);
    expect(await left()).toEqual([undefined, seconds(day + hour), seconds(9 * day)]);
  });

  test('that are long over leave the index, so that it does not grow with every log-in', async ({ stores, redis }) => {
    const userId = anId();
    for (let hours = 0; hours < 30; hours += 1) {
      const at = now + hours * hour;
      await stores.sessions.create(aSession(userId, { createdAt: at, lastUsedAt: at, expiresAt: at + minute }), 10);
    }
    expect(await redis.send('ZCARD', `${redis.prefix}{${userId}}:sessions`)).toBe(2);
  });

  test('are gone when Redis has dropped the index: none may live on that cannot be ended', async ({ stores, redis }) => {
    const session = aSession(anId());
    await stores.sessions.create(session, 10);
    await redis.send('DEL', `${redis.prefix}{${session.userId}}:sessions`);
    expect(await stores.sessions.find(session.id, session.userId)).toBeUndefined();
    const { id, userId, generation, refreshJti } = session;
    const to = { refreshJti: anId(), refreshKid: 'k' };
    expect(await stores.sessions.rotate({ id, userId, from: { generation, refreshJti }, to, now })).toBeUndefined();
    expect(await stores.sessions.listLive(userId, now)).toEqual([]);
  });

  test('15 created at once leave exactly 10, over and over', async ({ stores }) => {
    for (let round = 0; round < 10; round += 1) {
      const userId = anId();
      const evicted = await Promise.all(Array.from({ length: 15 }, () => stores.sessions.create(aSession(userId), 10)));
      expect(new Set(evicted.flat()).size).toBe(5);
      expect(await stores.sessions.listLive(userId, now)).toHaveLength(10);
    }
  });

  test('50 rotations at once, over two connections, have one winner each round', async ({ redis, stores }) => {
    const other = await connect(redis.prefix);
    const elsewhere = createRedisSessions(other).over(stores.users);
    const { id, userId } = aSession(anId());
    await stores.sessions.create(aSession(userId, { id }), 10);
    for (let round = 0; round < 10; round += 1) {
      const { generation, refreshJti } = (await stores.sessions.find(id, userId))!;
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          (index % 2 ? elsewhere : stores.sessions).rotate({
            id,
            userId,
            from: { generation, refreshJti },
            to: { refreshJti: anId(), refreshKid: 'k' },
            now,
          }),
        ),
      );
      expect(answers.filter(Boolean)).toHaveLength(1);
    }
    await other.close();
  });

  test('keep every text and number as it was, through all scripts', async ({ stores }) => {
    const userAgent = 'a/b "c" \\ \u2028 😀 }{ \u0000';
    const session = aSession(anId(), { userAgent, ipAddress: '2001:db8::1', generation: 4_000_000_000 });
    await stores.sessions.create(session, 10);
    const { id, userId, generation, refreshJti } = session;
    const to = { refreshJti: anId(), refreshKid: 'kid/with+signs=' };
    const at = now + 1;
    await stores.sessions.rotate({ id, userId, from: { generation, refreshJti }, to, now: at });
    await stores.sessions.markSuccessorSeen(id, userId, generation + 1);
    await stores.sessions.end(id, userId, 'session_revoked', now + 2);
    expect(await stores.sessions.find(id, userId)).toEqual({
      ...session,
      ...to,
      generation: generation + 1,
      previousJti: refreshJti,
      rotatedAt: at,
      lastUsedAt: at,
      expiresAt: at + session.idleSeconds * 1000,
      endedAt: now + 2,
      endReason: 'session_revoked',
    });
  });
});

describe('a transaction whose sessions are in Redis', () => {
  test('that is undone leaves no session, but those it ended stay ended', async ({ stores, atomically }) => {
    const ada = await givenUser(stores);
    const before = aSession(ada.id);
    await stores.sessions.create(before, 1);
    await atomically(async (inside) => {
      await inside.sessions.create(aSession(ada.id, { lastUsedAt: now + 1 }), 1);
      return fail('changed_meanwhile');
    });
    expect(await stores.sessions.listLive(ada.id, now)).toEqual([]);
    expect(await stores.sessions.find(before.id, ada.id)).toMatchObject({ endReason: 'session_limit' });
  });

  test('reads the user as the transaction has changed it', async ({ stores, atomically }) => {
    const ada = await givenUser(stores);
    const session = aSession(ada.id);
    await stores.sessions.create(session, 10);
    const seen = await atomically(async (inside) => {
      await inside.users.setStatus(ada.id, 'suspended', now);
      return ok((await inside.sessions.findWithUser(session.id, ada.id))?.user?.status);
    });
    expect(seen).toEqual(ok('suspended'));
  });
});

describe('revocations of sessions in Redis', () => {
  const told = async ({ revocations }: Pick<Opened, 'revocations'>) =>
    (await revocations.listAfter('', now)).map(({ sessionId, reason }) => [sessionId, reason]).sort();
  /** Ends all of them in a transaction that never commits, as when the process dies in between: nobody cleans up. */
  const endAndDie = (database: Opened['database'], userId: string) =>
    database
      .atomically(async (inside) => {
        await inside.sessions.endAll(userId, 'password_changed', now);
        throw new Error('died here');
      })
      .catch(() => {});

  test('whose end could not be committed are written at once: Redis has ended them all the same', async (opened) => {
    const folder = await mkdtemp(join(tmpdir(), 'tegata-redis-'));
    const file = `${folder}/tegata.db`;
    const { stores, atomically, revocations, close } = await open(silent, `sqlite:${file}`);
    const ada = await givenUser(stores);
    const session = aSession(ada.id);
    await stores.sessions.create(session, 10);
    // A violation that is found out by the commit, and not before.
    const other = new DatabaseSync(file);
    other.exec(`create table owed (id text references users (id) deferrable initially deferred);
      create trigger broken after insert on audit_events begin insert into owed values ('nobody'); end`);
    other.close();
    let isDone = false;
    const ending = atomically(async (inside) => {
      await inside.sessions.endAll(ada.id, 'password_changed', now);
      await inside.audit.add({ type: 'password.changed', userId: ada.id }, now);
      isDone = true;
      return ok(undefined);
    });
    await expect(ending).rejects.toThrow(/FOREIGN KEY/);
    expect(isDone).toBe(true);
    expect(await stores.sessions.find(session.id, ada.id)).toMatchObject({ endReason: 'password_changed' });
    expect(await told({ revocations })).toEqual([[session.id, 'password_changed']]);
    await close();
    await rm(folder, { recursive: true });
    expect(await told(opened)).toEqual([]);
  });

  test('whose end could not be committed, because something was refused, are written at once too', async (opened) => {
    const { stores, atomically } = opened;
    const ada = await givenUser(stores);
    const [one, other] = [aSession(ada.id), aSession(ada.id)];
    for (const session of [one, other]) await stores.sessions.create(session, 10);
    await atomically(async (inside) => {
      await inside.sessions.end(one.id, ada.id, 'logged_out', now);
      return fail('changed_meanwhile');
    });
    expect(await told(opened)).toEqual([[one.id, 'logged_out']]);
    await atomically(async (inside) => {
      await inside.sessions.create(aSession(ada.id, { lastUsedAt: now + 1 }), 1);
      return fail('changed_meanwhile');
    });
    expect(await told(opened)).toEqual([
      [one.id, 'logged_out'],
      [other.id, 'session_limit'],
    ]);
  });

  const next: [string, (stores: Opened['stores'], session: { id: string; userId: string }) => Promise<unknown>][] = [
    ['the same call again', ({ sessions }, { userId }) => sessions.endAll(userId, 'password_changed', now)],
    ['the end of one of them again', ({ sessions }, { id, userId }) => sessions.end(id, userId, 'session_revoked', now)],
    ['the next log-in', ({ sessions }, { userId }) => sessions.create(aSession(userId), 10)],
  ];
  for (const [sentence, work] of next) {
    test(`that a crash kept from being written are made up for by ${sentence}, once`, async (opened) => {
      const { stores, database } = opened;
      const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
      const mine = [aSession(ada.id), aSession(ada.id)];
      const his = aSession(ben.id);
      for (const session of [...mine, his]) await stores.sessions.create(session, 10);
      await endAndDie(database, ada.id);
      await endAndDie(database, ben.id);
      expect(await told(opened)).toEqual([]);
      for (let times = 0; times < 2; times += 1) await work(stores, mine[0]!);
      expect(await told(opened)).toEqual(mine.map(({ id }) => [id, 'password_changed']));
      await stores.sessions.create(aSession(ben.id), 10);
      expect(await told(opened)).toHaveLength(3);
    });
  }

  test('are written once where nothing went wrong, and never for one that lives', async (opened) => {
    const { stores } = opened;
    const { id: userId } = await givenUser(stores);
    const made = [0, 1, 2, 3].map(() => aSession(userId));
    for (const session of made) await stores.sessions.create(session, 3);
    await stores.sessions.end(made[1]!.id, userId, 'logged_out', now);
    await stores.sessions.endAll(userId, 'logged_out_everywhere', now, made[3]!.id);
    expect(await told(opened)).toEqual(
      [made[0]!, made[1]!, made[2]!]
        .map(({ id }, index) => [id, ['session_limit', 'logged_out', 'logged_out_everywhere'][index]])
        .sort(),
    );
    expect(await stores.sessions.listLive(userId, now)).toMatchObject([{ id: made[3]!.id }]);
  });

  test('that ended longer ago than any token lives are not written any more', async (opened) => {
    const { stores, database } = opened;
    const { id: userId } = await givenUser(stores);
    await stores.sessions.create(aSession(userId), 10);
    await endAndDie(database, userId);
    await stores.sessions.create(aSession(userId, { createdAt: now + 2 * hour }), 10);
    expect(await told(opened)).toEqual([]);
  });
});

describe('sessions that come from another store', () => {
  test('are taken over as they are, however many there are, and no second time', async ({ stores, redis }) => {
    const { adopt } = createRedisSessions(redis);
    const { id: userId } = await givenUser(stores);
    const made = Array.from({ length: 20 }, () => aSession(userId, { generation: 7, createdAt: now - 30 * day }));
    for (const session of made) expect(await adopt(session, now)).toBe(true);
    expect((await stores.sessions.listLive(userId, now)).map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
    const [one, other] = [made[0]!, made[1]!];
    expect(await stores.sessions.find(one.id, userId)).toEqual(one);
    expect(await secondsLeft(redis, `${redis.prefix}{${userId}}:sessions:${one.id}`)).toBe(seconds(one.expiresAt - now + day));

    // What has happened since is not undone: neither an end nor a rotation.
    await stores.sessions.end(one.id, userId, 'logged_out', now);
    const { id, generation, refreshJti } = other;
    const to = { refreshJti: anId(), refreshKid: 'k' };
    await stores.sessions.rotate({ id, userId, from: { generation, refreshJti }, to, now });
    for (const session of made) expect(await adopt(session, now)).toBe(false);
    expect(await stores.sessions.find(one.id, userId)).toMatchObject({ endReason: 'logged_out' });
    expect(await stores.sessions.find(id, userId)).toMatchObject({ generation: 8 });
  });
});

describe('what may be used once, in Redis', () => {
  test('is nobody’s when its time is over already, and is kept no longer than its time', async ({ stores, redis }) => {
    const { singleUse } = stores;
    expect(await singleUse.claim('late', now, now)).toBe(false);
    expect(await singleUse.claim('late', now - hour, now)).toBe(false);
    expect(await singleUse.claim('state', now + hour, now)).toBe(true);
    const [key = ''] = await keys(redis);
    expect(await secondsLeft(redis, key)).toBe(3600);
  });
});

describe('lockouts in Redis', () => {
  test('are kept for three days, in one key for every source', async ({ stores, redis }) => {
    for (const source of ['', 'device-1']) {
      await stores.lockouts.change('address:ada', source, () => ({ failures: 1, locks: 0, lockedUntil: null, updatedAt: now }));
    }
    const [key = '', ...others] = await keys(redis);
    expect(others).toEqual([]);
    expect(key).toContain('{address:ada}');
    expect(await secondsLeft(redis, key)).toBe(seconds(3 * day));
  });

  test('that cannot be counted refuse the attempt', async ({ stores, redis }) => {
    await redis.close();
    await expect(stores.lockouts.change('ada', '', () => undefined)).rejects.toBeInstanceOf(Unavailable);
  });
});
