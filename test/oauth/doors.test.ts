import { describe, expect, test } from 'vitest';
import { cookiePair } from '../server.ts';
import { inJapanese, registered } from '../standard/people.ts';
import { count } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import { ada, begin, callback, finish, logInThrough, type OauthPaths, octocat, startHouse, visit } from './people.ts';

// The same use cases behind the other doors, each in its own shape.

const inEnglish = { 'accept-language': 'en' };

const start = async (contracts: string) => {
  const house = await startHouse({ TEGATA_CONTRACTS: contracts });
  house.google.people.set('ada', ada);
  house.google.people.set('unverified', { email: 'ada@example.com', email_verified: false });
  house.google.people.set('nobody', {});
  house.github.people.set('ada', octocat('ada@example.com'));
  return house;
};

describe('contract cookie', () => {
  const paths: OauthPaths = { prefix: '/auth/oauth', urlIn: (body) => body.url };

  test('a log-in through a provider sets the three cookies, and the session is one of its own', async () => {
    const house = await start('cookie');
    const { server } = house;
    for (const isNew of [true, false]) {
      const answer = await logInThrough(house, 'google', 'ada', { paths });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        user: expect.objectContaining({ email: 'ada@example.com', name: 'Ada Lovelace', is_active: true, email_verified: true }),
        message: 'Login successful',
        expires_in: 900,
        csrf_token: expect.any(String),
        is_new_user: isNew,
      });
      const names = answer.cookies.map((cookie) => cookie.split('=')[0]);
      expect(names).toEqual(['tegata_oauth', 'access_token', 'refresh_token', 'csrf_token', 'tegata_device']);
      const cookies = ['access_token', 'refresh_token', 'csrf_token'].map((name) => cookiePair(answer, name)).join('; ');
      expect((await server.call('GET', '/auth/me', { cookie: cookies })).status).toBe(200);
      const headers = { 'x-csrf-token': answer.body.csrf_token };
      expect((await server.call('POST', '/auth/refresh', { cookie: cookies, headers })).status).toBe(200);
    }
    expect(count(server, 'users')).toBe(1);
  });

  test('failures come in its shape, in both languages', async () => {
    const house = await start('cookie');
    const { server } = house;
    expect((await server.call('GET', '/auth/oauth')).body.providers).toContainEqual({ name: 'google', label: 'Google' });
    const unsupported = { error: 'Unsupported OAuth provider', error_type: 'bad_request' };
    expect((await server.call('GET', '/auth/oauth/myspace/authorize')).body).toEqual(unsupported);
    expect((await server.call('POST', '/auth/oauth/myspace', { body: { code: 'x' } })).body).toEqual(unsupported);
    expect((await server.call('GET', '/auth/oauth/google/authorize?redirect_to=https://evil.example')).body).toEqual({
      error: 'validation failed',
      error_type: 'validation_errors',
      errors: [{ field: 'redirect_to', message: 'redirect_to must be an address on an allowed origin' }],
    });
    expect((await finish(server, 'google', {}, { paths })).body).toMatchObject({ errors: [{ field: 'code' }] });
    const invalid = await finish(server, 'google', { code: 'x', state: 'x' }, { paths });
    expect([invalid.status, invalid.body]).toEqual([400, { error: 'Invalid authorization code', error_type: 'bad_request' }]);
    const japanese = await finish(server, 'google', { code: 'x' }, { paths, headers: inJapanese });
    expect(japanese.body.error).toBe('認可コードが正しくありません');
    const unverified = await logInThrough(house, 'google', 'unverified', { paths });
    expect(unverified.body.error).toBe('Please verify your email address at the provider first');
    const missing = await logInThrough(house, 'google', 'nobody', { paths });
    expect(missing.body.error).toBe('The provider gave no email address. Please add one there and verify it first');
    const begun = await begin(server, 'google', { paths });
    const denied = await finish(server, 'google', { error: 'access_denied' }, { paths, cookie: begun.cookie });
    expect(denied.body).toEqual({ error: 'You did not allow the provider to log you in', error_type: 'bad_request' });
    house.google.fails('/token', 'status 500');
    const down = await logInThrough(house, 'google', 'ada', { paths });
    expect([down.status, down.body.error_type, down.headers.get('retry-after')]).toEqual([503, 'service_unavailable', '5']);
    expect(count(server, 'users')).toBe(0);
  });

  test('pages of other sites neither begin nor finish', async () => {
    const house = await start('cookie');
    const headers = { origin: 'https://evil.example.com' };
    const { cookie, url } = await begin(house.server, 'google', { paths });
    const answer = await visit(house, 'google', 'ada', url);
    for (const refused of [
      await house.server.call('GET', '/auth/oauth/google/authorize', { headers }),
      await finish(house.server, 'google', answer, { paths, cookie, headers }),
    ]) {
      expect(refused.status).toBe(403);
      expect(refused.cookies).toEqual([]);
    }
  });

  test('a suspended account stays so', async () => {
    const house = await start('cookie');
    const first = await logInThrough(house, 'google', 'ada', { paths });
    await house.server.engine.auth.setUserStatus({ userId: first.body.user.id, status: 'suspended' });
    const answer = await logInThrough(house, 'google', 'ada', { paths });
    expect([answer.status, answer.body]).toEqual([401, { error: 'Account is not active', error_type: 'unauthorized' }]);
  });
});

