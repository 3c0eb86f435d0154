/** Everything that Redis does for a server, over one connection for commands and one to listen on. */
import type { Limits } from '@tegata/core';
import type { Logger } from '../../observe/logger.ts';
import type { Channel } from '../../revocations/channel.ts';
import type { EndedLately } from '../sql/missed-revocations.ts';
import type { SqlStores, StoresElsewhere } from '../sql/sql-stores.ts';
import { createRedisChannel } from './channel.ts';
import { openRedis, type Redis, type RedisOptions } from './connection.ts';
import { createRedisLimits } from './limits.ts';
import { createStoresInRedis } from './redis-stores.ts';
import { findRisks } from './risks.ts';

export type RedisParts = {
  /** What lives in Redis in the place of the database's own; nothing where the sessions are not kept there. */
  elsewhere: StoresElsewhere;
  endedLately: EndedLately | undefined;
  /** Over a database that was opened with `elsewhere`. `close` of what it gives closes Redis too. */
  keep: (database: SqlStores) => SqlStores;
  close: () => Promise<void>;
  limits: Limits;
  /** Between all nodes of this installation. */
  revocations: Channel;
  isReady: () => boolean;
  /** Logs what in Redis' settings would lose sessions; for a server that starts, not for every command beside it. */
  tellRisks: () => Promise<void>;
};

export type RedisPartsOptions = Pick<RedisOptions, 'url' | 'prefix'> & {
  logger: Logger;
  holdsSessions: boolean;
  /** Stands around every command. */
  around?: ((redis: Redis) => Redis) | undefined;
};

/** @throws Unavailable when sessions are kept there and it cannot be reached. */
export const openRedisParts = async ({
  holdsSessions,
  around = (redis) => redis,
  ...options
}: RedisPartsOptions): Promise<RedisParts> => {
  const redis = around(await openRedis({ ...options, required: holdsSessions }));
  const channel = createRedisChannel(redis, { ...options, name: 'revocations' });
  const stores = holdsSessions ? createStoresInRedis(redis) : undefined;
  const close = async () => {
    await channel.close();
    await redis.close();
  };
  return {
    elsewhere: stores?.elsewhere ?? (() => ({})),
    endedLately: stores?.endedLately,
    keep: (database) => ({
      ...(stores?.keep(database) ?? database),
      close: async () => {
        await database.close();
        await close();
      },
    }),
    close,
    limits: createRedisLimits(redis),
    revocations: channel,
    isReady: redis.isReady,
    tellRisks: async () => {
      if (!holdsSessions) return;
      for (const risk of await findRisks(redis)) options.logger.warn({ about: 'Redis' }, risk);
    },
  };
};
