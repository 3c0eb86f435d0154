import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createLimits } from '../adapters/limits.ts';
import { readEventLoopDelay } from './event-loop.ts';
import { createMetrics, type Figures } from './metrics.ts';
import { createTally, logInRefusals } from './tally.ts';

const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

/** Every metric there is, those of PostgreSQL, Redis and asymmetric keys too. */
const all = (changes: Partial<Figures> = {}) =>
  createMetrics({
    hashing: () => ({ running: 1, queued: 2, refused: 3, completed: 4 }),
    outbox: async () => ({ waiting: 4, oldestSeconds: 5 }),
    feed: () => ({ readers: 6, lookAgeSeconds: 0.25 }),
    revocationLagSeconds: () => 0.1,
    tally: createTally().counts,
    isDatabaseReady: async () => true,
    eventLoopDelay: () => ({ p50: 0, p99: 0.1, max: 0.2 }),
    memoryBytes: () => 7,
    pool: () => ({ total: 8, idle: 7, waiting: 0 }),
    isRedisReady: () => false,
    signingKeyAgeSeconds: async () => 86_400,
    ...changes,
  });

const linesOf = async (metrics: ReturnType<typeof createMetrics>) => (await metrics.expose()).split('\n');

test('docs/metrics.md has every metric with its type and labels, and no other', async () => {
  const metrics = all();
  metrics.observe('/a', 200, 0.01);
  const lines = await linesOf(metrics);
  const types = lines.flatMap((line) => /^# TYPE (\S+) (\S+)$/.exec(line)?.slice(1).join(' ') ?? []);
  const rows = read('docs/metrics.md')
    .split('\n')
    .flatMap((line) => {
      const [, name, type, labels] = /^\| `(tegata_\w+)` \| (counter|gauge|histogram) \| ([^|]*)\|/.exec(line) ?? [];
      return name ? [{ name, type, labels: [...(labels ?? '').matchAll(/`(\w+)`/g)].map(([, label]) => label) }] : [];
    });
  expect(rows.map(({ name, type }) => `${name} ${type}`).sort()).toEqual(types.sort());
  expect(types.length).toBeGreaterThanOrEqual(20);
  for (const { name, labels } of rows) {
    const sample = lines.find((line) => new RegExp(`^${name}(_count)?[{ ]`).test(line));
    // Of limits nothing is known before one refuses.
    if (!sample) expect(name).toBe('tegata_rate_limited_total');
    else expect([...sample.matchAll(/(\w+)="/g)].map(([, label]) => label)).toEqual(labels);
  }
});

test('every query of the dashboard, and of the page, asks for metrics and labels that exist', async () => {
  const metrics = all();
  metrics.observe('/a', 200, 0.01);
  const text = await metrics.expose();
  const names = new Set([...text.matchAll(/^(tegata_\w+?)(?:\{| )/gm)].map(([, name]) => name));
  names.add('tegata_rate_limited_total');
  const dashboard = JSON.parse(read('deploy/grafana/tegata.json')) as {
    panels: { title: string; targets: { expr: string; legendFormat: string }[] }[];
  };
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(queries.length).toBeGreaterThan(15);
  const asked = new Set(
    [...queries, ...read('docs/metrics.md').split('\n')].flatMap((query) => query.match(/tegata_\w+/g) ?? []),
  );
  asked.delete('tegata_http_request_seconds');
  expect([...asked].filter((name) => !names.has(name))).toEqual([]);
  for (const type of queries.flatMap((query) => [...query.matchAll(/type="([^"]+)"/g)].map(([, type]) => type))) {
    expect(text).toContain(`tegata_events_total{type="${type}"}`);
  }
  for (const name of names) {
    if (!/_(sum|count|bucket)$/.test(name ?? '')) expect(read('deploy/grafana/tegata.json'), name).toContain(name);
  }
});

test('events are counted by type, log-ins by outcome, and what nobody knows is other', async () => {
  const tally = createTally();
  const lines = () => linesOf(all({ tally: tally.counts }));
  expect(await lines()).toContain('tegata_log_ins_total{outcome="locked"} 0');
  tally.event({ type: 'session.started' });
  for (const reason of [...logInRefusals, 'google: state_mismatch', 'canary', undefined]) {
    tally.event({ type: 'session.start_refused', reason });
  }
  tally.event({ type: 'session.reuse_detected' });
  tally.purged(500);
  const after = await lines();
  for (const outcome of ['started', ...logInRefusals, 'provider']) {
    expect(after).toContain(`tegata_log_ins_total{outcome="${outcome}"} 1`);
  }
  expect(after).toContain('tegata_log_ins_total{outcome="other"} 2');
  expect(after).toContain(`tegata_events_total{type="session.start_refused"} ${logInRefusals.length + 3}`);
  expect(after).toContain('tegata_events_total{type="session.reuse_detected"} 1');
  expect(after).toContain('tegata_purged_rows_total 500');
  expect(after.join('\n')).not.toMatch(/canary|google/);
});

test('what a limit refuses is counted by the bucket, not by whom', async () => {
  const tally = createTally();
  const limits = tally.limits(createLimits());
  const bucket = { name: 'standard:login', points: 2, windowSeconds: 60 };
  for (let each = 0; each < 5; each += 1) await limits.take(bucket, '203.0.113.7');
  const text = await all({ tally: tally.counts }).expose();
  expect(text).toContain('tegata_rate_limited_total{bucket="standard:login"} 3');
  expect(text).not.toContain('203.0.113.7');
});

test('without its database a server still shows what it can, and that the database is away', async () => {
  let away = false;
  const metrics = all({
    isDatabaseReady: async () => !away,
    outbox: async () => {
      if (away) throw new Error('away');
      return { waiting: 4, oldestSeconds: 5 };
    },
  });
  expect(await linesOf(metrics)).toContain('tegata_database_ready 1');
  away = true;
  const lines = await linesOf(metrics);
  expect(lines).toContain('tegata_database_ready 0');
  expect(lines).toContain('tegata_outbox_waiting 4');
  expect(lines).toContain('tegata_hashing_queued 2');
});

test('an event loop that was held up is seen, once', async () => {
  readEventLoopDelay();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const until = performance.now() + 150;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 60));
  const { max, p50 } = readEventLoopDelay();
  expect(max).toBeGreaterThan(0.08);
  expect(p50).toBeLessThanOrEqual(max);
});
