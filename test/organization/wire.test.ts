import { expect, test } from 'vitest';
import { organization } from '../../packages/server/src/http/contracts/organization/index.ts';
import type { Problem } from '../../packages/server/src/http/problem.ts';
import { execute } from '../database.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import {
  asBrowser,
  authRequired,
  failure,
  inEnglish,
  invalidToken,
  loggedIn,
  logOut,
  me,
  path,
  refreshed,
  registered,
  startOrganization,
} from './people.ts';

// What holds for every call of the contract: shapes, languages, and the requests that are none.

const ada = 'ada@example.com';

const calls = ['register', 'login', 'logout', 'refresh', 'password-reset/request', 'password-reset/confirm'];

test('S2.2 S2.185 register, log out, log in, refresh, look, log out: a program’s whole day, with the header', async () => {
  const server = await startOrganization();
  const person = await registered(server, ada);
  expect((await logOut(server, { token: person.accessToken })).status).toBe(200);
  const again = await loggedIn(server, ada, { rememberMe: true });
  server.advance({ minutes: 16 });
  expect((await me(server, { token: again.accessToken })).body.error.code).toBe('TOKEN_EXPIRED');
  const next = await refreshed(server, { body: { refreshToken: again.refreshToken } });
  const shown = await me(server, { token: next.accessToken });
  expect(shown.body.data.user.id).toBe(person.answer.body.data.user.id);
  expect((await logOut(server, { token: next.accessToken })).status).toBe(200);
  expect((await me(server, { token: next.accessToken })).body).toEqual(invalidToken);
});

test('S2.7 X24 the same day in a browser, which reads nothing but the CSRF cookie', async () => {
  const server = await startOrganization();
  const person = await registered(server, ada);
  expect((await me(server, { cookie: asBrowser(person).cookie })).status).toBe(200);
  server.advance({ minutes: 16 });
  const { cookie: _, ...withoutAccess } = asBrowser(person);
  const next = await refreshed(server, { ...withoutAccess, cookie: `${person.refreshCookie}; ${person.csrfCookie}` });
  expect((await me(server, { cookie: asBrowser(next).cookie })).status).toBe(200);
  expect((await logOut(server, asBrowser(next))).status).toBe(200);
  expect((await me(server, { cookie: 'theme=dark' })).body).toEqual(authRequired);
});

test('texts are Japanese unless English is asked for', async () => {
  const server = await startOrganization();
  const told = async (language: string | undefined) =>
    (await me(server, language === undefined ? {} : { headers: { 'accept-language': language } })).body.error.message;
  for (const language of [undefined, '', 'ja', 'ja-JP,en;q=0.5', 'fr', '*', 'de,*;q=0.5', 'en;q=0.3,ja;q=0.8']) {
    expect({ language, text: await told(language) }).toEqual({ language, text: '認証が必要です' });
  }
  for (const language of ['en', 'en-US,en;q=0.9', 'fr,en;q=0.8,ja;q=0.7', 'EN']) {
    expect({ language, text: await told(language) }).toEqual({ language, text: 'Authentication is required' });
  }
});

test('S2.42 an unknown path is 404 and a wrong method 405 in the contract’s shape', async () => {
  const server = await startOrganization();
  for (const target of [
    path('nothing'),
    '/api/auth',
    '/api/other',
    '/api/auth/login/',
    '/api/auth/LOGIN',
    '/api/v1/auth/login',
  ]) {
    const answer = await server.call('PUT', target, { body: {} });
    expect({ target, status: answer.status }).toEqual({ target, status: 404 });
    expect(answer.body).toEqual(failure('NOT_FOUND', 'リソースが見つかりません'));
  }
  for (const call of calls) {
    const answer = await server.call('GET', path(call));
    expect([answer.status, answer.body]).toEqual([405, failure('METHOD_NOT_ALLOWED', 'このメソッドは使用できません')]);
    expect(answer.headers.get('allow')).toBe('POST');
  }
  const posted = await server.call('POST', path('me'), { body: {} });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const english = await server.call('GET', path('nothing'), { headers: inEnglish });
  expect(english.body).toEqual(failure('NOT_FOUND', 'The resource was not found'));
});

test('what is no JSON object is 400, another content type 415, more than 64 KiB 413, in the contract’s shape', async () => {
  const server = await startOrganization();
  const withBody = calls.filter((call) => call !== 'logout');
  for (const call of withBody) {
    for (const body of ['{', '[]', 'null', '"text"', '7', '{"email":}']) {
      const answer = await server.call('POST', path(call), { body });
      expect({ call, body, status: answer.status, is: answer.body }).toEqual({
        call,
        body,
        status: 400,
        is: failure('INVALID_REQUEST', 'リクエスト本文の形式が正しくありません'),
      });
    }
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
    ]) {
      const answer = await server.call('POST', path(call), { body: '{}', headers: { 'content-type': type } });
      expect({ call, type, status: answer.status, is: answer.body }).toEqual({
        call,
        type,
        status: 415,
        is: failure('UNSUPPORTED_MEDIA_TYPE', 'Content-Type には application/json を指定してください'),
      });
    }
    const large = await server.call('POST', path(call), { body: { email: 'x'.repeat(65_536) } });
    expect([large.status, large.body]).toEqual([413, failure('PAYLOAD_TOO_LARGE', 'リクエスト本文が大きすぎます')]);
  }
});

