import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { execute } from '../database.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { inJapanese, loggedIn, me, registered } from './people.ts';
import { rows } from './stored.ts';
import { tampered, tokenIn } from './tokens.ts';

const path = '/api/v1/me';
const ada = 'ada@example.com';

const withHeader = (server: TestServer, authorization: string): Promise<Answer> =>
  server.call('GET', path, { headers: { authorization } });

const update = (server: TestServer, token: string, body: unknown, headers = {}): Promise<Answer> =>
  server.call('PATCH', path, { token, body, headers });

describe('GET /api/v1/me', () => {
  test('S3.135 S3.153 S3.173 gives the user itself', async () => {
    const server = await startServer();
    const { userId } = await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    const answer = await me(server, accessToken);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      data: {
        id: userId,
        email: ada,
        name: 'Ada Lovelace',
        status: 'active',
        email_verified: true,
        created_at: '2030-01-15T09:00:00.000Z',
        updated_at: '2030-01-15T09:00:00.000Z',
      },
      meta: null,
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  test('S3.135 without the header: the header is required', async () => {
    const server = await startServer();
    for (const answer of [await me(server, undefined), await withHeader(server, ''), await withHeader(server, '   ')]) {
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({
        error: { code: 'UNAUTHORIZED', message: 'authorization header required' },
        meta: null,
      });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
    }
  });

  test('a header of another form is malformed', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    const malformed = [
      ...['Bearer', 'Bearer ', 'Bearer  ', accessToken, `Basic ${accessToken}`, `Bearer${accessToken}`],
      ...[`Bearer ${accessToken} ${accessToken}`, `Bearer ${accessToken},`, `Bearer "${accessToken}"`],
      ...[`Bearer ${accessToken}, Bearer ${accessToken}`, `Token ${accessToken}`, 'Bearer é', `Bearer\u00a0${accessToken}`],
    ];
    for (const header of malformed) {
      const answer = await withHeader(server, header);
      expect(answer.status, header).toBe(401);
      expect(answer.body, header).toEqual({
        error: { code: 'UNAUTHORIZED', message: 'invalid authorization header format' },
        meta: null,
      });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
    }
  });

  test('the scheme counts in any case, and the spaces behind it do not (RFC 9110, section 11.1)', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    for (const header of [`bearer ${accessToken}`, `BEARER ${accessToken}`, `Bearer   ${accessToken}  `]) {
      expect((await withHeader(server, header)).status, header).toBe(200);
    }
  });

  test('S3.174 a token that is none of ours is invalid', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken, refreshCookie } = await loggedIn(server, ada);
    for (const token of ['x', 'a.b.c', tampered(accessToken), tokenIn(refreshCookie), accessToken.slice(0, -1)]) {
      const answer = await me(server, token);
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({
        error: { code: 'UNAUTHORIZED', message: 'invalid or expired token', reason: 'token_invalid' },
        meta: null,
      });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata", error="invalid_token"');
    }
  });

  test('S3.2 S3.155 a token lives for 15 minutes, to the second, and then has a code of its own', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    server.advance({ minutes: 14, seconds: 59 });
    expect((await me(server, accessToken)).status).toBe(200);
    server.advance({ seconds: 1 });
    const answer = await me(server, accessToken);
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      error: { code: 'TOKEN_EXPIRED', message: 'invalid or expired token', reason: 'token_expired' },
      meta: null,
    });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata", error="invalid_token"');
  });

  test('S3.175 a token whose session is over has been revoked, with the reason', async () => {
    const server = await startServer();
    const { userId } = await registered(server, ada);
    const revoked = async (end: (token: string) => Promise<unknown>, reason: string) => {
      const { accessToken } = await loggedIn(server, ada);
      await end(accessToken);
      const answer = await me(server, accessToken);
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({
        error: { code: 'UNAUTHORIZED', message: 'token has been revoked', reason },
        meta: null,
      });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata", error="invalid_token"');
    };
    await revoked((token) => server.call('POST', '/api/v1/auth/logout', { token }), 'logged_out');
    await revoked((token) => server.call('POST', '/api/v1/auth/logout-all', { token }), 'logged_out_everywhere');
    await revoked(async () => execute(server, 'delete from sessions'), 'session_unknown');
    for (const status of ['suspended', 'deactivated'] as const) {
      await revoked(() => server.engine.auth.setUserStatus({ userId, status }), `account_${status}`);
      await server.engine.auth.setUserStatus({ userId, status: 'active' });
    }
  });

  test('a user who lost the active state behind the back of every session is out with the next request', async () => {
    const server = await startServer();
    const { userId } = await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    execute(server, "update users set inactive_reason = 'suspended' where id = ?", userId);
    execute(server, 'delete from active_users where user_id = ?', userId);
    expect((await me(server, accessToken)).body.error.reason).toBe('account_suspended');
  });

  test('no cookie stands in for the header, and a good cookie rescues no bad header', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken, refreshCookie } = await loggedIn(server, ada);
    const cookie = `access_token=${accessToken}; ${refreshCookie}`;
    expect((await server.call('GET', path, { cookie })).body.error.message).toBe('authorization header required');
    expect((await server.call('GET', path, { cookie, token: 'x' })).body.error.message).toBe('invalid or expired token');
    expect((await server.call('GET', `${path}?access_token=${accessToken}`)).status).toBe(401);
  });

  test('two Authorization headers are no credential', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    const lines = [`Authorization: Bearer ${accessToken}`, 'Authorization: Bearer x'];
    for (const headers of [lines, lines.toReversed()]) {
      const [answer] = await sendRaw(server, rawRequest(`GET ${path}`, headers));
      expect(answer?.status).toBe(401);
    }
  });

  test('the texts follow Accept-Language, codes and reasons do not', async () => {
    const server = await startServer();
    const answer = await server.call('GET', path, { headers: inJapanese });
    expect(answer.body.error).toEqual({ code: 'UNAUTHORIZED', message: 'Authorization ヘッダーが必要です' });
    const invalid = await server.call('GET', path, { token: 'x', headers: inJapanese });
    expect(invalid.body.error).toEqual({
      code: 'UNAUTHORIZED',
      message: 'トークンが無効か、有効期限が切れています',
      reason: 'token_invalid',
    });
  });

  test('600 calls a minute and user: the next one waits, another user does not', async () => {
    const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
    await registered(server, ada);
    await registered(server, 'ben@example.com');
    const one = await loggedIn(server, ada);
    const two = await loggedIn(server, ada);
    const answers = await Promise.all(Array.from({ length: 600 }, (_, index) => me(server, (index % 2 ? one : two).accessToken)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const refused = await me(server, one.accessToken);
    expect(refused.status).toBe(429);
    expect(refused.body.error.code).toBe('RATE_LIMIT_EXCEEDED');
    expect(refused.headers.get('ratelimit-policy')).toBe('"standard:me";q=600;w=60');
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    const ben = await loggedIn(server, 'ben@example.com');
    expect((await me(server, ben.accessToken)).status).toBe(200);
  });
});

