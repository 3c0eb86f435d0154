import { describe, expect, test } from 'vitest';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { startServer, type TestServer } from '../server.ts';
import { goodPassword, inJapanese, loggedIn, me, registered } from '../standard/people.ts';

const notFound = { error: { code: 'NOT_FOUND', message: 'not found' }, meta: null };
const notAllowed = { error: { code: 'INVALID_REQUEST', message: 'method not allowed' }, meta: null };

/** Every documented path with its methods, and the ones that belong to no contract. */
const documented = async (server: TestServer): Promise<[path: string, methods: string[]][]> => {
  const { paths } = (await server.call('GET', '/openapi.json')).body as { paths: Record<string, object> };
  const calls = Object.entries(paths).map(([path, methods]): [string, string[]] => [
    path.replaceAll(/\{\w+\}/g, '0190b6f0-0000-7000-8000-000000000000'),
    Object.keys(methods).map((method) => method.toUpperCase()),
  ]);
  // A POST to the list of providers has left out the provider's name, and is told so.
  calls.find(([path]) => path === '/api/v1/auth/oauth')?.[1].push('POST');
  const others = ['/health/live', '/health/ready', '/metrics', '/docs', '/openapi.json', '/.well-known/jwks.json', '/'];
  return [...calls, ...others.map((path): [string, string[]] => [path, ['GET']])];
};

/** Status and body of a request with this very target. */
const raw = async (server: TestServer, line: string, headers: string[] = [], body = '') => {
  const [answer, ...more] = await sendRaw(server, rawRequest(line, [...headers, `Content-Length: ${body.length}`], body));
  expect(more).toEqual([]);
  return { status: answer?.status ?? 0, body: answer?.body ?? '', headers: new Headers(answer?.headers) };
};

test('another method under a path that exists is 405, and Allow says which ones do', async () => {
  const server = await startServer();
  for (const [path, methods] of await documented(server)) {
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].toSorted().join(', ');
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY']) {
      if (methods.includes(method)) continue;
      const answer = await server.call(method, path);
      expect(answer.status, `${method} ${path}`).toBe(405);
      expect(answer.headers.get('allow'), `${method} ${path}`).toBe(allow);
      expect(answer.body).toEqual(notAllowed);
    }
  }
});

test('TRACE is refused and echoes nothing, CONNECT opens nothing', async () => {
  const server = await startServer();
  const canary = 'X-Canary: 7f3a9c';
  for (const path of ['/api/v1/me', '/health/live']) {
    const answer = await raw(server, `TRACE ${path}`, [canary]);
    expect(answer.status).toBe(405);
    expect(JSON.parse(answer.body)).toEqual(notAllowed);
    expect(answer.body).not.toContain('7f3a9c');
  }
  expect(await sendRaw(server, rawRequest('CONNECT example.com:443'), 1000)).toEqual([]);
  expect((await server.call('GET', '/health/live')).status).toBe(200);
});

test('a path that does not exist is 404, inside the contract and outside of any', async () => {
  const server = await startServer();
  const paths = [
    '/api/v1/nowhere',
    '/api/v1',
    '/api/v1/',
    '/api/v1/me/nowhere',
    '/api/v2/me',
    '/api',
    '/nowhere',
    '/favicon.ico',
  ];
  const files = ['/.env', '/.git/config', '/package.json', '/auth/../package.json', '/docs/../../package.json', '/tegata.db'];
  for (const path of [...paths, ...files]) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await server.call(method, path);
      expect(answer.status, `${method} ${path}`).toBe(404);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(answer.body).toEqual(notFound);
    }
  }
  const inOther = await server.call('GET', '/nowhere', { headers: inJapanese });
  expect(inOther.body).toEqual({ error: { code: 'NOT_FOUND', message: '見つかりません' }, meta: null });
});

test('the paths of contracts that are not mounted are 404', async () => {
  const server = await startServer();
  for (const path of ['/auth/signin', '/auth/signup', '/auth/me', '/api/auth/login', '/api/auth/register', '/api/me']) {
    const answer = await server.call('POST', path, { body: {} });
    expect(answer.status, path).toBe(404);
    expect(answer.body).toEqual(notFound);
  }
});

test('HEAD answers as GET does, without the body', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken: token } = await loggedIn(server, 'ada@example.com');
  for (const path of ['/api/v1/me', '/api/v1/auth/sessions', '/openapi.json', '/docs', '/health/ready', '/nowhere']) {
    const get = await server.call('GET', path, { token });
    const head = await server.call('HEAD', path, { token });
    expect(head.status, path).toBe(get.status);
    expect(head.body).toBe('');
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
  }
  expect((await server.call('HEAD', '/api/v1/me')).status).toBe(401);
  expect((await server.call('HEAD', '/api/v1/auth/login')).status).toBe(405);
});

