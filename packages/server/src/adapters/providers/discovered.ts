import type { Clock } from '@tegata/core';

/**
 * Something fetched when it is first needed and kept for a while, such as a provider's metadata: the server starts without
 * asking anybody. Calls at once share one request. A failure is kept too, for some seconds, so that people who try again
 * do not become a storm on a provider that is down; what was fetched before goes on being used meanwhile.
 */
export const createDiscovered = <Value>({
  fetch,
  clock,
  keepMs,
  retryMs,
}: {
  fetch: () => Promise<Value>;
  clock: Clock;
  keepMs: number;
  retryMs: number;
}): (() => Promise<Value>) => {
  let kept: { value: Value; until: number } | undefined;
  let failed: { error: unknown; until: number } | undefined;
  let running: Promise<Value> | undefined;

  const run = async (): Promise<Value> => {
    try {
      const value = await fetch();
      kept = { value, until: clock() + keepMs };
      failed = undefined;
      return value;
    } catch (error) {
      failed = { error, until: clock() + retryMs };
      if (kept) return kept.value;
      throw error;
    } finally {
      running = undefined;
    }
  };

  return async () => {
    const now = clock();
    if (kept && kept.until > now) return kept.value;
    if (failed && failed.until > now) {
      if (kept) return kept.value;
      throw failed.error;
    }
    running ??= run();
    return running;
  };
};
