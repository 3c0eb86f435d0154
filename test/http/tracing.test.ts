import { describe, expect, test } from 'vitest';
import { composeApp } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import type { Contract } from '../../packages/server/src/http/contract.ts';
import { standard } from '../../packages/server/src/http/contracts/standard/index.ts';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { openidClient } from '../oauth/openid-server.ts';
import { ada, logInThrough, startHouse } from '../oauth/people.ts';
import { type ReceivedSpan, startOtlpReceiver } from '../otlp-receiver.ts';
import { cookiePair, startServer } from '../server.ts';
import { goodPassword, loggedIn, logIn, me, register, registered } from '../standard/people.ts';

const childrenOf = (spans: ReceivedSpan[], parent: ReceivedSpan): ReceivedSpan[] => {
  const children = spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId);
  return children.flatMap((child) => [child, ...childrenOf(spans, child)]);
};
const named = (spans: ReceivedSpan[], name: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name);
  if (!found[0]) throw new Error(`no span "${name}" among ${spans.map((span) => span.name).join(', ')}`);
  return found[0];
};

describe('a request', () => {
  test('is one span named by its route, with what it waited for below it', async () => {
    const receiver = await startOtlpReceiver();
    const server = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'the-log-in' });
    await registered(server, 'ada@example.com');
    const { accessToken } = await loggedIn(server, 'ada@example.com');
    expect((await me(server, accessToken)).status).toBe(200);
    await server.close();
    const spans = receiver.spans();
    const logInSpan = named(spans, 'POST /api/v1/auth/login');
    expect(logInSpan).toMatchObject({
      kind: 2,
      attributes: { 'http.request.method': 'POST', 'http.route': '/api/v1/auth/login', 'http.response.status_code': 200 },
      resource: { 'service.name': 'the-log-in', 'service.version': expect.stringMatching(/^\d/) },
    });
    expect(logInSpan.parentSpanId).toBeUndefined();
    const below = childrenOf(spans, logInSpan);
    expect(new Set(below.map(({ traceId }) => traceId))).toEqual(new Set([logInSpan.traceId]));
    expect(named(below, 'hash password').attributes['tegata.hashing.waited_ms']).toBeGreaterThanOrEqual(0);
    const transaction = named(below, 'transaction');
    const inside = childrenOf(spans, transaction);
    const system = server.databaseUrl.startsWith('sqlite') ? 'sqlite' : 'postgresql';
    expect(inside.map(({ name }) => name)).toEqual(expect.arrayContaining(['BEGIN', 'COMMIT', 'INSERT audit_events']));
    expect(named(inside, 'INSERT audit_events')).toMatchObject({
      kind: 3,
      attributes: { 'db.system.name': system, 'db.operation.name': 'INSERT', 'db.collection.name': 'audit_events' },
    });
    // Of a single session check a reader sees at once what it cost.
    const check = childrenOf(spans, named(spans, 'GET /api/v1/me'));
    expect(check.map(({ name }) => name)).toContain(server.redis ? 'redis EVALSHA' : 'SELECT sessions');
    // Nothing makes a trace by itself: neither the worker that looks into the outbox nor the one that purges.
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(roots.filter(({ name }) => !/^(GET|POST) \/|^send mail$/.test(name))).toEqual([]);
  });

  test('goes on with the trace of its caller', async () => {
    const receiver = await startOtlpReceiver();
    const server = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const from = (traceparent: string) => server.call('GET', '/health/live', { headers: { traceparent } });
    await from(`00-${traceId}-00f067aa0ba902b7-01`);
    await from(`00-${'1'.repeat(32)}-00f067aa0ba902b7-00`);
    for (const wrong of [
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `00-${traceId}-01`,
      `ff-${traceId}-00f067aa0ba902b7-01`,
      '',
    ]) {
      await from(wrong);
    }
    await server.close();
    const spans = receiver.spans();
    // The second caller does not sample, and neither do we; what is no traceparent begins a trace of its own.
    expect(spans).toHaveLength(5);
    const continued = spans.filter((span) => span.traceId === traceId);
    expect(continued).toHaveLength(1);
    expect(continued[0]).toMatchObject({ parentSpanId: '00f067aa0ba902b7', kind: 2 });
    expect(spans.filter(({ parentSpanId }) => parentSpanId === undefined)).toHaveLength(4);
  });

  test('that fails is told apart from one that refuses, by a word and without the message', async () => {
    const receiver = await startOtlpReceiver();
    const broken: Contract = {
      ...standard,
      routes: (door) =>
        standard.routes(door).get('/api/v1/broken', () => {
          throw new TypeError('canary in a message');
        }),
    };
    const server = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }, undefined, undefined, [broken]);
    expect((await logIn(server, 'nobody@example.com')).status).toBe(401);
    expect((await server.call('GET', '/api/v1/broken?canary')).status).toBe(500);
    await server.close();
    const refused = named(receiver.spans(), 'POST /api/v1/auth/login');
    expect(refused).toMatchObject({ status: { code: 0 }, attributes: { 'http.response.status_code': 401 } });
    const failed = named(receiver.spans(), 'GET /api/v1/broken');
    expect(failed).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': '500' } });
    expect(JSON.stringify(receiver.posts)).not.toContain('canary');
  });
});

