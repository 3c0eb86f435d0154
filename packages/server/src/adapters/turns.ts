// What must happen one after another, by key: two works with one key never overlap in this process, those of different
// keys never wait for one another.

import { type Deps, Unavailable } from '@tegata/core';

/** `maxWaiting`: works of one key under way or waiting; one more is refused with `Unavailable`. */
export const createTurns = ({ maxWaiting }: { maxWaiting: number }): Deps['inTurn'] => {
  const lines = new Map<string, { length: number; last: Promise<unknown> }>();

  return async (key, work) => {
    const line = lines.get(key) ?? { length: 0, last: Promise.resolve() };
    if (line.length >= maxWaiting) throw new Unavailable('Too many attempts for one account are waiting');
    lines.set(key, line);
    line.length += 1;
    const turn = line.last.then(work);
    // The next one begins whatever became of this one.
    line.last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      line.length -= 1;
      if (line.length === 0) lines.delete(key);
    }
  };
};
