import { expect, test, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { startOtlpReceiver } from '../otlp-receiver.ts';
import { spawnScript, startServerProcess, temporaryFolder } from '../server-process.ts';

vi.setConfig({ testTimeout: 60_000 });

type Line = { level: string; msg: string; trace_id?: string; span_id?: string; reason?: string; route?: string };
const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

const traced = async (endpoint: string) =>
  startServerProcess({
    TEGATA_DATA_DIR: await temporaryFolder(),
    LOG_LEVEL: 'info',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  });

test('the log of a request has the id of its trace, and what was not sent yet is sent at the end', async () => {
  const receiver = await startOtlpReceiver();
  const server = await traced(receiver.url);
  await fetch(`${server.url}/health/live`);
  await fetch(`${server.url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com', password: 'correct horse battery', name: 'Ada' }),
  });
  const { code, stdout } = await server.stop();
  expect(code).toBe(0);
  const spans = receiver.spans();
  const requests = linesOf(stdout).filter(({ msg }) => msg === 'request');
  expect(requests).toHaveLength(2);
  for (const { trace_id, span_id, route } of requests) {
    expect(spans.find(({ spanId }) => spanId === span_id)).toMatchObject({
      traceId: trace_id,
      attributes: { 'http.route': route },
    });
  }
  // The audit line of what the request did is under the same id.
  const audit = linesOf(stdout).filter(({ msg }) => msg === 'audit');
  expect(audit[0]?.trace_id).toBe(requests.find(({ route }) => route?.endsWith('/register'))?.trace_id);
});

test('nobody notices a collector that is away: one line in the log, no later answer, no later end', async () => {
  const server = await traced(`http://127.0.0.1:${await freePort()}`);
  for (let each = 0; each < 200; each += 1) expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
  await vi.waitFor(() => expect(server.stdout()).toContain('traces are not taken'), { timeout: 20_000, interval: 100 });
  for (let each = 0; each < 50; each += 1) expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
  const { code, stdout, stderr } = await server.stop();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const warned = linesOf(stdout).filter(({ level }) => level !== 'info');
  expect(warned).toEqual([
    expect.objectContaining({
      level: 'warn',
      reason: 'ECONNREFUSED',
      msg: 'traces are not taken: check OTEL_EXPORTER_OTLP_ENDPOINT and what it names',
    }),
  ]);
});

test('a collector that takes everything and never answers does not keep the server from answering and from ending', async () => {
  const receiver = await startOtlpReceiver({ answerWith: () => 'nothing' });
  const server = await traced(receiver.url);
  await fetch(`${server.url}/health/live`);
  await vi.waitFor(() => expect(receiver.posts.length).toBeGreaterThan(0), { timeout: 20_000 });
  expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
  expect((await server.stop()).code).toBe(0);
});

test('one that comes back is heard of, once', async () => {
  let status = 503;
  const receiver = await startOtlpReceiver({ answerWith: () => status });
  const server = await traced(receiver.url);
  const ask = () => fetch(`${server.url}/health/live`);
  const saidOf = (what: string) => linesOf(server.stdout()).filter(({ msg }) => msg.startsWith(what)).length;
  const hears = (what: string) =>
    vi.waitFor(
      async () => {
        await ask();
        expect(saidOf(what)).toBe(1);
      },
      { timeout: 30_000, interval: 200 },
    );
  await hears('traces are not taken');
  status = 200;
  await hears('traces are taken again');
  await server.stop();
  expect([saidOf('traces are not taken'), saidOf('traces are taken again')]).toEqual([1, 1]);
});

test.each([
  ['', false],
  ['http://127.0.0.1:9', true],
])('with the endpoint "%s" the library is loaded: %s', async (endpoint, loaded) => {
  const { finished } = spawnScript(new URL('loaded-modules.ts', import.meta.url).pathname, [], {
    TEGATA_DATA_DIR: await temporaryFolder(),
    LOG_LEVEL: 'silent',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  });
  const { code, stdout, stderr } = await finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { status, modules } = JSON.parse(stdout) as { status: number; modules: string[] };
  expect(status).toBe(200);
  expect(modules.length).toBeGreaterThan(100);
  // The metrics library has the API, which does nothing by itself.
  expect(modules.some((url) => /\/@opentelemetry\/(?!api\/)/.test(url))).toBe(loaded);
  expect(modules.some((url) => /observe\/(tracing|traced-parts)\.ts/.test(url))).toBe(loaded);
});
