import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setPriority } from 'node:os';

// During a storm of log-ins each hash burns a core for some 20 ms, and where the cores are few the event loop stands behind
// it for whole slices of the scheduler: everybody's session check with it. On Linux threads have priorities of their own, so
// the threads that hash give way. They still get every core that nobody else wants.

/** Still a quarter of a core that others want too: a flood of other requests locks nobody out. */
const niceness = 5;

/** For the server's own process only: an application that embeds Tegata decides this for itself. */
export const letRequestsGoFirst = async (): Promise<void> => {
  if (process.platform !== 'linux') return;
  try {
    // The threads of libuv's pool begin with its first work.
    await stat('/proc/self');
    for (const thread of readdirSync('/proc/self/task')) {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, 'latin1');
      if (name.startsWith('libuv-worker')) setPriority(Number(thread), niceness);
    }
  } catch {
    // A sandbox without /proc, or one that forbids it: everything works, and a storm is felt more.
  }
};
