import { describe, expect, test } from 'vitest';
import { type ApiDocument, type Operation, wrongWith } from '../attack/documented-shape.ts';
import { execute } from '../database.ts';
import { tampered } from '../standard/tokens.ts';
import {
  asBrowser,
  authRequired,
  challenge,
  challengeRefused,
  failure,
  inEnglish,
  invalidInput,
  invalidToken,
  logOut,
  me,
  path,
  refreshed,
  registered,
  startOrganization,
  tokenExpired,
} from './people.ts';

const ada = 'ada@example.com';

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startOrganization(settings);
  const person = await registered(server, ada);
  return { server, person, user: person.answer.body.data.user };
};

test('S2.12 S2.98 S2.99 S2.100 S2.102 S2.170 the user comes with the organization, whether by header or by cookie', async () => {
  const { server, person, user } = await startWithAda();
  for (const options of [{ token: person.accessToken }, asBrowser(person), { cookie: person.accessCookie }]) {
    const answer = await me(server, options);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      success: true,
      data: {
        user: {
          id: user.id,
          email: ada,
          name: '山田太郎',
          role: 'user',
          organizationId: user.organizationId,
          organization: { id: user.organizationId, name: '株式会社サンプル', subscription: 'free' },
        },
      },
    });
    expect(answer.cookies).toEqual([]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }
});

describe('fields', () => {
  test.each([
    ['S2.103 id,email,name', ['id', 'email', 'name']],
    ['organization', ['organization']],
    ['role,organizationId,id', ['role', 'organizationId', 'id']],
    ['email,email', ['email']],
    ['id, email', ['id', 'email']],
  ])('%s keeps just those', async (names, keys) => {
    const { server, person, user } = await startWithAda();
    const list = encodeURIComponent(names.replace(/^S2\.\d+ /, ''));
    const answer = await me(server, { token: person.accessToken }, `?fields=${list}`);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body.data)).toEqual(['user']);
    expect(Object.keys(answer.body.data.user)).toEqual(keys);
    if (keys.includes('id')) expect(answer.body.data.user.id).toBe(user.id);
  });

  test.each([
    'passwordHash',
    'id,password',
    'ID',
    '',
    ',',
    'id,',
    'id;email',
    '__proto__',
    'constructor',
    'organization.name',
    'createdAt',
  ])('an unknown name is 422: %j', async (names) => {
    const { server, person } = await startWithAda();
    const answer = await me(server, { token: person.accessToken }, `?fields=${encodeURIComponent(names)}`);
    expect([answer.status, answer.body]).toEqual([422, invalidInput({ fields: '存在しないフィールド名が指定されています' })]);
  });

  test('without a login they are not looked at', async () => {
    const { server } = await startWithAda();
    expect((await me(server, {}, '?fields=nothing')).status).toBe(401);
  });
});

