// How late the event loop was: what every request waits, whatever it asks for. One measurement for the process.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** A timer every 20 ms costs nothing that can be measured. */
const resolutionMs = 20;
let histogram: ReturnType<typeof begin> | undefined;

/** Since it was read last, in seconds. */
export const readEventLoopDelay = (): { p50: number; p99: number; max: number } => {
  histogram ??= begin();
  // The timer's own interval is in each value.
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000);
  const nothing = histogram.count === 0;
  const read = { p50: histogram.percentile(50), p99: histogram.percentile(99), max: histogram.max };
  histogram.reset();
  return nothing ? { p50: 0, p99: 0, max: 0 } : { p50: seconds(read.p50), p99: seconds(read.p99), max: seconds(read.max) };
};

const begin = () => {
  const begun = monitorEventLoopDelay({ resolution: resolutionMs });
  begun.enable();
  return begun;
};
