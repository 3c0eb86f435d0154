import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { addUp, type MetricParts } from '../workers/shared-metrics.ts';

/**
 * What operators watch, in the Prometheus text format. Labels are routes and statuses, never ids or addresses. Where
 * several processes serve behind one port, whichever is asked answers with the sum of all.
 */
export const createMetrics = (read: {
  hashing: () => { running: number; queued: number; refused: number };
  outbox: () => Promise<{ waiting: number; oldestSeconds: number }>;
  feedReaders: () => number;
  /** Given what reads the figures of this process, gives what reads those of the others. */
  siblings?: ((own: () => Promise<MetricParts>) => () => Promise<MetricParts[]>) | undefined;
}) => {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'tegata_http_requests_total',
    help: 'Requests answered',
    labelNames: ['route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'tegata_http_request_seconds',
    help: 'Time to answer',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  /** `aggregator`: how the values of several processes become one. */
  const gauge = (name: string, help: string, value: () => number | Promise<number>, aggregator: 'sum' | 'max' = 'sum') =>
    new Gauge({
      name,
      help,
      registers,
      aggregator,
      async collect() {
        this.set(await value());
      },
    });
  gauge('tegata_hashing_running', 'Password hashes being computed', () => read.hashing().running);
  gauge('tegata_hashing_queued', 'Password hashes waiting for a place in the lane', () => read.hashing().queued);
  gauge('tegata_revocation_feed_readers', 'Verifiers that hear of revocations from this server', read.feedReaders);
  new Counter({
    name: 'tegata_hashing_refused_total',
    help: 'Password hashes refused with 503',
    registers,
    collect() {
      this.reset();
      this.inc(read.hashing().refused);
    },
  });
  // All processes read the same outbox.
  gauge('tegata_outbox_waiting', 'Mails not sent yet', async () => (await read.outbox()).waiting, 'max');
  const oldestSeconds = async () => (await read.outbox()).oldestSeconds;
  gauge('tegata_outbox_oldest_seconds', 'Age of the oldest mail not sent yet', oldestSeconds, 'max');

  const ofOthers = read.siblings?.(() => registry.getMetricsAsJSON());
  return {
    observe: (route: string, status: number, seconds: number) => {
      requests.inc({ route, status });
      duration.observe({ route }, seconds);
    },
    expose: async () => (ofOthers ? addUp([await registry.getMetricsAsJSON(), ...(await ofOthers())]) : registry.metrics()),
    contentType: registry.contentType,
  };
};
export type Metrics = ReturnType<typeof createMetrics>;