describe('without a believable login', () => {
  test('S2.23 S2.101 S2.169 nothing at all is 401 AUTH_REQUIRED', async () => {
    const { server } = await startWithAda();
    for (const options of [{}, { cookie: 'theme=dark' }, { cookie: 'access_token=' }, { headers: { authorization: '' } }]) {
      const answer = await me(server, options);
      expect([answer.status, answer.body]).toEqual([401, authRequired]);
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
    }
    const english = await me(server, { headers: inEnglish });
    expect(english.body).toEqual(failure('AUTH_REQUIRED', 'Authentication is required'));
  });

  test('S2.8 S2.171 an expired token is 401 TOKEN_EXPIRED, in header and cookie, to the second', async () => {
    const { server, person } = await startWithAda();
    server.advance({ minutes: 14, seconds: 59 });
    expect((await me(server, { token: person.accessToken })).status).toBe(200);
    server.advance({ seconds: 1 });
    for (const options of [{ token: person.accessToken }, { cookie: person.accessCookie }]) {
      const answer = await me(server, options);
      expect([answer.status, answer.body]).toEqual([401, tokenExpired]);
      expect(answer.headers.get('www-authenticate')).toBe(challengeRefused);
    }
    const english = await me(server, { token: person.accessToken, headers: inEnglish });
    expect(english.body).toEqual(failure('TOKEN_EXPIRED', 'The access token has expired'));
  });

  test('S2.172 S2.168 V1 V12 whatever else is no valid token is 401 INVALID_TOKEN: forged, of the other kind, of another scheme, no token', async () => {
    const { server, person } = await startWithAda();
    const unsigned = [
      Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url'),
      person.accessToken.split('.')[1],
      '',
    ].join('.');
    for (const authorization of [
      `Bearer ${tampered(person.accessToken)}`,
      `Bearer ${person.accessToken}x`,
      `Bearer ${person.refreshToken}`,
      `Bearer ${unsigned}`,
      'Bearer gone',
      'Bearer',
      'Bearer  ',
      `Token ${person.accessToken}`,
      `Basic ${Buffer.from('ada:secret').toString('base64')}`,
      person.accessToken,
    ]) {
      const answer = await me(server, { headers: { authorization } });
      expect({ authorization, status: answer.status, body: answer.body }).toEqual({
        authorization,
        status: 401,
        body: invalidToken,
      });
      expect(answer.headers.get('www-authenticate')).toBe(challengeRefused);
    }
    for (const value of [tampered(person.accessToken), person.refreshToken, 'gone', '%00']) {
      const answer = await me(server, { cookie: `access_token=${value}` });
      expect({ value, status: answer.status, body: answer.body }).toEqual({ value, status: 401, body: invalidToken });
    }
    expect((await me(server, { headers: { authorization: `bEARER ${person.accessToken}` } })).status).toBe(200);
  });

  test('X24 the header comes first: a bad one is not rescued by a good cookie, and a bad cookie does not spoil a good header', async () => {
    const { server, person } = await startWithAda();
    const bob = await registered(server, 'bob@example.com');
    expect((await me(server, { token: 'gone', cookie: person.accessCookie })).body).toEqual(invalidToken);
    expect((await me(server, { headers: { authorization: 'Basic eA==' }, cookie: person.accessCookie })).body).toEqual(
      invalidToken,
    );
    expect((await me(server, { token: person.accessToken, cookie: 'access_token=gone' })).status).toBe(200);
    const answer = await me(server, { token: bob.accessToken, cookie: person.accessCookie });
    expect(answer.body.data.user.email).toBe('bob@example.com');
    server.advance({ minutes: 16 });
    const fresh = await refreshed(server, { body: { refreshToken: person.refreshToken } });
    expect((await me(server, { token: person.accessToken, cookie: fresh.accessCookie })).body).toEqual(tokenExpired);
  });

  test('V53 the cookie is found in whatever place, and not taken when two of its name were sent', async () => {
    const { server, person } = await startWithAda();
    expect((await me(server, { cookie: `theme=dark; ${person.accessCookie}; lang=ja` })).status).toBe(200);
    const twice = await me(server, { cookie: `${person.accessCookie}; access_token=tossed` });
    expect([twice.status, twice.body]).toEqual([401, authRequired]);
  });

  test('S2.9 V2 a token whose session has ended is INVALID_TOKEN at once', async () => {
    const { server, person } = await startWithAda();
    await logOut(server, { token: person.accessToken });
    for (const options of [{ token: person.accessToken }, { cookie: person.accessCookie }]) {
      const answer = await me(server, options);
      expect([answer.status, answer.body]).toEqual([401, invalidToken]);
    }
  });

  test.each(['suspended', 'deactivated'] as const)('V9 a %s user is refused at once', async (status) => {
    const { server, person, user } = await startWithAda();
    await server.engine.auth.setUserStatus({ userId: user.id.slice('user_'.length), status });
    expect((await me(server, { token: person.accessToken })).body).toEqual(invalidToken);
  });

  test('a user whose row among the active ones is gone is refused at once', async () => {
    const { server, person, user } = await startWithAda();
    execute(server, 'delete from active_users where user_id = ?', user.id.slice('user_'.length));
    expect((await me(server, { token: person.accessToken })).body).toEqual(invalidToken);
  });

  test('a token in the query is no login', async () => {
    const { server, person } = await startWithAda();
    for (const name of ['token', 'access_token']) {
      expect((await server.call('GET', `${path('me')}?${name}=${person.accessToken}`)).body).toEqual(authRequired);
    }
  });
});

test('V9 role and organization are read when they are shown, not from the token', async () => {
  const { server, person, user } = await startWithAda();
  execute(server, `update memberships set role = 'admin'`);
  execute(server, 'update organizations set name = ?', '改名株式会社');
  const shown = (await me(server, { token: person.accessToken })).body.data.user;
  expect(shown).toMatchObject({ role: 'admin', organizationId: user.organizationId, organization: { name: '改名株式会社' } });
});

test('an answer with some of the fields is one that the document describes', async () => {
  const { server, person } = await startWithAda();
  const document: ApiDocument = (await server.call('GET', '/openapi.json')).body;
  const { status, body } = await me(server, { token: person.accessToken }, '?fields=id,email');
  expect(Object.keys(body.data.user)).toEqual(['id', 'email']);
  const answer = { status, contentType: 'application/json', text: JSON.stringify(body) };
  expect(wrongWith(document, document.paths[path('me')]?.get as Operation, answer)).toEqual([]);
});
