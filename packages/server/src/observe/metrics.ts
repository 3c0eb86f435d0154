import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What operators watch, in the Prometheus text format. Labels are routes and statuses, never ids or addresses. */
export const createMetrics = (read: {
  hashing: () => { running: number; queued: number; refused: number };
  outbox: () => Promise<{ waiting: number; oldestSeconds: number }>;
  /** Undefined without Redis. */
  isRedisReady?: (() => boolean) | undefined;
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
  const gauge = (name: string, help: string, value: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await value());
      },
    });
  gauge('tegata_hashing_running', 'Password hashes being computed', () => read.hashing().running);
  gauge('tegata_hashing_queued', 'Password hashes waiting for a place in the lane', () => read.hashing().queued);
  gauge('tegata_hashing_refused_total', 'Password hashes refused with 503', () => read.hashing().refused);
  gauge('tegata_outbox_waiting', 'Mails not sent yet', async () => (await read.outbox()).waiting);
  gauge('tegata_outbox_oldest_seconds', 'Age of the oldest mail not sent yet', async () => (await read.outbox()).oldestSeconds);

  const { isRedisReady } = read;
  if (isRedisReady)
    gauge('tegata_redis_ready', 'Whether Redis is connected: 1, or 0 while limits are counted by each node', () =>
      Number(isRedisReady()),
    );

  return {
    observe: (route: string, status: number, seconds: number) => {
      requests.inc({ route, status });
      duration.observe({ route }, seconds);
    },
    expose: () => registry.metrics(),
    contentType: registry.contentType,
  };
};
export type Metrics = ReturnType<typeof createMetrics>;
