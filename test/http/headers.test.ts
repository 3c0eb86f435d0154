import { describe, expect, test } from 'vitest';
import { execute } from '../database.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { type Answer, type CallOptions, startServer, type TestServer } from '../server.ts';
import { goodPassword, inJapanese, loggedIn, register, registered } from '../standard/people.ts';

const onEveryAnswer = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};
const forPrograms = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const forPeople =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const expectHeaders = ({ headers }: Pick<Answer, 'headers'>, policy: string, caching: string) => {
  expect(headers.get('x-request-id')).toMatch(uuid);
  expect(Object.fromEntries(Object.keys(onEveryAnswer).map((name) => [name, headers.get(name)]))).toEqual(onEveryAnswer);
  expect(headers.get('content-security-policy')).toBe(policy);
  expect(headers.get('cache-control')).toBe(caching);
  expect(headers.get('vary')).toMatch(/\bOrigin\b/);
  for (const name of ['server', 'x-powered-by', 'x-aspnet-version', 'etag']) expect(headers.get(name)).toBeNull();
};

type Case = [status: number, method: string, path: string, options?: CallOptions];

/** An answer of every status, of every part of the server. */
const everyKind = (token: string): Case[] => [
  [200, 'GET', '/api/v1/me', { token }],
  [200, 'HEAD', '/api/v1/me', { token }],
  [201, 'POST', '/api/v1/auth/register', { body: { email: 'ben@example.com', password: goodPassword, name: 'Ben' } }],
  [204, 'OPTIONS', '/api/v1/me', { headers: { origin: 'http://localhost:0', 'access-control-request-method': 'GET' } }],
  [400, 'POST', '/api/v1/auth/login', { body: '{' }],
  [400, 'POST', '/api/v1/auth/login', { body: {} }],
  [401, 'GET', '/api/v1/me'],
  [401, 'POST', '/api/v1/auth/refresh'],
  [403, 'POST', '/api/v1/auth/login', { body: {}, headers: { origin: 'https://evil.example' } }],
  [404, 'GET', '/api/v1/nowhere'],
  [404, 'GET', '/nowhere'],
  [404, 'DELETE', '/api/v1/auth/sessions/1', { token }],
  [405, 'PUT', '/api/v1/me'],
  [405, 'POST', '/openapi.json'],
  [409, 'POST', '/api/v1/auth/register', { body: { email: 'ada@example.com', password: goodPassword, name: 'Ada' } }],
  [413, 'POST', '/api/v1/auth/login', { body: 'x'.repeat(70_000) }],
  [415, 'POST', '/api/v1/auth/login', { body: '{}', headers: { 'content-type': 'text/plain' } }],
  [200, 'GET', '/openapi.json'],
  [200, 'GET', '/health/live'],
  [200, 'GET', '/health/ready'],
  [200, 'GET', '/metrics'],
  [200, 'GET', '/dev/mailbox/messages'],
];

test('every answer, errors included, has a request id and the security headers, and is not stored', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  for (const [status, method, path, options] of everyKind(accessToken)) {
    const answer = await server.call(method, path, options);
    expect(answer.status, `${method} ${path}`).toBe(status);
    expectHeaders(answer, forPrograms, 'no-store');
  }
});

test('pages have them too, with a policy that lets them look like something and no script run', async () => {
  const server = await startServer({ TEGATA_PAGES: 'off' });
  for (const path of ['/', '/docs', '/auth/verify-email?token=x', '/auth/reset-password?token=x', '/auth/undo-email']) {
    expectHeaders(await server.call('GET', path), forPeople, 'no-store');
  }
  const mailbox = await server.call('GET', '/dev/mailbox');
  expectHeaders(mailbox, forPeople.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'"), 'no-store');
});

test('public keys and the style sheets are all that may be kept', async () => {
  const server = await startServer();
  expectHeaders(await server.call('GET', '/.well-known/jwks.json'), forPrograms, 'public, max-age=300');
  for (const path of ['/auth/pages.css', '/auth/theme.css']) {
    expectHeaders(await server.call('GET', path), forPrograms, 'public, max-age=31536000, immutable');
  }
});

test('the published keys hold no secret: a shared key is not among them', async () => {
  const server = await startServer();
  const answer = await server.call('GET', '/.well-known/jwks.json');
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.body).toEqual({ keys: [] });
});

test('a rate limit is told in headers of its own, and every answer to it has the rest as well', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
  for (let each = 0; each < 5; each += 1) await server.call('POST', '/api/v1/auth/password/forgot', { body: {} });
  const answer = await server.call('POST', '/api/v1/auth/password/forgot', { body: {} });
  expect(answer.status).toBe(429);
  expectHeaders(answer, forPrograms, 'no-store');
  const seconds = answer.headers.get('retry-after');
  expect(Number(seconds)).toBeGreaterThan(0);
  expect(answer.headers.get('ratelimit-limit')).toBe('5');
  expect(answer.headers.get('ratelimit-remaining')).toBe('0');
  expect(answer.headers.get('ratelimit-reset')).toBe(seconds);
});

