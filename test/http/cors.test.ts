import { expect, test } from 'vitest';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { startServer } from '../server.ts';
import { goodPassword, loggedIn, logIn, registered } from '../standard/people.ts';

const app = 'https://app.example.com';
const settings = { TEGATA_URL: 'https://auth.example.com', TEGATA_ALLOWED_ORIGINS: `${app}, http://localhost:5173` };

const foreign = [
  'https://evil.example',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://app.example.com.evil.example',
  'https://evil.example/https://app.example.com',
  'https://sub.app.example.com',
  'https://app.example.comevil',
  'https://xapp.example.com',
  'https://app.example.com/',
  'HTTPS://APP.EXAMPLE.COM',
  'https://app.example.com, https://evil.example',
  'null',
  '*',
  '',
  'file://',
];

const isCors = (headers: Headers) => [...headers.keys()].some((name) => name.startsWith('access-control-'));

test('an allowed origin may read answers with cookies, and learns what the limits say', async () => {
  const server = await startServer(settings);
  for (const origin of [app, 'http://localhost:5173', 'https://auth.example.com']) {
    for (const [method, path] of [
      ['GET', '/api/v1/me'],
      ['POST', '/api/v1/auth/login'],
      ['GET', '/nowhere'],
    ] as const) {
      const { headers } = await server.call(method, path, { headers: { origin } });
      expect(headers.get('access-control-allow-origin'), `${origin} ${path}`).toBe(origin);
      expect(headers.get('access-control-allow-credentials')).toBe('true');
      expect(headers.get('access-control-expose-headers')).toBe('Retry-After,RateLimit,RateLimit-Policy,X-Request-Id');
      expect(headers.get('vary')).toMatch(/\bOrigin\b/);
    }
  }
});

test('any other origin gets no permission at all, and caches are told that it depends on the origin', async () => {
  const server = await startServer(settings);
  for (const origin of foreign) {
    for (const path of ['/api/v1/me', '/.well-known/jwks.json', '/openapi.json', '/nowhere']) {
      const { headers } = await server.call('GET', path, { headers: { origin } });
      expect(isCors(headers), `${origin} ${path}`).toBe(false);
      expect(headers.get('vary')).toMatch(/\bOrigin\b/);
    }
  }
  const { headers } = await server.call('GET', '/.well-known/jwks.json');
  expect(isCors(headers)).toBe(false);
  expect(headers.get('vary')).toMatch(/\bOrigin\b/);
});

test('a preflight of an allowed origin is answered for every path, one of another is not', async () => {
  const server = await startServer(settings);
  const ask = (origin: string, method: string) =>
    server.call('OPTIONS', '/api/v1/me', {
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type',
      },
    });
  const allowed = await ask(app, 'PATCH');
  expect(allowed.status).toBe(204);
  expect(allowed.body).toBe('');
  expect(allowed.headers.get('access-control-allow-origin')).toBe(app);
  expect(allowed.headers.get('access-control-allow-methods')).toBe('GET,POST,PUT,PATCH,DELETE');
  expect(allowed.headers.get('access-control-allow-headers')).toBe('Authorization,Content-Type,X-CSRF-Token,X-Request-Id');
  expect(allowed.headers.get('access-control-max-age')).toBe('600');
  for (const origin of foreign) {
    const refused = await ask(origin, 'PATCH');
    expect(refused.status, origin).toBe(405);
    expect(isCors(refused.headers)).toBe(false);
  }
});

test('two Origin headers are the origin of nobody', async () => {
  const server = await startServer(settings);
  for (const lines of [
    [app, 'https://evil.example'],
    ['https://evil.example', app],
  ]) {
    const [answer] = await sendRaw(
      server,
      rawRequest(
        'GET /api/v1/me',
        lines.map((origin) => `Origin: ${origin}`),
      ),
    );
    expect(isCors(new Headers(answer?.headers))).toBe(false);
  }
});

test('a foreign origin neither starts a session nor uses the cookie of one, and changes nothing', async () => {
  const server = await startServer(settings);
  await registered(server, 'ada@example.com');
  const { refreshCookie: cookie } = await loggedIn(server, 'ada@example.com');
  const body = { email: 'ada@example.com', password: goodPassword };
  for (const origin of foreign) {
    const headers = { origin };
    for (const [path, options] of [
      ['/api/v1/auth/login', { body, headers }],
      ['/api/v1/auth/register', { body: { ...body, email: 'ben@example.com', name: 'Ben' }, headers }],
      ['/api/v1/auth/refresh', { cookie, headers }],
      ['/api/v1/auth/logout', { cookie, headers }],
    ] as const) {
      const answer = await server.call('POST', path, options);
      expect(answer.status, `${origin} ${path}`).toBe(403);
      expect(answer.body.error).toEqual({
        code: 'FORBIDDEN',
        message: 'request from a foreign origin',
        reason: 'foreign_origin',
      });
      expect(answer.cookies).toEqual([]);
    }
  }
  const own = await server.call('POST', '/api/v1/auth/refresh', { cookie, headers: { origin: app } });
  expect(own.status).toBe(200);
  expect((await logIn(server, 'ada@example.com', { headers: { origin: app } })).status).toBe(200);
});

test('without an Origin the browser may say where the request comes from', async () => {
  const server = await startServer(settings);
  await registered(server, 'ada@example.com');
  const { refreshCookie: cookie } = await loggedIn(server, 'ada@example.com');
  const refresh = async (site: string) =>
    (await server.call('POST', '/api/v1/auth/refresh', { cookie, headers: { 'sec-fetch-site': site } })).status;
  for (const site of ['cross-site', 'same-site', 'nonsense', '']) expect(await refresh(site), site).toBe(403);
  for (const site of ['same-origin', 'none']) expect(await refresh(site), site).toBe(200);
});
