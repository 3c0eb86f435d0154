// Rate limits: a window of a fixed length for each key, opened by its first request. In the memory of one process, where
// a check is one synchronous step; or wherever `create` counts, as one atomic step too. Parallel requests cannot slip
// through between reading and counting.
//
// rate-limiter-flexible reads the system's own clock and forgets a key by a timer when its window ends. That is why no
// clock is injected here, and what keeps the memory bounded.

import { createHash } from 'node:crypto';
import type { Bucket, Limits } from '@tegata/core';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Keys may be whatever a stranger typed. Long ones are kept as a digest, with a mark that no short key can begin with. */
const bounded = (key: string): string =>
  key.length <= 64 ? `=${key}` : `#${createHash('sha256').update(key).digest('base64url')}`;

/** `duration` is the window's length in seconds; `id` tells buckets and their sizes apart. */
type CreateLimiter = (id: string, size: { points: number; duration: number }) => RateLimiterAbstract;

export const createLimits = (create: CreateLimiter = (_, size) => new RateLimiterMemory(size)): Limits => {
  const limiters = new Map<string, RateLimiterAbstract>();

  const limiterOf = ({ name, points, windowSeconds }: Bucket): RateLimiterAbstract => {
    const id = `${name}/${points}/${windowSeconds}`;
    const known = limiters.get(id);
    if (known) return known;
    const limiter = create(id, { points, duration: windowSeconds });
    limiters.set(id, limiter);
    return limiter;
  };

  return {
    take: async (bucket, key) => {
      // It rejects with the state of the key when the points are used up, and with an error when something is wrong.
      const state = await limiterOf(bucket)
        .consume(bounded(key))
        .catch((refusal: unknown) => {
          if (refusal instanceof RateLimiterRes) return refusal;
          throw refusal;
        });
      return {
        allowed: state.consumedPoints <= bucket.points,
        remaining: state.remainingPoints,
        resetSeconds: Math.ceil(state.msBeforeNext / 1000),
      };
    },
  };
};

/** `TEGATA_RATE_LIMITS=off`: everything is allowed and nothing is counted. Lockout is not a rate limit and stays. */
export const createNoLimits = (): Limits => ({
  take: async ({ points, windowSeconds }) => ({ allowed: true, remaining: points, resetSeconds: windowSeconds }),
});
