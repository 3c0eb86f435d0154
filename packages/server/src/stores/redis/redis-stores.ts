/**
 * The stores that live in Redis, to be put in the place of the database's own. Redis takes no part in the database's
 * transactions; docs/decisions/0018 says in which order things happen, and why that is safe.
 */
import type { Deps, Result, Session, Stores } from '@tegata/core';
import type { EndedLately } from '../sql/missed-revocations.ts';
import type { SqlStores, StoresElsewhere } from '../sql/sql-stores.ts';
import type { Redis } from './connection.ts';
import { createRedisLockouts } from './lockouts.ts';
import { createRedisSessions } from './sessions.ts';
import { createRedisSingleUse } from './single-use.ts';

export type StoresInRedis = {
  elsewhere: StoresElsewhere;
  endedLately: EndedLately;
  /** Over a database that was opened with `elsewhere`: takes sessions back whose transaction did not happen, and tells verifiers of those that it ended. */
  keep: (database: SqlStores) => SqlStores;
};

export const createStoresInRedis = (redis: Redis): StoresInRedis => {
  const sessions = createRedisSessions(redis);
  const [lockouts, singleUse] = [createRedisLockouts(redis), createRedisSingleUse(redis)];

  const atomicallyWith =
    (database: SqlStores): Deps['atomically'] =>
    async <Outcome extends Result<unknown, { code: string }>>(work: (stores: Stores) => Promise<Outcome>) => {
      const begun: Session[] = [];
      const endedOf = new Map<string, number>();
      const takeBack = async () => {
        // One that cannot be removed is nobody's: its tokens are signed after the commit.
        await Promise.all(begun.map((session) => sessions.remove(session).catch(() => {})));
        // What cannot be recorded now is made up for by whatever starts or ends a session of the same user next.
        await Promise.all([...endedOf].map(([userId, now]) => database.recordMissed(userId, now).catch(() => {})));
      };
      const recording = (stores: Stores): Stores => ({
        ...stores,
        sessions: {
          ...stores.sessions,
          create: (session, maxSessions) => {
            begun.push(session);
            endedOf.set(session.userId, session.createdAt);
            return stores.sessions.create(session, maxSessions);
          },
          end: (id, userId, reason, now) => {
            endedOf.set(userId, now);
            return stores.sessions.end(id, userId, reason, now);
          },
          endAll: (userId, reason, now, exceptId) => {
            endedOf.set(userId, now);
            return stores.sessions.endAll(userId, reason, now, exceptId);
          },
        },
      });
      try {
        const outcome = await database.atomically((stores) => work(recording(stores)));
        if (!outcome.ok) await takeBack();
        return outcome;
      } catch (error) {
        await takeBack();
        throw error;
      }
    };

  return {
    elsewhere: (stores) => ({ sessions: sessions.over(stores.users), lockouts, singleUse }),
    endedLately: sessions.endedLately,
    keep: (database) => ({
      ...database,
      atomically: atomicallyWith(database),
      ping: async () => {
        await Promise.all([database.ping(), redis.ping()]);
      },
    }),
  };
};
