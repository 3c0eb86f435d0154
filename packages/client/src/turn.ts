import type { Environment } from './environment.ts';

/** How long a tab that holds the lock may keep the others waiting: a frozen one would do it for ever. */
const patienceMs = 5_000;

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
  take: async <Value>(work: () => Promise<Value>, unless?: AbortSignal) => {
    if (!locks) return work();
    let begun: Promise<Value> | undefined;
    const run = async () => {
      begun ??= work();
      await begun.catch(() => {});
    };
    const waiting = new AbortController();
    const stopWaiting = () => waiting.abort();
    if (unless?.aborted) return undefined;
    unless?.addEventListener('abort', stopWaiting);
    const cancel = after(patienceMs * (1 + Math.random()), stopWaiting);
    try {
      await locks.request(name, { signal: waiting.signal }, run);
    } catch {
      // The patience is over, or this tab itself was overtaken, or the lock cannot be had here at all.
    }
    cancel();
    unless?.removeEventListener('abort', stopWaiting);
    if (!begun) {
      if (unless?.aborted) return undefined;
      // Not awaited: whoever overtakes does not wait for anybody.
      await Promise.race([
        locks.request(name, { steal: true }, run).catch(() => {}),
        new Promise((done) => after(250, () => done(0))),
      ]);
      begun ??= work();
    }
    return begun;
  },
});