test('nothing overrides the method: neither a header, nor the query, nor a field', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken: token } = await loggedIn(server, 'ada@example.com');
  for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
    const headers = { [name]: 'DELETE' };
    expect((await server.call('GET', '/api/v1/me', { token, headers })).body.data.email).toBe('ada@example.com');
    const patched = await server.call('PATCH', '/api/v1/me', { token, headers, body: { password: goodPassword } });
    expect(patched.body.data.email).toBe('ada@example.com');
    expect((await server.call('POST', '/api/v1/me', { token, headers, body: { password: goodPassword } })).status).toBe(405);
  }
  const query = await server.call('POST', '/api/v1/me?_method=DELETE', {
    token,
    body: { _method: 'DELETE', password: goodPassword },
  });
  expect(query.status).toBe(405);
  for (const header of ['x-original-url', 'x-rewrite-url', 'x-forwarded-prefix']) {
    const answer = await server.call('GET', '/health/live', { headers: { [header]: '/api/v1/me' } });
    expect(answer.body).toEqual({ status: 'ok' });
  }
  expect((await me(server, token)).status).toBe(200);
});

describe('other spellings of a path', () => {
  test('that are another path are 404: doubled or trailing slash, case, encoded slash, parameters', async () => {
    const server = await startServer();
    const spellings = [
      ...['//api/v1/auth/login', '/api//v1/auth/login', '/api/v1/auth//login', '/api/v1/auth/login/', '/api/v1/auth/login//'],
      ...[
        '/api/v1/auth/LOGIN',
        '/API/v1/auth/login',
        '/api/v1/auth/login;a=b',
        '/api/v1/auth/login%20',
        '/api/v1/auth/login.json',
      ],
      ...[
        '/api%2Fv1/auth/login',
        '/api/v1/auth%2flogin',
        '/api/v1/auth%252flogin',
        '/api/v1/auth/login%00',
        '/api/v1/auth/login%0d%0a',
      ],
      ...['/api/v1/auth/login%2e', '/api/v1/auth/%ff', '/api/v1/auth/%', '/api/v1/auth/%zz', '/api/v1/auth/%EF%BD%8Cogin'],
      ...['//localhost/api/v1/auth/login', '//evil.example/api/v1/auth/login'],
    ];
    for (const path of spellings) {
      const answer = await raw(server, `POST ${path}`, ['Content-Type: application/json'], '{}');
      expect(answer.status, path).toBe(404);
      expect(JSON.parse(answer.body)).toEqual(notFound);
    }
  });

  test('that are the same one by RFC 3986 reach the same call and the same limits, nothing else', async () => {
    const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
    const spellings = ['/api/v1/auth/login', '/api/v1/auth/%6Cogin', '/%61pi/v1/auth/%6c%6f%67in', '/api/v1/x/../auth/login'];
    const more = ['/api/v1/./auth/login', '/api/v1/x/%2e%2e/auth/login', 'http://evil.example/api/v1/auth/login'];
    for (const [index, path] of [...spellings, ...more].entries()) {
      const body = JSON.stringify({ email: `person-${index}@example.com`, password: 'not the password' });
      const answer = await raw(server, `POST ${path}`, ['Content-Type: application/json'], body);
      expect(answer.status, path).toBe(401);
    }
    for (let each = spellings.length + more.length; each < 10; each += 1) await raw(server, 'POST /api/v1/auth/login');
    for (const path of spellings) expect((await raw(server, `POST ${path}`)).status, path).toBe(429);
  });

  test('of a protected one ask for the token as well', async () => {
    const server = await startServer();
    for (const path of [
      '/api/v1/%6De',
      '/api/v1/auth/../me',
      '/%2e/api/v1/me',
      '/health/../api/v1/me',
      '/docs/%2e%2e/api/v1/me',
    ]) {
      expect((await raw(server, `GET ${path}`)).status, path).toBe(401);
    }
  });

  test('a fragment or a query changes nothing', async () => {
    const server = await startServer();
    expect((await raw(server, 'GET /api/v1/me?/health/live')).status).toBe(401);
    expect((await raw(server, 'GET /health/live?x=%00&%=%&__proto__=1&a[]=1')).status).toBe(200);
    expect((await raw(server, 'GET /api/v1/me#/health/live')).status).toBe(401);
  });
});
