/** Everything that Redis does for a server, over one connection for commands and one to listen on. */
import type { Limits } from '@tegata/core';
import type { Logger } from '../../observe/logger.ts';
import type { Channel } from '../../revocations/channel.ts';
import type { SqlStores } from '../sql/sql-stores.ts';
import { createRedisChannel } from './channel.ts';
import { openRedis, type RedisOptions } from './connection.ts';
import { createRedisLimits } from './limits.ts';
import { keepSessionsInRedis } from './redis-stores.ts';
import { findRisks } from './risks.ts';

export type RedisParts = {
  /**
   * Puts what lives in Redis in the place of the database's own; nothing where the sessions are not kept there. `close`
   * of what it gives closes Redis too.
   */
  keep: (database: SqlStores) => SqlStores;
  limits: Limits;
  /** Between all nodes of this installation. */
  revocations: Channel;
  isReady: () => boolean;
  /** Logs what in Redis' settings would lose sessions; for a server that starts, not for every command beside it. */
  tellRisks: () => Promise<void>;
};

export type RedisPartsOptions = Pick<RedisOptions, 'url' | 'prefix'> & { logger: Logger; holdsSessions: boolean };

/** @throws Unavailable when sessions are kept there and it cannot be reached. */
export const openRedisParts = async ({ holdsSessions, ...options }: RedisPartsOptions): Promise<RedisParts> => {
  const redis = await openRedis({ ...options, required: holdsSessions });
  const channel = createRedisChannel(redis, { ...options, name: 'revocations' });
  return {
    keep: (database) => {
      const kept = holdsSessions ? keepSessionsInRedis(database, redis) : database;
      return {
        ...kept,
        close: async () => {
          await kept.close();
          await channel.close();
          await redis.close();
        },
      };
    },
    limits: createRedisLimits(redis),
    revocations: channel,
    isReady: redis.isReady,
    tellRisks: async () => {
      if (!holdsSessions) return;
      for (const risk of await findRisks(redis)) options.logger.warn({ about: 'Redis' }, risk);
    },
  };
};