describe('contract organization', () => {
  const paths: OauthPaths = { prefix: '/api/auth/oauth', urlIn: (body) => body.data.url };

  test('a log-in through a provider gives its user and its tokens, in body and cookies', async () => {
    const house = await start('organization');
    const { server } = house;
    const begun = await server.call('GET', `/api/auth/oauth/github/authorize?redirectTo=${encodeURIComponent(callback)}`);
    expect(begun.body).toEqual({ success: true, data: { url: expect.stringContaining(house.github.url) } });
    const back = await visit(house, 'github', 'ada', begun.body.data.url);
    const answer = await finish(server, 'github', back, { paths, cookie: cookiePair(begun, 'tegata_oauth') });
    expect(answer.status).toBe(200);
    const { user, token, isNewUser } = answer.body.data;
    expect(user).toEqual({
      id: expect.stringMatching(/^user_/),
      email: 'ada@example.com',
      name: 'The Octocat',
      role: 'user',
      organizationId: null,
    });
    expect(isNewUser).toBe(true);
    expect(token).toEqual({ token: expect.any(String), refreshToken: expect.any(String), expiresAt: expect.any(String) });
    expect(decodeToken(token.token).claims).toMatchObject({ sub: user.id, role: 'user', organizationId: null });
    const names = answer.cookies.map((cookie) => cookie.split('=')[0]);
    expect(names).toEqual(['tegata_oauth', 'access_token', 'refresh_token', 'csrf_token', 'tegata_device']);
    expect((await server.call('GET', '/api/auth/me', { token: token.token })).status).toBe(200);
    const refreshed = await server.call('POST', '/api/auth/refresh', { body: { refreshToken: token.refreshToken } });
    expect(refreshed.status).toBe(200);
  });

  test('failures come in its shape: Japanese unless English is asked for', async () => {
    const house = await start('organization');
    const { server } = house;
    expect((await server.call('GET', '/api/auth/oauth')).body.data.providers).toHaveLength(3);
    const unsupported = await server.call('GET', '/api/auth/oauth/myspace/authorize');
    expect([unsupported.status, unsupported.body.error]).toEqual([
      422,
      {
        code: 'VALIDATION_ERROR',
        message: '入力データが不正です',
        details: { provider: 'この外部サービスには対応していません' },
      },
    ]);
    const redirect = await server.call('GET', '/api/auth/oauth/google/authorize?redirectTo=https://evil.example', {
      headers: inEnglish,
    });
    expect(redirect.body.error.details).toEqual({ redirectTo: 'redirectTo must be an address on an allowed origin' });
    const invalid = await finish(server, 'google', { code: 'x', state: 'x' }, { paths });
    expect([invalid.status, invalid.body]).toEqual([
      400,
      { success: false, error: { code: 'INVALID_AUTHORIZATION_CODE', message: '認可コードが無効です' } },
    ]);
    const begun = await begin(server, 'google', { paths });
    const denied = await finish(
      server,
      'google',
      { error: 'access_denied' },
      { paths, cookie: begun.cookie, headers: inEnglish },
    );
    expect(denied.body.error).toEqual({ code: 'PROVIDER_DENIED', message: 'You did not allow the provider to log you in' });
    house.google.fails('/token', 'garbage');
    const down = await server.call('GET', '/api/auth/oauth/google/authorize');
    const back = await visit(house, 'google', 'ada', down.body.data.url);
    const unavailable = await finish(server, 'google', back, { paths, cookie: cookiePair(down, 'tegata_oauth') });
    expect([unavailable.status, unavailable.body.error.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
  });
});

test('one user base: whoever registered at one door logs in through a provider at another', async () => {
  const house = await start('standard,cookie');
  const { userId } = await registered(house.server, 'ada@example.com');
  const paths: OauthPaths = { prefix: '/auth/oauth', urlIn: (body) => body.url };
  const answer = await logInThrough(house, 'google', 'ada', { paths });
  expect(answer.body).toMatchObject({ is_new_user: false, user: { id: userId } });
  // A flow that adds a connection is begun and finished in the standard contract.
  const { cookie, url } = await begin(house.server, 'github', {
    token: cookiePair(answer, 'access_token').split('=')[1] as string,
  });
  const elsewhere = await finish(house.server, 'github', await visit(house, 'github', 'ada', url), { paths, cookie });
  expect([elsewhere.status, elsewhere.body.error]).toEqual([400, 'Invalid authorization code']);
});
