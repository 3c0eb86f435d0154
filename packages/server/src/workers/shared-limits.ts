// Rate limits counted once for all workers of one machine, in the memory of the primary. With a count of its own in
// each worker, a stranger would have as many tries as there are workers.

import type { Bucket, LimitState, Limits } from '@tegata/core';
import type { Logger } from 'pino';

/** How long a primary that did not answer is left alone: a request must not wait for it again and again. */
const patienceMs = 1_000;

/**
 * `own` counts in this process while the primary does not answer: limits are then looser by the number of workers, and
 * never off.
 */
export const createSharedLimits = (options: {
  ask: (bucket: Bucket, key: string) => Promise<LimitState>;
  own: Limits;
  logger: Pick<Logger, 'warn' | 'info'>;
  monotonicMs?: () => number;
}): Limits => {
  const { ask, own, logger, monotonicMs = () => performance.now() } = options;
  let askAgainAt = 0;
  let isSilent = false;

  return {
    take: async (bucket, key) => {
      if (monotonicMs() < askAgainAt) return own.take(bucket, key);
      // While it is silent one request at a time finds out whether it still is.
      if (isSilent) askAgainAt = monotonicMs() + patienceMs;
      try {
        const state = await ask(bucket, key);
        if (isSilent) logger.info('the primary answers again: limits are counted for all workers');
        isSilent = false;
        askAgainAt = 0;
        return state;
      } catch {
        if (!isSilent) logger.warn('the primary does not answer: each worker counts limits by itself');
        isSilent = true;
        askAgainAt = monotonicMs() + patienceMs;
        return own.take(bucket, key);
      }
    },
  };
};
