import { expect, test } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
import { forgot, logIn, registered } from '../standard/people.ts';

const metrics = async (server: TestServer): Promise<string> => (await server.call('GET', '/metrics')).body;

/** Value of the line with this name and these labels. */
const sample = (text: string, line: string): number => {
  const found = text.split('\n').find((each) => each.startsWith(`${line} `));
  if (!found) throw new Error(`no line ${line}`);
  return Number(found.slice(line.length + 1));
};

test('metrics are in the text format of Prometheus, every line of it', async () => {
  const server = await startServer();
  await logIn(server, 'ada@example.com');
  const answer = await server.call('GET', '/metrics');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (answer.body as string).split('\n').filter(Boolean);
  for (const line of lines) {
    expect(line).toMatch(/^(# (HELP|TYPE) tegata_\w+ .+|tegata_\w+(\{(\w+="[^"]*",?)*\})? [\d.e+-]+)$/);
  }
  const types = lines.flatMap((line) => (line.startsWith('# TYPE ') ? [line.slice(7)] : []));
  expect(types).toEqual(
    expect.arrayContaining([
      'tegata_http_requests_total counter',
      'tegata_http_request_seconds histogram',
      'tegata_outbox_waiting gauge',
      'tegata_hashing_queued gauge',
    ]),
  );
});

test('requests are counted by route and status, and waiting mail is shown', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  for (let each = 0; each < 3; each += 1) await logIn(server, 'ada@example.com', { password: 'not the password' });
  await logIn(server, 'ada@example.com');
  await forgot(server, 'ada@example.com');
  server.advance({ minutes: 2 });
  const text = await metrics(server);
  expect(sample(text, 'tegata_http_requests_total{route="/api/v1/auth/login",status="401"}')).toBe(3);
  expect(sample(text, 'tegata_http_requests_total{route="/api/v1/auth/login",status="200"}')).toBe(1);
  expect(sample(text, 'tegata_http_request_seconds_count{route="/api/v1/auth/login"}')).toBe(4);
  expect(sample(text, 'tegata_outbox_waiting')).toBe(1);
  expect(sample(text, 'tegata_outbox_oldest_seconds')).toBe(120);
  expect(sample(text, 'tegata_hashing_running')).toBe(0);
});

test('whatever is asked for, the labels stay few and hold nothing that a caller chose', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  for (let each = 0; each < 100; each += 1) {
    await server.call('GET', `/canary-${each}`);
    await server.call('GET', `/api/v1/canary-${each}`);
    await server.call('DELETE', `/api/v1/auth/sessions/canary-${each}`);
    await server.call('PUT', '/api/v1/me?canary=1');
    await server.call('GET', `/auth/verify-email?token=canary-${each}`);
  }
  const text = await metrics(server);
  expect(text).not.toMatch(/canary|ada@|127\.0\.0\.1/);
  const routes = new Set([...text.matchAll(/route="([^"]*)"/g)].map(([, route]) => route));
  expect(routes.size).toBeLessThan(12);
  expect(routes).toContain('/api/v1/auth/sessions/:id');
});

test('strangers do not read them: with a token only its holder, wherever from', async () => {
  const server = await startServer({ TEGATA_METRICS_TOKEN: 'the-token-of-the-monitoring' });
  for (const headers of [
    {},
    { authorization: 'Bearer wrong' },
    { authorization: 'Bearer ' },
    { authorization: 'the-token-of-the-monitoring' },
    { authorization: 'Bearer the-token-of-the-monitorin' },
    { authorization: 'Bearer the-token-of-the-monitoring2' },
    { authorization: 'Basic the-token-of-the-monitoring' },
  ] as Record<string, string>[]) {
    const answer = await server.call('GET', '/metrics', { headers });
    expect(answer.status, JSON.stringify(headers)).toBe(404);
    expect(answer.body).toEqual({ error: { code: 'NOT_FOUND', message: 'not found' }, meta: null });
  }
  const authorization = 'Bearer the-token-of-the-monitoring';
  expect((await server.call('GET', '/metrics', { headers: { authorization } })).status).toBe(200);
  const proxied = { authorization, 'x-forwarded-for': '203.0.113.7' };
  expect((await server.call('GET', '/metrics', { headers: proxied })).status).toBe(200);
});

test('without a token only this machine reads them, and not through a proxy on it', async () => {
  const server = await startServer({ TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  expect((await server.call('GET', '/metrics')).status).toBe(200);
  for (const headers of [
    { 'x-forwarded-for': '203.0.113.7' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-for': '' },
    { forwarded: 'for=127.0.0.1' },
  ] as Record<string, string>[]) {
    expect((await server.call('GET', '/metrics', { headers })).status, JSON.stringify(headers)).toBe(404);
  }
});
