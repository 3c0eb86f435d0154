// The figures of several processes as one. A counter must not fall because a worker ended: what its counters had reached
// is kept and added from then on.

import { AggregatorRegistry, type MetricType } from 'prom-client';

/** The figures of one process, as the metrics library writes them as JSON. */
export type MetricParts = readonly { type: MetricType }[];

const merge = (parts: readonly MetricParts[]) => AggregatorRegistry.aggregate(parts as unknown as object[]);

/** In the Prometheus text format. */
export const addUp = (parts: readonly MetricParts[]): Promise<string> => merge(parts).metrics();

/** What remains of a process that ended: what it counted, not what it was doing. */
export const remains = async (before: MetricParts, ended: MetricParts): Promise<MetricParts> => {
  // Written as words where they come from another process.
  const counted = ended.filter(({ type }) => ['counter', 'histogram'].includes(String(type)));
  return merge([before, counted]).getMetricsAsJSON();
};