describe('a fault of our own', () => {
  const broken = async (): Promise<TestServer> => {
    const server = await startServer();
    execute(server, 'alter table users rename column name to canary_column');
    return server;
  };

  test('is a 500 in the shape of the contract that says nothing about the inside', async () => {
    const server = await broken();
    const answer = await register(server, 'ada@example.com');
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({ error: { code: 'INTERNAL_ERROR', message: 'internal server error' }, meta: null });
    expectHeaders(answer, forPrograms, 'no-store');
    const inOther = await server.call('POST', '/api/v1/auth/login', {
      body: { email: 'ada@example.com', password: goodPassword },
      headers: inJapanese,
    });
    expect(inOther.body).toEqual({
      error: { code: 'INTERNAL_ERROR', message: '内部サーバーエラーが発生しました' },
      meta: null,
    });
  });
});

describe('X-Request-Id', () => {
  test('of the caller is kept, so that two logs can be read together', async () => {
    const server = await startServer();
    for (const id of ['01J9Z3K4-abc.def_42', '12345678', 'a'.repeat(64)]) {
      const answer = await server.call('GET', '/health/live', { headers: { 'x-request-id': id } });
      expect(answer.headers.get('x-request-id')).toBe(id);
    }
  });

  test('is replaced when it could be something else in a log or a page', async () => {
    const server = await startServer();
    const strange = [
      'short',
      'a'.repeat(65),
      'with space in it',
      '<script>alert(1)</script>',
      '{"level":"error"}',
      'naïve-id-1234',
    ];
    for (const id of strange) {
      const answer = await server.call('GET', '/health/live', { headers: { 'x-request-id': id } });
      expect(answer.headers.get('x-request-id')).toMatch(uuid);
    }
    const twice = rawRequest('GET /health/live', ['X-Request-Id: 12345678', 'X-Request-Id: 87654321']);
    const [answer] = await sendRaw(server, twice);
    expect(answer?.headers.find(([name]) => name === 'x-request-id')?.[1]).toMatch(uuid);
  });

  test('is different for every answer', async () => {
    const server = await startServer();
    const answers = await Promise.all(Array.from({ length: 50 }, () => server.call('GET', '/health/live')));
    expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(50);
  });
});

describe('a request that is not even one', () => {
  test('a target or a host that makes no address is refused, with the same headers and no body', async () => {
    const server = await startServer();
    const requests = [
      rawRequest('GET /health/live', ['Host: two words']),
      rawRequest('GET /health/live', ['Host: evil.example/path']),
      rawRequest('GET /health\\live'),
      rawRequest('OPTIONS *'),
      // Of two names a proxy may have read the other one (RFC 9112, section 3.2).
      rawRequest('GET /health/live', ['Host: localhost', 'Host: evil.example']),
      rawRequest('GET /health/live', ['Host: localhost', 'HOST: localhost']),
      'GET /health/live\r\nHost: localhost\r\n\r\n',
    ];
    for (const request of requests) {
      const [answer, ...more] = await sendRaw(server, request);
      expect(more).toEqual([]);
      expect(answer?.status, request).toBe(400);
      expect(answer?.body).toBe('');
      const headers = new Headers(answer?.headers);
      expect(headers.get('x-request-id')).toMatch(uuid);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe(forPrograms);
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test('headers of more than 16 KiB are 431', async () => {
    const server = await startServer();
    const oversize = [
      [`X-Long: ${'a'.repeat(17_000)}`],
      [`Authorization: Bearer ${'a'.repeat(1_000_000)}`],
      [`Cookie: ${'a=b; '.repeat(10_000)}`],
      Array.from({ length: 2000 }, (_, index) => `X-Header-${index}: value`),
    ];
    for (const headers of oversize) {
      const [answer] = await sendRaw(server, rawRequest('GET /health/live', headers));
      expect(answer?.status).toBe(431);
    }
    const longTarget = await sendRaw(server, rawRequest(`GET /health/live?${'a'.repeat(17_000)}`));
    expect(longTarget[0]?.status).toBe(431);
    expect((await server.call('GET', '/health/live')).status).toBe(200);
  });

  test('what breaks the grammar of HTTP is 400 and the end of the connection', async () => {
    const server = await startServer();
    const requests = [
      'nonsense\r\n\r\n',
      'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n',
      rawRequest('GET /health/live', ['No colon']),
      rawRequest('GET /health/live', ['X-Folded: a\r\n b']),
      rawRequest('GET /health/live', ['X Space: a']),
      rawRequest('POST /api/v1/auth/login', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
      rawRequest('POST /api/v1/auth/login', ['Content-Length: 2', 'Content-Length: 3'], '{}a'),
      rawRequest('POST /api/v1/auth/login', ['Content-Length: -1'], '{}'),
      rawRequest('POST /api/v1/auth/login', ['Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'),
      rawRequest('POST /api/v1/auth/login', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'),
    ];
    for (const request of requests) {
      const answers = await sendRaw(server, `${request}GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      expect(
        answers.map(({ status }) => status),
        JSON.stringify(request),
      ).toEqual([400]);
    }
  });

  test('a balancer that speaks HTTP/1.0 and names no host can ask for health', async () => {
    const server = await startServer();
    const [answer] = await sendRaw(server, 'GET /health/ready HTTP/1.0\r\n\r\n');
    expect(answer?.status).toBe(200);
  });
});
