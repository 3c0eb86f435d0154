// What must happen one after another, by key: two works with one key never overlap in this process, those of different
// keys never wait for one another.

import { type Deps, Unavailable } from '@tegata/core';

/**
 * `maxWaiting`: works of one key under way or waiting; one more is refused with `Unavailable`. So is one that has waited
 * for `deadlineMs`, without having begun: where each work is slow, a line of many would otherwise last for minutes.
 */
export const createTurns = ({ maxWaiting, deadlineMs }: { maxWaiting: number; deadlineMs: number }): Deps['inTurn'] => {
  const lines = new Map<string, { length: number; last: Promise<unknown> }>();

  return async (key, work) => {
    const line = lines.get(key) ?? { length: 0, last: Promise.resolve() };
    if (line.length >= maxWaiting) throw new Unavailable('Too many attempts for one account are waiting');
    lines.set(key, line);
    line.length += 1;

    const tooLate = Promise.withResolvers<never>();
    let hasLeft = false;
    const timer = setTimeout(() => {
      hasLeft = true;
      tooLate.reject(new Unavailable('Other attempts for one account took too long'));
    }, deadlineMs);
    const turn = line.last.then(() => {
      clearTimeout(timer);
      return hasLeft ? tooLate.promise : work();
    });
    // The next one begins whatever became of this one.
    line.last = turn.catch(() => {});
    try {
      return await Promise.race([turn, tooLate.promise]);
    } finally {
      line.length -= 1;
      if (line.length === 0) lines.delete(key);
    }
  };
};