test('a mail is sent in a trace of its own, which does not say to whom', async () => {
  const [receiver, sink] = [await startOtlpReceiver(), await openMailSink()];
  const server = await startServer({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
  });
  await register(server, 'ada@example.com');
  await server.call('POST', '/api/v1/auth/email/resend', { body: { email: 'ada@example.com' } });
  await server.engine.mailWorker.drain();
  await server.close();
  await sink.close();
  expect(sink.recipients()).toEqual(['ada@example.com', 'ada@example.com']);
  const spans = receiver.spans();
  expect(named(spans, 'send mail')).toMatchObject({ kind: 3, status: { code: 0 } });
  expect(named(spans, 'send mail').parentSpanId).toBeUndefined();
  const answering = named(spans, 'answer a request for mail');
  expect(childrenOf(spans, answering).map(({ name }) => name)).toContain('INSERT mail_outbox');
  expect(/ada@|example\.com/.test(JSON.stringify(receiver.posts))).toBe(false);
});

test('calls to a provider are named by its host', async () => {
  const receiver = await startOtlpReceiver();
  const house = await startHouse({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  house.google.people.set('ada', ada);
  expect((await logInThrough(house, 'google', 'ada')).status).toBe(200);
  await house.server.close();
  const spans = receiver.spans();
  const { host } = new URL(house.google.url);
  const asked = childrenOf(spans, named(spans, 'POST /api/v1/auth/oauth/:provider')).filter(({ name }) => name.endsWith(host));
  expect(asked.map(({ name }) => name)).toContain(`POST ${host}`);
  for (const { kind, attributes } of asked) {
    expect({ kind, attributes }).toEqual({
      kind: 3,
      attributes: {
        'http.request.method': expect.stringMatching(/^(GET|POST)$/),
        'server.address': host,
        'http.response.status_code': 200,
      },
    });
  }
  const sent = JSON.stringify(receiver.posts);
  for (const secret of [...house.google.issued, openidClient.secret, 'ada@example.com', 'Ada Lovelace', 'code=', 'state=']) {
    expect(sent.includes(secret), secret).toBe(false);
  }
});

test('no byte that leaves says who somebody is, or opens anything', async () => {
  const receiver = await startOtlpReceiver();
  const server = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  const headers = { 'x-forwarded-for': '203.0.113.77', 'user-agent': 'canary-agent', tracestate: 'canary=state' };
  const call = (method: string, path: string, options: { body?: unknown; token?: string; cookie?: string } = {}) =>
    server.call(method, path, { ...options, headers });
  const email = 'canary.address@example.com';
  const auth = '/api/v1/auth';
  const { body } = await call('POST', `${auth}/register`, { body: { email, password: goodPassword, name: 'Canary Lovelace' } });
  const { links, code } = await server.newestMail(email);
  const verification = new URL(links[0] as string).searchParams.get('token') as string;
  await call('GET', `/auth/verify-email?token=${verification}`);
  await call('POST', `${auth}/email/verify`, { body: { token: verification } });
  await call('POST', `${auth}/login`, { body: { email, password: 'canary-wrong-password' } });
  const answer = await call('POST', `${auth}/login`, { body: { email, password: goodPassword } });
  const token = answer.body.data.access_token;
  const cookie = cookiePair(answer, 'refresh_token');
  const sessions = await call('GET', `${auth}/sessions`, { token });
  await call('GET', '/api/v1/me?canary-query=1', { token });
  const rotated = await call('POST', `${auth}/refresh`, { cookie });
  await call('POST', `${auth}/password/forgot`, { body: { email } });
  const reset = new URL((await server.newestMail(email)).links[0] as string).searchParams.get('token') as string;
  await call('POST', `${auth}/password/reset`, { body: { token: reset, password: 'canary-next-password' } });
  await call('DELETE', `${auth}/sessions/${sessions.body.data[0].id}`, { token });
  await call('CANARY', '/api/v1/me');
  await call('GET', '/canary-path');
  await server.close();
  const sent = JSON.stringify(receiver.posts);
  const secrets = { email, verification, code, token, reset, password: goodPassword, agent: 'canary', person: 'Lovelace' };
  const ids = {
    user: body.data.user_id,
    session: sessions.body.data[0].id,
    address: '203.0.113',
    refreshToken: cookie.split('=')[1],
  };
  const after = { rotated: rotated.body.data.access_token, device: cookiePair(answer, 'tegata_device').split('=')[1] };
  for (const [name, secret] of Object.entries({ ...secrets, ...ids, ...after })) {
    expect(secret, name).toMatch(/^\S[\S ]{5,}$/);
    expect(sent.includes(secret as string), name).toBe(false);
  }
  // The journey was traced: what was searched is not empty.
  const names = receiver.spans().map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      `POST ${auth}/register`,
      `DELETE ${auth}/sessions/:id`,
      `POST ${auth}/password/reset`,
      'hash password',
    ]),
  );
});

