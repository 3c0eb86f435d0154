// When a worker that ended by itself is started again. One that served for a while had bad luck and is replaced at once;
// one that ends again and again would otherwise burn a core by starting, and fill the log.

const livedLongMs = 60_000;
const firstPauseMs = 100;
const longestPauseMs = 30_000;

/** `crashes`: how often in a row the workers of this place ended soon after they were started, before this time. */
export const nextRestart = (crashes: number, livedMs: number): { crashes: number; delayMs: number } => {
  if (livedMs >= livedLongMs) return { crashes: 0, delayMs: 0 };
  return { crashes: crashes + 1, delayMs: Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(crashes, 16)) };
};
