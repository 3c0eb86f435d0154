import type { Logger } from 'pino';

// Asks from time to time whether there is something to purge. Which node does it, and when the next round is due, a
// lease in the database decides (see `purge-expired.ts` of the core): each node only asks.

export type PurgeWorker = {
  start: () => void;
  /** One round, if it is due and no other node's. */
  run: () => Promise<void>;
  /** Begins nothing new, and waits for the batch in hand. */
  stop: () => Promise<void>;
};

export type PurgeWorkerOptions = {
  purge: (options: { leaseSeconds: number; batch: number; isStopping: () => boolean }) => Promise<{ removed: number }>;
  logger: Pick<Logger, 'info' | 'warn'>;
};

/** A round every ten minutes; nodes ask every minute, so another one takes over soon. Half a thousand rows go in milliseconds. */
const leaseSeconds = 600;
const askEveryMilliseconds = 60_000;
const batch = 500;

export const createPurgeWorker = ({ purge, logger }: PurgeWorkerOptions): PurgeWorker => {
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    try {
      const { removed } = await purge({ leaseSeconds, batch, isStopping: () => stopping });
      if (removed > 0) logger.info({ removed }, 'purged');
    } catch (error) {
      // Whatever stood in the way, the next round finds the same rows.
      logger.warn({ reason: error instanceof Error ? error.name : 'unknown error' }, 'not purged, will try again');
    }
  };
  const run = (): Promise<void> => {
    round ??= work().finally(() => {
      round = undefined;
    });
    return round;
  };

  return {
    run,
    start: () => {
      if (stopping) return;
      timer ??= setInterval(() => void run(), askEveryMilliseconds).unref();
    },
    stop: async () => {
      stopping = true;
      clearInterval(timer);
      await round;
    },
  };
};
