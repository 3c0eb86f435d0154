import { Unavailable } from '@tegata/core';
import { expect, test } from 'vitest';
import { execute } from '../database.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { ada, asBrowser, failure, goodPassword, inJapanese, invalid, me, signedUp, signIn, startCookie } from './people.ts';

// What is the same for every call of the contract: its errors outside any use case, its headers, its description.

const signInWith = async (body: string, headers: Record<string, string> = {}) => {
  const server = await startCookie();
  return server.call('POST', '/auth/signin', { body, headers });
};

test.each(['{', '', 'null', '[]', '"text"', '{"email": "a"', '\u0000'])('%j is no JSON object: 400', async (body) => {
  const answer = await signInWith(body);
  expect([answer.status, answer.body]).toEqual([400, failure('bad_request', 'Invalid request body')]);
});

test('another content type is 415, more than 64 KiB 413, in the contract’s shape', async () => {
  const text = await signInWith('{}', { 'content-type': 'text/plain' });
  expect([text.status, text.body]).toEqual([415, failure('bad_request', 'Content-Type must be application/json')]);
  const big = await signInWith(JSON.stringify({ email: ada, password: 'x'.repeat(65_536) }));
  expect([big.status, big.body]).toEqual([413, failure('bad_request', 'Request body is too large')]);
});

test('unknown paths are 404, unknown methods 405 with Allow', async () => {
  const server = await startCookie();
  for (const path of ['/auth/nowhere', '/auth/signin/', '/auth/SIGNIN', '/nowhere', '/auth']) {
    const answer = await server.call('POST', path, { body: {} });
    expect([path, answer.status, answer.body]).toEqual([path, 404, failure('not_found', 'Not found')]);
  }
  const expected: Record<string, string> = {
    '/auth/signup': 'POST',
    '/auth/signin': 'POST',
    '/auth/signout': 'POST',
    '/auth/signout-all': 'POST',
    '/auth/refresh': 'POST',
    '/auth/forgot-password': 'POST',
    '/auth/me': 'GET, HEAD',
    '/auth/account': 'DELETE',
    '/auth/change-password': 'PUT',
    '/auth/reset-password': 'GET, HEAD, POST',
  };
  for (const [path, allow] of Object.entries(expected)) {
    const answer = await server.call('PATCH', path, { body: {} });
    expect([path, answer.status, answer.body]).toEqual([path, 405, failure('bad_request', 'Method not allowed')]);
    expect(answer.headers.get('allow')).toBe(allow);
  }
});

test('the errors outside any use case are in Japanese where that is preferred, by the highest weight', async () => {
  const server = await startCookie();
  const says = async (language: string) =>
    (await server.call('GET', '/auth/nowhere', { headers: { 'accept-language': language } })).body.error;
  expect(await says('ja')).toBe('見つかりません');
  expect(await says('fr, ja-JP;q=0.8, en;q=0.5')).toBe('見つかりません');
  expect(await says('ja;q=0.1, en')).toBe('Not found');
  expect(await says('fr')).toBe('Not found');
  const answer = await server.call('POST', '/auth/signin', { body: {}, headers: inJapanese });
  expect(answer.body).toEqual({
    ...failure('validation_errors', '入力内容に誤りがあります'),
    errors: [
      { field: 'email', message: 'メールアドレスを入力してください' },
      { field: 'password', message: 'パスワードを入力してください' },
    ],
  });
});

test('something unexpected is a 500 that tells nothing', async () => {
  const server = await startCookie();
  const person = await signedUp(server, ada);
  execute(server, 'alter table users rename to users_gone');
  const answer = await me(server, asBrowser(person));
  expect([answer.status, answer.body]).toEqual([500, failure('internal_server_error', 'Internal server error')]);
});

test('while passwords cannot be hashed it is 503 with Retry-After, and counts as no failure', async () => {
  const server = await startCookie({ TEGATA_LOCKOUT_THRESHOLD: '2' });
  await signedUp(server, ada);
  const { hasher } = server.engine.deps;
  const { verify } = hasher;
  hasher.verify = () => Promise.reject(new Unavailable('the lane is full', { retryAfterSeconds: 3 }));
  for (const _ of [1, 2, 3]) {
    const answer = await signIn(server, ada);
    expect([answer.status, answer.body]).toEqual([
      503,
      failure('service_unavailable', 'Service temporarily unavailable. Please try again'),
    ]);
    expect(answer.headers.get('retry-after')).toBe('3');
  }
  hasher.verify = verify;
  expect((await signIn(server, ada)).status).toBe(200);
});

