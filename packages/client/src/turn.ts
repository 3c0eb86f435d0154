import type { Environment } from './environment.ts';

/** How long a tab that holds the lock may keep the others waiting: a frozen one would do it for ever. */
const patienceMs = 5_000;
/** The lock is kept until the others have heard what came of it, so that they need not ask for themselves. */
const lingerMs = 50;

export type Turn = {
  /** Runs `work` while no other tab runs its own. `unless` ends the waiting: then nothing was run, and undefined is given. */
  take: <Value>(work: () => Promise<Value>, unless?: AbortSignal) => Promise<Value | undefined>;
};

/**
 * One lock for all tabs of an origin (Web Locks). Waiting ends in any case: a tab that was put to sleep with the lock in its
 * hands is overtaken, by a random one of those who wait first, so that the others hear its result instead of
 * overtaking too. What an overtaken tab had begun goes on; the server gives both the same successor.
 */
export const createTurn = (name: string, { locks, after }: Pick<Environment, 'locks' | 'after'>): Turn => ({
  take: (work, unless) => {
    if (!locks) return work();
    if (unless?.aborted) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      let begun = false;
      const run = async () => {
        if (begun) return;
        begun = true;
        await work().then(resolve, reject);
        await new Promise<void>((done) => after(lingerMs, done));
      };
      const waiting = new AbortController();
      const stopWaiting = () => waiting.abort();
      unless?.addEventListener('abort', stopWaiting);
      const cancel = after(patienceMs * (1 + Math.random()), stopWaiting);
      const notGranted = () => {
        // This tab itself was overtaken: what it had begun goes on.
        if (begun) return;
        if (unless?.aborted) {
          resolve(undefined);
          return;
        }
        locks.request(name, { steal: true }, run).catch(() => {});
        // Where locks can be had neither way, such as in a sandboxed frame.
        after(250, () => void run());
      };
      locks
        .request(name, { signal: waiting.signal }, run)
        .catch(notGranted)
        .finally(() => {
          cancel();
          unless?.removeEventListener('abort', stopWaiting);
        });
    });
  },
});