test('S2.151 a body without the required fields is 422 and names each of them', async () => {
  const server = await startOrganization();
  const fields = async (call: string) => Object.keys((await server.call('POST', path(call), { body: {} })).body.error.details);
  expect(await fields('register')).toEqual(['email', 'password', 'name', 'organizationName']);
  expect(await fields('login')).toEqual(['email', 'password']);
  expect(await fields('password-reset/request')).toEqual(['email']);
  expect(await fields('password-reset/confirm')).toEqual(['token', 'password']);
});

test('malformed cookie headers are no login and no fault', async () => {
  const server = await startOrganization();
  for (const cookie of [
    'access_token',
    '=x',
    ';;;',
    'access_token="',
    'access_token=%',
    'access_token=a b',
    `x=${'y'.repeat(8000)}`,
  ]) {
    const [answer] = await sendRaw(server, rawRequest('GET /api/auth/me', [`Cookie: ${cookie}`]));
    expect({ cookie, status: answer?.status }).toEqual({ cookie, status: 401 });
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ success: false });
  }
});

test('S2.155 a fault is 500 in the contract’s shape and tells nothing of what broke', async () => {
  const server = await startOrganization();
  const { accessToken } = await registered(server, ada);
  execute(server, 'alter table memberships rename to elsewhere');
  const answer = await me(server, { token: accessToken });
  expect([answer.status, answer.body]).toEqual([500, failure('INTERNAL_SERVER_ERROR', '内部サーバーエラーが発生しました')]);
  const english = await me(server, { token: accessToken, headers: inEnglish });
  expect(english.body).toEqual(failure('INTERNAL_SERVER_ERROR', 'An internal server error occurred'));
});

test('S2.42 every problem has a code, a status and a text of its own in both languages', () => {
  const limit = { name: 'x', points: 1, windowSeconds: 60, allowed: false, remaining: 0, resetSeconds: 60 };
  const problems: [Problem, number, string][] = [
    [{ kind: 'validation', issues: [{ field: 'x', message: 'words of the library' }] }, 422, 'VALIDATION_ERROR'],
    [{ kind: 'invalid_json' }, 400, 'INVALID_REQUEST'],
    [{ kind: 'unsupported_media_type' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [{ kind: 'body_too_large' }, 413, 'PAYLOAD_TOO_LARGE'],
    [{ kind: 'foreign_origin' }, 403, 'PERMISSION_DENIED'],
    [{ kind: 'not_found' }, 404, 'NOT_FOUND'],
    [{ kind: 'method_not_allowed', allow: ['GET'] }, 405, 'METHOD_NOT_ALLOWED'],
    [{ kind: 'rate_limited', limit }, 429, 'RATE_LIMIT_EXCEEDED'],
    [{ kind: 'unavailable', retryAfterSeconds: 1 }, 503, 'SERVICE_UNAVAILABLE'],
    [{ kind: 'internal' }, 500, 'INTERNAL_SERVER_ERROR'],
  ];
  const messages = problems.map(([problem, status, code]) =>
    (['ja', 'en'] as const).map((locale) => {
      const answer = organization.present(problem, locale);
      expect(answer).toMatchObject({ status, body: { success: false, error: { code, message: expect.any(String) } } });
      const { error } = answer.body as { error: { message: string; details?: Record<string, unknown> } };
      // Texts of one language hold none of the other.
      const everything = [
        error.message,
        ...Object.values(error.details ?? {}).filter((value) => typeof value === 'string'),
      ].join();
      expect(/[ぁ-んァ-ヶ]/.test(everything)).toBe(locale === 'ja');
      return error.message;
    }),
  );
  expect(new Set(messages.flat()).size).toBe(2 * problems.length);
});

test('its calls are in the reference, with the very fields that are validated', async () => {
  const server = await startOrganization({ TEGATA_CONTRACTS: 'organization,standard' });
  const { body } = await server.call('GET', '/openapi.json');
  for (const call of calls) expect(body.paths[path(call)].post.responses).toHaveProperty('429');
  const { schema } = body.paths[path('register')].post.requestBody.content['application/json'];
  expect(Object.keys(schema.properties)).toEqual(['email', 'password', 'name', 'organizationName']);
  expect(schema.required).toEqual(['email', 'password', 'name', 'organizationName']);
  expect(body.paths[path('me')].get.parameters).toMatchObject([{ name: 'fields', in: 'query', required: false }]);
  expect(body.components.schemas).toHaveProperty('OrganizationError');
  const operations = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(new Set(operations).size).toBe(operations.length);
  const page = await server.call('GET', '/docs');
  expect(page.status).toBe(200);
  for (const call of [...calls, 'me']) expect(page.body).toContain(path(call));
});