describe('sampling', () => {
  const spansWith = async (settings: Record<string, string>, requests: number, headers: Record<string, string> = {}) => {
    const receiver = await startOtlpReceiver();
    const server = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/base/`, ...settings });
    for (let each = 0; each < requests; each += 1) await server.call('GET', '/health/ready', { headers });
    await server.close();
    return receiver;
  };

  test('always_off sends nothing, a part of the traces is whole traces, and headers and path are those of the collector', async () => {
    expect((await spansWith({ OTEL_TRACES_SAMPLER: 'always_off' }, 5)).posts).toEqual([]);
    const receiver = await spansWith(
      {
        OTEL_TRACES_SAMPLER: 'traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.5',
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20of-the-collector,x-tenant=a%2Cb',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging,service.name=door',
      },
      60,
    );
    const spans = receiver.spans();
    const roots = spans.filter(({ kind }) => kind === 2);
    // 60 coins: fewer than 10 or more than 50 heads is rarer than one in ten million.
    expect(roots.length).toBeGreaterThan(9);
    expect(roots.length).toBeLessThan(51);
    for (const root of roots) expect(childrenOf(spans, root).length).toBeGreaterThan(0);
    expect(spans).toHaveLength(roots.length + roots.flatMap((root) => childrenOf(spans, root)).length);
    expect(receiver.posts[0]).toMatchObject({
      path: '/base/v1/traces',
      headers: { authorization: 'Bearer of-the-collector', 'x-tenant': 'a,b', 'content-type': 'application/json' },
    });
    expect(spans[0]?.resource).toMatchObject({ 'service.name': 'door', 'deployment.environment.name': 'staging' });
  });

  test('a stranger cannot have everything traced where the sampler does not ask the caller', async () => {
    const traceparent = `00-${'a'.repeat(32)}-00f067aa0ba902b7-01`;
    expect((await spansWith({ OTEL_TRACES_SAMPLER: 'always_off' }, 3, { traceparent })).posts).toEqual([]);
    const asked = await spansWith({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 3, { traceparent });
    expect(asked.spans().filter(({ kind }) => kind === 2)).toHaveLength(3);
  });
});

test('without an endpoint nothing stands around the parts, and no middleware before the others', async () => {
  const receiver = await startOtlpReceiver();
  const [off, on] = [await startServer(), await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })];
  const routesOf = (server: typeof off) => {
    const config = parseConfig({ TEGATA_DATA_DIR: server.dataDir });
    return composeApp(config, server.engine, { isStopping: () => false }).routes.length;
  };
  expect(off.engine.tracing).toBeUndefined();
  expect(routesOf(on)).toBe(routesOf(off) + 1);
});
