/**
 * Rate limits that all nodes share: the windows of `adapters/limits.ts`, counted in Redis by one script a request.
 *
 *     <prefix>limit:<name>/<points>/<window>:<key>    string: the count, until its window ends
 *
 * While Redis is away each node counts in its own memory: stricter than nothing, looser than together, never off.
 */
import type { Limits } from '@tegata/core';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { createLimits } from '../../adapters/limits.ts';
import { type Redis, type Script, script } from './connection.ts';

export const createRedisLimits = (redis: Redis): Limits => {
  // The library always sends the same text.
  let known: Script | undefined;
  const storeClient = {
    eval: (lua: string, { keys, arguments: values }: { keys: string[]; arguments: string[] }) => {
      if (known?.lua !== lua) known = script(lua);
      return redis.run(known, keys, values);
    },
  };
  return createLimits(
    (id, size) =>
      new RateLimiterRedis({
        ...size,
        storeClient,
        useRedisPackage: true,
        keyPrefix: `${redis.prefix}limit:${id}`,
        insuranceLimiter: new RateLimiterMemory(size),
      }),
  );
};