describe('PATCH /api/v1/me', () => {
  test('changes the name, trimmed, and tells when', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    server.advance({ minutes: 5 });
    const answer = await update(server, accessToken, { name: '  Ada, Countess of Lovelace 👩🏽‍💻  ' });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toMatchObject({
      name: 'Ada, Countess of Lovelace 👩🏽‍💻',
      created_at: '2030-01-15T09:00:00.000Z',
      updated_at: '2030-01-15T09:05:00.000Z',
    });
    expect(answer.body.meta).toBeNull();
    expect((await me(server, accessToken)).body).toEqual(answer.body);
  });

  test('sets the picture, keeps it while only the name changes, and removes it with null', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    const url = 'https://cdn.example.com/ada.png?size=2&v=1#x';
    expect((await update(server, accessToken, { avatar_url: url })).body.data).toMatchObject({
      name: 'Ada Lovelace',
      avatar_url: url,
    });
    expect((await update(server, accessToken, { name: 'Ada' })).body.data).toMatchObject({ name: 'Ada', avatar_url: url });
    const removed = await update(server, accessToken, { avatar_url: null });
    expect(removed.body.data).not.toHaveProperty('avatar_url');
    expect((await me(server, accessToken)).body.data).not.toHaveProperty('avatar_url');
  });

  test('takes https pictures and no other', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    const wrong = [
      ...['http://example.com/a.png', 'ftp://example.com/a', 'javascript:alert(1)', 'data:image/png;base64,AAAA'],
      ...['//example.com/a.png', '/a.png', 'example.com/a.png', '', ' ', 'https:', 'https://', 'https:example.com'],
      ...['https:/example.com', 'https://exa mple.com', 'https://[::1', 5, true, [], {}],
    ];
    for (const avatar_url of wrong) {
      const answer = await update(server, accessToken, { avatar_url });
      expect(answer.status, String(avatar_url)).toBe(400);
      expect(answer.body.error).toEqual({
        code: 'VALIDATION_ERROR',
        message: 'validation failed',
        details: [{ field: 'avatar_url', message: 'avatar_url must be an https URL' }],
      });
    }
    const long = await update(server, accessToken, { avatar_url: `https://example.com/${'a'.repeat(2048)}` });
    expect(long.body.error.details).toEqual([{ field: 'avatar_url', message: 'avatar_url is too long' }]);
  });

  test('a name has 1 to 100 characters, counted as people count, and none that controls', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    const wrong: [name: unknown, message: string][] = [
      ['', 'name must be 1 to 100 characters'],
      [' \t\n ', 'name must be 1 to 100 characters'],
      ['a'.repeat(101), 'name must be 1 to 100 characters'],
      ['😀'.repeat(101), 'name must be 1 to 100 characters'],
      ['a\r\nBcc: eve@example.com', 'name must not contain control characters'],
      ['a\u0000b', 'name must not contain control characters'],
      ['a\u009bb', 'name must not contain control characters'],
      ['half \ud83d', 'name must not contain control characters'],
      [null, 'name is required'],
      [5, 'name is required'],
      [['Ada'], 'name is required'],
    ];
    for (const [name, message] of wrong) {
      const answer = await update(server, accessToken, { name });
      expect(answer.status, JSON.stringify(name)).toBe(400);
      expect(answer.body.error.details, JSON.stringify(name)).toEqual([{ field: 'name', message }]);
    }
    for (const name of ['a', 'a'.repeat(100), '😀'.repeat(100), "O'Brien", '山田 太郎', '<b>Ada</b>', '../../etc/passwd']) {
      expect((await update(server, accessToken, { name })).body.data.name).toBe(name);
    }
  });

  test('all that is wrong is told at once, in the language asked for', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    const answer = await update(server, accessToken, { name: '', avatar_url: 'http://example.com' }, inJapanese);
    expect(answer.body.error).toEqual({
      code: 'VALIDATION_ERROR',
      message: '入力内容に誤りがあります',
      details: [
        { field: 'name', message: '名前は1〜100文字で入力してください' },
        { field: 'avatar_url', message: 'avatar_url には https のURLを指定してください' },
      ],
    });
  });

  test('nothing else can be changed by naming it, whatever it is called', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    const { data: before } = (await me(server, accessToken)).body;
    const stored = () => ({
      ...rows(server, 'select id, locale, inactive_reason, created_at from users')[0],
      ...rows(server, 'select email, is_primary, verified_at from user_emails')[0],
      ...rows(server, 'select password_hash from password_credentials')[0],
    });
    const storedBefore = stored();
    const foreign = fc.constantFrom(
      ...['id', 'email', 'status', 'email_verified', 'emailVerified', 'created_at', 'createdAt', 'updated_at', 'locale'],
      ...['inactive_reason', 'password', 'password_hash', 'role', 'is_admin', 'user_id', 'user', 'data', 'avatarUrl', 'Name'],
      ...['__proto__', 'constructor', 'prototype', 'toString', '', '$set', 'name[]', 'name.x'],
    );
    const body = fc.dictionary(foreign, fc.oneof(fc.jsonValue(), fc.constant('eve@example.com'), fc.constant('suspended')));
    await fc.assert(
      fc.asyncProperty(body, async (fields) => {
        const answer = await update(server, accessToken, JSON.stringify({ ...fields, toJSON: undefined }));
        expect(answer.status).toBe(200);
        expect(answer.body.data).toEqual({ ...before, updated_at: expect.any(String) });
      }),
      { numRuns: 60 },
    );
    const polluting = await update(server, accessToken, '{"__proto__":{"status":"suspended","name":"Eve"},"constructor":{}}');
    expect(polluting.body.data).toEqual({ ...before, updated_at: expect.any(String) });
    expect(stored()).toEqual(storedBefore);
  });

  test('one person changes nobody else', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { userId } = await registered(server, 'ben@example.com');
    const { accessToken } = await loggedIn(server, ada);
    await update(server, accessToken, { id: userId, name: 'Eve' });
    const ben = await loggedIn(server, 'ben@example.com');
    expect((await me(server, ben.accessToken)).body.data.name).toBe('Ada Lovelace');
  });

  test('needs a log-in, and is told so before the body is looked at', async () => {
    const server = await startServer();
    const answer = await server.call('PATCH', path, { body: '{"name":' });
    expect(answer.status).toBe(401);
    expect(answer.body.error.message).toBe('authorization header required');
  });
});
