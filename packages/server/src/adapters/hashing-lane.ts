// Password hashing in a lane of its own. Hashes run on libuv's few threads and burn a whole core each: unbounded, a
// storm of log-ins makes every other request wait seconds. Here a few run, a few wait in order, and the rest are told
// at once to come back.

import { Unavailable } from '@tegata/core';

export type HashingLane = {
  /**
   * Runs `job` when its turn comes.
   * @throws Unavailable, without having started the job, when the queue is full, when the wait would outlast the
   * deadline, or when it did.
   */
  run: <Value>(job: () => Promise<Value>) => Promise<Value>;
  /** @throws Unavailable when `run` would refuse a job at once. */
  ensureRoom: () => void;
  /** `refused` and `completed` count since the start (a job that failed is completed too). */
  counts: () => { running: number; queued: number; refused: number; completed: number };
};

/**
 * One core stays free for the event loop: with a hash on every core, everybody else's requests waited ten times as long
 * during a storm of log-ins. One pool thread stays free for files and name look-ups, which would otherwise stand behind
 * the hashes.
 * @param poolThreads what `UV_THREADPOOL_SIZE` says; libuv's own default is 4.
 * @param processes how many share the cores; each has a pool of its own.
 */
export const hashingConcurrency = (cores: number, poolThreads: number, processes = 1): number =>
  Math.max(1, Math.min(Math.floor((cores - 1) / processes), poolThreads - 1));

type Waiting = { start: () => void; refuse: () => void; startBy: number };

/** `deadlineMs`: the longest that a job may wait before it starts. */
export const createHashingLane = (options: { concurrency: number; maxQueued: number; deadlineMs: number }): HashingLane => {
  const { concurrency, maxQueued, deadlineMs } = options;
  const queue: Waiting[] = [];
  let running = 0;
  let refused = 0;
  let completed = 0;
  let averageMs = 0;

  const millisecondsFor = (jobs: number) => (jobs * averageMs) / concurrency;

  const refusal = () => {
    refused += 1;
    const retryAfterSeconds = Math.max(1, Math.ceil(millisecondsFor(running + queue.length) / 1000));
    return new Unavailable('Too many passwords are being hashed', { retryAfterSeconds });
  };

  const startNext = () => {
    while (running < concurrency) {
      const next = queue.shift();
      if (!next) return;
      if (performance.now() <= next.startBy) next.start();
      else next.refuse();
    }
  };

  const runNow = async <Value>(job: () => Promise<Value>): Promise<Value> => {
    running += 1;
    const startedAt = performance.now();
    try {
      return await job();
    } finally {
      const took = performance.now() - startedAt;
      averageMs = completed === 0 ? took : averageMs + (took - averageMs) / 8;
      running -= 1;
      completed += 1;
      startNext();
    }
  };

  /** Somebody who cannot be served in time hears it now, not after having waited for nothing. */
  const ensureRoom = () => {
    if (running < concurrency) return;
    if (queue.length >= maxQueued || millisecondsFor(queue.length + 1) > deadlineMs) throw refusal();
  };

  return {
    ensureRoom,
    run: async (job) => {
      ensureRoom();
      if (running < concurrency) return runNow(job);
      return new Promise((resolve, reject) => {
        const refuse = () => {
          clearTimeout(timer);
          reject(refusal());
        };
        const start = () => {
          clearTimeout(timer);
          resolve(runNow(job));
        };
        const waiting: Waiting = { start, refuse, startBy: performance.now() + deadlineMs };
        const timer = setTimeout(() => {
          queue.splice(queue.indexOf(waiting), 1);
          refuse();
        }, deadlineMs);
        queue.push(waiting);
      });
    },
    counts: () => ({ running, queued: queue.length, refused, completed }),
  };
};
