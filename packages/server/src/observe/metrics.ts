import { type Aggregator, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { addUp, type MetricParts } from '../workers/shared-metrics.ts';
import type { Counts, Tally } from './tally.ts';

/** Where the figures come from, asked at each scrape. */
export type Figures = {
  hashing: () => { running: number; queued: number; refused: number; completed: number };
  outbox: () => Promise<{ waiting: number; oldestSeconds: number }>;
  feed: () => { readers: number; lookAgeSeconds: number };
  /** Since it was read last. */
  revocationLagSeconds: () => number;
  tally: Tally['counts'];
  isDatabaseReady: () => Promise<boolean>;
  /** Since it was read last. */
  eventLoopDelay: () => { p50: number; p99: number; max: number };
  memoryBytes: () => number;
  /** Undefined over SQLite, which has no pool. */
  pool?: (() => { total: number; idle: number; waiting: number }) | undefined;
  /** Undefined without `REDIS_URL`. */
  isRedisReady?: (() => boolean) | undefined;
  /** Undefined with HS256, whose key is as old as the secret. */
  signingKeyAgeSeconds?: (() => Promise<number | undefined>) | undefined;
  /** Given what reads the figures of this process, gives what reads those of the others. */
  siblings?: ((own: () => Promise<MetricParts>) => () => Promise<MetricParts[]>) | undefined;
};

/**
 * What operators watch, in the Prometheus text format; docs/metrics.md has a line for each. Labels are routes, statuses and
 * names from lists of ours, never ids or addresses. Where several processes serve behind one port, whichever is asked
 * answers with the sum of all.
 */
export const createMetrics = (read: Figures) => {
  const registry = new Registry();
  const { gauge, gauges, counter } = collectors(registry);
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
  counter('tegata_rate_limited_total', 'Attempts that a rate limit refused', () => read.tally().limited, 'bucket');

  counter('tegata_events_total', 'Security events, as the audit log has them', () => read.tally().events, 'type');
  counter('tegata_log_ins_total', 'Log-ins by what came of them', () => read.tally().logIns, 'outcome');

  gauge('tegata_hashing_running', 'Password hashes being computed', () => read.hashing().running);
  gauge('tegata_hashing_queued', 'Password hashes waiting for a place in the lane', () => read.hashing().queued);
  counter('tegata_hashing_completed_total', 'Password hashes computed', () => read.hashing().completed);
  counter('tegata_hashing_refused_total', 'Password hashes refused with 503', () => read.hashing().refused);

  // All processes read the same outbox.
  gauge('tegata_outbox_waiting', 'Mails not sent yet', async () => (await read.outbox()).waiting, 'max');
  const oldestSeconds = async () => (await read.outbox()).oldestSeconds;
  gauge('tegata_outbox_oldest_seconds', 'Age of the oldest mail not sent yet', oldestSeconds, 'max');

  gauge('tegata_revocation_feed_readers', 'Verifiers that hear of revocations from this server', () => read.feed().readers);
  const lookAge = () => read.feed().lookAgeSeconds;
  gauge('tegata_revocation_look_age_seconds', 'Since revocations were last looked for; 0 without readers', lookAge, 'max');
  const lagHelp = 'From a revocation until the verifiers were told: the longest since it was asked last';
  gauge('tegata_revocation_lag_seconds', lagHelp, read.revocationLagSeconds, 'max');

  gauge('tegata_database_ready', 'Whether the database answers: 1 or 0', async () => Number(await read.isDatabaseReady()), 'min');
  const { pool, isRedisReady, signingKeyAgeSeconds } = read;
  if (pool) gauges('tegata_database_connections', 'Connections to PostgreSQL, and who waits for one', 'state', pool);
  if (isRedisReady) {
    const ready = () => Number(isRedisReady());
    gauge('tegata_redis_ready', 'Whether Redis is connected: 1, or 0 while limits are counted by each node', ready, 'min');
  }
  counter('tegata_purged_rows_total', 'Rows removed because they were over', () => read.tally().purgedRows);
  if (signingKeyAgeSeconds)
    gauge('tegata_signing_key_age_seconds', 'Age of the key that signs access tokens', signingKeyAgeSeconds, 'max');

  gauges(
    'tegata_event_loop_delay_seconds',
    'How late the event loop was since it was asked last',
    'quantile',
    read.eventLoopDelay,
    'max',
  );
  gauge('tegata_memory_bytes', 'Resident memory', read.memoryBytes);
  gauge('tegata_processes', 'Processes that serve', () => 1);

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

/** Metrics that are read when somebody asks. `aggregator`: how the values of several processes become one. */
const collectors = (registry: Registry) => {
  const registers = [registry];
  return {
    gauge: (
      name: string,
      help: string,
      value: () => number | undefined | Promise<number | undefined>,
      aggregator: Aggregator = 'sum',
    ) =>
      new Gauge({
        name,
        help,
        registers,
        aggregator,
        async collect() {
          // While the database is away the rest is wanted most: what comes from it stays as it was.
          const read = await Promise.resolve()
            .then(value)
            .catch(() => undefined);
          if (read !== undefined) this.set(read);
        },
      }),

    gauges: (name: string, help: string, label: string, values: () => Record<string, number>, aggregator: Aggregator = 'sum') =>
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers,
        aggregator,
        collect() {
          for (const [which, value] of Object.entries(values())) this.set({ [label]: which }, value);
        },
      }),

    /** What was counted elsewhere: one number, or one for each value of the label. */
    counter: (name: string, help: string, counted: () => number | Counts, label?: string) =>
      new Counter({
        name,
        help,
        labelNames: label === undefined ? [] : [label],
        registers,
        collect() {
          this.reset();
          const now = counted();
          if (typeof now === 'number') this.inc(now);
          else if (label !== undefined) for (const [which, count] of now) this.inc({ [label]: which }, count);
        },
      }),
  };
};
