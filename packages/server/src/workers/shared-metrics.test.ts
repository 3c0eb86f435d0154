import { expect, test } from 'vitest';
import { createMetrics } from '../observe/metrics.ts';
import { createTally } from '../observe/tally.ts';
import { type MetricParts, remains } from './shared-metrics.ts';

/** The metrics of one process; `figures` reads them as the others get them. */
const ofProcess = (hashing: { running: number; queued: number; refused: number }, waiting = 0) => {
  let figures: () => Promise<MetricParts> = async () => [];
  const others: MetricParts[] = [];
  const metrics = createMetrics({
    hashing: () => ({ ...hashing, completed: 0 }),
    outbox: async () => ({ waiting, oldestSeconds: 2 * waiting }),
    feed: () => ({ readers: 0, lookAgeSeconds: 0 }),
    revocationLagSeconds: () => 0.1,
    tally: createTally().counts,
    isDatabaseReady: async () => true,
    eventLoopDelay: () => ({ p50: 0, p99: 0.001, max: 0.002 }),
    memoryBytes: () => 100,
    siblings: (own) => {
      figures = own;
      return async () => others;
    },
  });
  return { metrics, figures: () => figures(), others };
};

test('counters, histograms and what is in hand add up; what all read from one database counts once', async () => {
  const asked = ofProcess({ running: 1, queued: 4, refused: 2 }, 7);
  const other = ofProcess({ running: 1, queued: 0, refused: 3 }, 8);
  for (let i = 0; i < 3; i += 1) asked.metrics.observe('/a', 200, 0.01);
  for (let i = 0; i < 4; i += 1) other.metrics.observe('/a', 200, 0.01);
  other.metrics.observe('/b', 404, 0.01);
  asked.others.push(structuredClone(await other.figures()));
  const text = await asked.metrics.expose();
  for (const line of [
    'tegata_http_requests_total{route="/a",status="200"} 7',
    'tegata_http_requests_total{route="/b",status="404"} 1',
    'tegata_http_request_seconds_count{route="/a"} 7',
    'tegata_hashing_running 2',
    'tegata_hashing_queued 4',
    'tegata_hashing_refused_total 5',
    'tegata_outbox_waiting 8',
    'tegata_outbox_oldest_seconds 16',
    'tegata_processes 2',
    'tegata_memory_bytes 200',
    'tegata_database_ready 1',
    'tegata_event_loop_delay_seconds{quantile="max"} 0.002',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(await asked.metrics.expose()).toBe(text);
});

test('what a process counted stays when it ends, and what it was doing does not', async () => {
  const asked = ofProcess({ running: 1, queued: 0, refused: 0 });
  let kept: MetricParts = [];
  for (let life = 0; life < 3; life += 1) {
    const other = ofProcess({ running: 1, queued: 5, refused: 2 });
    other.metrics.observe('/a', 200, 0.01);
    kept = await remains(kept, structuredClone(await other.figures()));
  }
  asked.others.push(structuredClone(kept));
  const lines = (await asked.metrics.expose()).split('\n');
  expect(lines).toContain('tegata_http_requests_total{route="/a",status="200"} 3');
  expect(lines).toContain('tegata_http_request_seconds_count{route="/a"} 3');
  expect(lines).toContain('tegata_hashing_refused_total 6');
  expect(lines).toContain('tegata_hashing_running 1');
  expect(lines).toContain('tegata_hashing_queued 0');
});
