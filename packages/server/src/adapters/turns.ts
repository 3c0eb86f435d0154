// What must happen one after another, by key: two works with one key never overlap in this process, those of different
// keys never wait for one another.

import { type Deps, Unavailable } from '@tegata/core';

export type TurnLimits = {
  maxWaiting: number;
  deadlineMs: number;
  /** Such as: so many hashes are waiting that a line moves once a second. */
  inStorm?: { isOn: () => boolean; deadlineMs: number };
};

/**
 * `maxWaiting`: works that wait for another one, whatever their keys; one more is refused with `Unavailable`, at once. In a
 * storm of log-ins for few accounts the lines would otherwise hold hundreds of megabytes, and everybody in them for
 * seconds. Refused is too what has waited for `deadlineMs` without having begun, as where each work is slow; and what has
 * waited for the shorter `inStorm.deadlineMs` when there is a storm by then: most of those who wait in it would wait for nothing.
 */
export const createTurns = ({ maxWaiting, deadlineMs, inStorm }: TurnLimits): Deps['inTurn'] => {
  const lines = new Map<string, { length: number; last: Promise<unknown> }>();
  let waiting = 0;

  return async (key, work) => {
    const line = lines.get(key) ?? { length: 0, last: Promise.resolve() };
    const waits = line.length > 0;
    if (waits && waiting >= maxWaiting) throw new Unavailable('Too many attempts wait for others of the same account');
    lines.set(key, line);
    line.length += 1;
    if (waits) waiting += 1;

    const tooLate = Promise.withResolvers<never>();
    let hasLeft = false;
    const leave = () => {
      hasLeft = true;
      waiting -= 1;
      tooLate.reject(new Unavailable('Other attempts for one account took too long'));
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leaveInStorm = (storm: NonNullable<typeof inStorm>) => {
      if (storm.isOn()) leave();
      else timer = setTimeout(leave, deadlineMs - storm.deadlineMs);
    };
    if (waits) timer = inStorm ? setTimeout(leaveInStorm, inStorm.deadlineMs, inStorm) : setTimeout(leave, deadlineMs);
    const turn = line.last.then(() => {
      if (hasLeft) return tooLate.promise;
      clearTimeout(timer);
      if (waits) waiting -= 1;
      return work();
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