test('every answer has an id, forbids caching and says nothing to other sites', async () => {
  const server = await startCookie();
  const person = await signedUp(server, ada);
  for (const answer of [person.answer, await me(server), await me(server, asBrowser(person)), await signIn(server, ada)]) {
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w.-]{8,64}$/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('vary')).toMatch(/\bOrigin\b/);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  }
});

test('a page of an allowed origin reads answers and refusals, and may PUT and DELETE', async () => {
  const origin = 'https://app.example.com';
  const server = await startCookie({ TEGATA_ALLOWED_ORIGINS: origin });
  const person = await signedUp(server, ada, { headers: { origin } });
  const { cookie } = asBrowser(person);
  const passwords = { current_password: goodPassword, new_password: 'short' };
  const answers = [
    person.answer,
    await me(server, { headers: { origin } }),
    await server.call('PUT', '/auth/change-password', { cookie, body: passwords, headers: { origin } }),
  ];
  for (const { headers } of answers) {
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
  }
  const preflight = await server.call('OPTIONS', '/auth/change-password', {
    headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-csrf-token' },
  });
  expect(preflight.headers.get('access-control-allow-methods')?.split(',')).toEqual(
    expect.arrayContaining(['GET', 'POST', 'PUT', 'DELETE']),
  );
  expect(preflight.headers.get('access-control-allow-headers')).toMatch(/x-csrf-token/i);
});

test('of duplicate members the last counts, and unknown ones are ignored', async () => {
  const server = await startCookie();
  await signedUp(server, ada);
  const body = `{"email":"x","email":"${ada}","password":"${goodPassword}","nonsense":{"deep":[1]}}`;
  expect((await server.call('POST', '/auth/signin', { body })).status).toBe(200);
  const wrongType = await server.call('POST', '/auth/signin', { body: { email: {}, password: goodPassword } });
  expect(wrongType.body).toEqual(invalid({ field: 'email', message: 'email is required' }));
});

test('broken cookie headers are no credentials, and never more than that', async () => {
  const server = await startCookie();
  for (const cookie of [
    'access_token',
    '=x; access_token="',
    ';;;',
    'access_token=%',
    'access_token=\u00e9; x',
    `a=${'x'.repeat(4000)}`,
  ]) {
    const [answer] = await sendRaw(server, Buffer.from(rawRequest('GET /auth/me', [`Cookie: ${cookie}`]), 'latin1'));
    expect([cookie, answer?.status]).toEqual([cookie, 401]);
  }
});

test('the OpenAPI document describes every call of the contract, and nothing of contracts that are not mounted', async () => {
  const server = await startCookie();
  const { body } = await server.call('GET', '/openapi.json');
  const calls = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(calls.sort()).toEqual([
    'DELETE /auth/account',
    'GET /auth/me',
    'GET /auth/oauth',
    'GET /auth/oauth/{provider}/authorize',
    'POST /auth/forgot-password',
    'POST /auth/oauth/{provider}',
    'POST /auth/refresh',
    'POST /auth/reset-password',
    'POST /auth/signin',
    'POST /auth/signout',
    'POST /auth/signout-all',
    'POST /auth/signup',
    'PUT /auth/change-password',
  ]);
  const signUp = body.paths['/auth/signup'].post;
  expect(signUp.requestBody.content['application/json'].schema).toMatchObject({ required: ['email', 'password'] });
  expect(Object.keys(signUp.responses)).toEqual(expect.arrayContaining(['201', '400', '403', '409', '429', '503']));
  expect(body.paths['/auth/me'].get.security).toEqual([{ access_token: [] }, { access_cookie: [] }]);
  expect(body.components.schemas.CookieError.properties.error_type.enum).toHaveLength(9);
  expect(body.paths['/auth/me'].get.responses['200'].content['application/json'].schema.properties.user.required).toEqual([
    ...['id', 'email', 'name', 'is_active', 'email_verified', 'created_at', 'updated_at'],
  ]);
  const reference = (await server.call('GET', '/docs')).body;
  expect(reference).toContain('is_active: boolean');
  const both = await startCookie({ TEGATA_CONTRACTS: 'cookie,standard' });
  const ids = Object.values((await both.call('GET', '/openapi.json')).body.paths).flatMap((methods) =>
    Object.values(methods as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});
