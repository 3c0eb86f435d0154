// Rate limits of one process, in its memory: a window of a fixed length for each key, opened by its first request. A
// check is one synchronous step, so parallel requests cannot slip through between reading and counting.
//
// rate-limiter-flexible reads the system's own clock and forgets a key by a timer when its window ends. That is why no
// clock is injected here, and what keeps the memory bounded.

import { createHash } from 'node:crypto';
import type { Bucket, Limits } from '@tegata/core';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Keys may be whatever a stranger typed. Long ones are kept as a digest, with a mark that no short key can begin with. */
const bounded = (key: string): string =>
  key.length <= 64 ? `=${key}` : `#${createHash('sha256').update(key).digest('base64url')}`;

export const createLimits = (): Limits => {
  const limiters = new Map<string, RateLimiterMemory>();

  const limiterOf = ({ name, points, windowSeconds }: Bucket): RateLimiterMemory => {
    const id = `${name}/${points}/${windowSeconds}`;
    const known = limiters.get(id);
    if (known) return known;
    const limiter = new RateLimiterMemory({ points, duration: windowSeconds });
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
