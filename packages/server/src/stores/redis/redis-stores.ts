/**
 * The stores of a database, with those that live in Redis put in their place. Redis takes no part in the database's
 * transactions; docs/decisions/0018 says in which order things happen, and why that is safe.
 */
import type { Deps, Result, Session, SingleUse, Stores } from '@tegata/core';
import type { SqlStores } from '../sql/sql-stores.ts';
import type { Redis } from './connection.ts';
import { createRedisLockouts } from './lockouts.ts';
import { createRedisSessions } from './sessions.ts';
import { createRedisSingleUse } from './single-use.ts';

export type StoresWithRedis = Omit<SqlStores, 'stores'> & { stores: Stores & { singleUse: SingleUse } };

/** `ping` and `close` are of both. */
export const keepSessionsInRedis = (database: SqlStores, redis: Redis): StoresWithRedis => {
  const sessions = createRedisSessions(redis);
  const [lockouts, singleUse] = [createRedisLockouts(redis), createRedisSingleUse(redis)];
  const over = (stores: Stores) => ({ ...stores, sessions: sessions.over(stores.users), lockouts, singleUse });

  const atomically: Deps['atomically'] = async <Outcome extends Result<unknown, { code: string }>>(
    work: (stores: Stores) => Promise<Outcome>,
  ) => {
    const begun: Session[] = [];
    const takeBack = async () => {
      // One that cannot be removed is nobody's: its tokens are signed after the commit.
      await Promise.all(begun.map((session) => sessions.remove(session).catch(() => {})));
    };
    const recording = (stores: Stores): Stores => ({
      ...stores,
      sessions: {
        ...stores.sessions,
        create: (session, maxSessions) => {
          begun.push(session);
          return stores.sessions.create(session, maxSessions);
        },
      },
    });
    try {
      const outcome = await database.atomically((stores) => work(recording(over(stores))));
      if (!outcome.ok) await takeBack();
      return outcome;
    } catch (error) {
      await takeBack();
      throw error;
    }
  };

  return {
    stores: over(database.stores),
    atomically,
    ping: async () => {
      await Promise.all([database.ping(), redis.ping()]);
    },
    close: async () => {
      await database.close();
      await redis.close();
    },
  };
};
