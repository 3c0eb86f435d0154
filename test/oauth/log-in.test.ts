import { describe, expect, test } from 'vitest';
import { cookiePair } from '../server.ts';
import { inJapanese, logIn, me, refresh } from '../standard/people.ts';
import { rows } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import {
  ada,
  application,
  begin,
  callback,
  finish,
  hostedCallback,
  loggedInThrough,
  logInThrough,
  octocat,
  startHouse,
  visit,
} from './people.ts';

const everybodyIsAda = async (settings: Record<string, string> = {}) => {
  const house = await startHouse(settings);
  house.google.people.set('ada', ada);
  house.company.people.set('ada', ada);
  house.github.people.set('ada', octocat('ada@example.com'));
  return house;
};

const kinds = ['google', 'company', 'github'] as const;

test.each(kinds)(
  'new user through %s: active, verified, without a password, with name and picture (S3.68, S3.69, S3.70, S3.85, S3.89, S3.148)',
  async (provider) => {
    const house = await everybodyIsAda();
    const answer = await logInThrough(house, provider, 'ada');
    expect(answer.status).toBe(200);
    const { user, ...rest } = answer.body.data;
    expect(answer.body.meta).toBeNull();
    expect(rest).toEqual({ access_token: expect.any(String), expires_in: 900, is_new_user: true });
    expect(user).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      email: 'ada@example.com',
      name: provider === 'github' ? 'The Octocat' : 'Ada Lovelace',
      avatar_url: provider === 'github' ? octocat('').avatar_url : ada.picture,
      status: 'active',
      email_verified: true,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect((await me(house.server, rest.access_token)).body.data).toEqual(user);
    expect(rows(house.server, 'select * from password_credentials')).toEqual([]);
    expect((await logIn(house.server, 'ada@example.com')).body.error.message).toBe('please use OAuth to login');
  },
);

test.each(kinds)('known user through %s: the same one, and not a new one (S3.81, S3.166)', async (provider) => {
  const house = await everybodyIsAda();
  const first = await loggedInThrough(house, provider, 'ada');
  const second = await logInThrough(house, provider, 'ada');
  expect(second.body.data).toMatchObject({ is_new_user: false, user: { id: first.userId } });
  expect(rows(house.server, 'select * from users')).toHaveLength(1);
  expect(rows(house.server, 'select * from oauth_accounts')).toHaveLength(1);
});

test('the session is like that of a password: cookies, claims, device, audit (S3.71, S3.72, S3.88, S3.141)', async () => {
  const house = await everybodyIsAda();
  const { server } = house;
  const begun = await begin(server, 'google');
  const answer = await finish(server, 'google', await visit(house, 'google', 'ada', begun.url), {
    cookie: begun.cookie,
    headers: { 'user-agent': 'Analytical Engine/1.0' },
  });
  const set = (name: string) => answer.cookies.find((cookie) => cookie.startsWith(`${name}=`))?.replace(/=[^;]+/, '=…');
  const strict = 'HttpOnly; Secure; SameSite=Strict; Max-Age=';
  expect(set('refresh_token')).toBe(`refresh_token=…; Path=/api/v1/auth; ${strict}604800`);
  expect(set('tegata_device')).toBe(`tegata_device=…; Path=/api/v1/auth; ${strict}34560000`);
  expect(answer.cookies).toContain(`tegata_oauth=; Path=/api/v1/auth/oauth; ${strict}0`);
  expect(begun.answer.cookies).toEqual([
    expect.stringMatching(
      /^tegata_oauth=v1\.[\w.-]+; Path=\/api\/v1\/auth\/oauth; HttpOnly; Secure; SameSite=Strict; Max-Age=600$/,
    ),
  ]);

  const { access_token: token, user } = answer.body.data;
  expect(decodeToken(token).claims).toMatchObject({ sub: user.id, uid: user.id, email: 'ada@example.com' });
  const { body } = await server.call('GET', '/api/v1/auth/sessions', { token });
  expect(body.data).toEqual([
    expect.objectContaining({ user_agent: 'Analytical Engine/1.0', ip_address: '127.0.0.1', current: true }),
  ]);
  expect((await refresh(server, cookiePair(answer, 'refresh_token'))).status).toBe(200);
  const audit = rows(server, 'select type, user_id, reason from audit_events order by id').map((event) => ({ ...event }));
  expect(audit).toEqual(
    expect.arrayContaining([
      { type: 'user.registered', user_id: user.id, reason: 'google' },
      { type: 'connection.added', user_id: user.id, reason: 'google' },
      { type: 'session.started', user_id: user.id, reason: null },
    ]),
  );
});

test('a client without a cookie jar gets the refresh token in the body', async () => {
  const house = await everybodyIsAda();
  const begun = await begin(house.server, 'github');
  const answer = await visit(house, 'github', 'ada', begun.url);
  const finished = await finish(house.server, 'github', { ...answer, token_transport: 'body' }, { cookie: begun.cookie });
  expect(finished.cookies.some((cookie) => cookie.startsWith('refresh_token='))).toBe(false);
  const refreshed = await house.server.call('POST', '/api/v1/auth/refresh', {
    body: { refresh_token: finished.body.data.refresh_token },
  });
  expect(refreshed.status).toBe(200);
});

describe('the way to the provider', () => {
  test.each(kinds)(
    '%s is asked for a code with state and PKCE S256, and only for what is documented (S3.67)',
    async (provider) => {
      const { server, ...providers } = await everybodyIsAda();
      const begun = await begin(server, provider);
      const again = await begin(server, provider);
      const url = new URL(begun.url);
      expect(url.origin).toBe(providers[provider].url);
      const asked = Object.fromEntries(url.searchParams);
      expect(asked).toEqual({
        client_id: expect.any(String),
        response_type: 'code',
        redirect_uri: callback,
        scope: provider === 'github' ? 'read:user user:email' : 'openid email profile',
        state: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge_method: 'S256',
        ...(provider === 'github' ? {} : { nonce: expect.stringMatching(/^[\w-]{43}$/) }),
      });
      for (const once of ['state', 'nonce', 'code_challenge']) {
        if (once in asked) expect(new URL(again.url).searchParams.get(once)).not.toBe(asked[once]);
      }
      // Encrypted: the browser, and whoever reads its cookies, learns nothing.
      expect(begun.cookie).not.toContain(asked.state);
      expect(Buffer.from(begun.cookie, 'base64url').toString('latin1')).not.toContain(asked.state);
    },
  );

  test('without redirect_to the person comes back to the hosted page', async () => {
    const house = await everybodyIsAda();
    for (const provider of kinds) {
      const answer = await house.server.call('GET', `/api/v1/auth/oauth/${provider}/authorize`);
      const { url } = answer.body.data;
      expect(new URL(url).searchParams.get('redirect_uri')).toBe(hostedCallback(provider));
      const back = await visit(house, provider, 'ada', url);
      expect((await finish(house.server, provider, back, { cookie: cookiePair(answer, 'tegata_oauth') })).status).toBe(200);
    }
  });

  const refusedRedirects = [
    'https://evil.example.com/callback',
    `${application}.evil.example/callback`,
    `${application}@evil.example/callback`,
    `https://user@app.example.com/callback`,
    `http://app.example.com/callback`,
    `${application}:8443/callback`,
    `${application}/callback#fragment`,
    `${application}/callback#`,
    `${application}/callback?next=/`,
    `${application}/callback?`,
    'https:\\\\app.example.com\\callback',
    'https:/app.example.com/callback',
    `//app.example.com/callback`,
    '/callback',
    'callback',
    '',
    ' ',
    `${application}/\tcallback`,
    ` ${callback}`,
    `${callback}\n`,
    'HTTPS://APP.EXAMPLE.COM/callback',
    `${application}/a/../callback`,
    `${application}/${'x'.repeat(1024)}`,
    'javascript:alert(1)',
    'data:text/html,x',
    'null',
    `https://app.example.com%2eevil.example/`,
    `https://app.example.com\u3002evil.example/`,
    `https://\uff41pp.example.com/callback`,
  ];
  test('redirect_to is refused unless its origin is an allowed one and it is written as it will be compared', async () => {
    const { server } = await everybodyIsAda();
    for (const redirectTo of refusedRedirects) {
      const answer = await server.call(
        'GET',
        `/api/v1/auth/oauth/github/authorize?redirect_to=${encodeURIComponent(redirectTo)}`,
      );
      expect(answer.status, redirectTo).toBe(400);
      expect(answer.body.error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ field: 'redirect_to' }] });
      expect(answer.cookies).toEqual([]);
    }
  });

  test('no parameter of the caller reaches the provider', async () => {
    const { server } = await everybodyIsAda();
    const pollution = 'redirect_uri=https://evil.example&state=mine&client_id=mine&scope=admin&nonce=mine&response_type=token';
    const answer = await server.call('GET', `/api/v1/auth/oauth/google/authorize?${pollution}`);
    const { searchParams } = new URL(answer.body.data.url);
    expect(searchParams.get('redirect_uri')).toBe(hostedCallback('google'));
    expect([...searchParams.values()]).not.toContain('mine');
    expect(searchParams.get('scope')).toBe('openid email profile');
    expect(searchParams.get('response_type')).toBe('code');
  });
});

describe('providers', () => {
  test('those on offer are listed, and no other', async () => {
    const { server } = await startHouse({ GITHUB_CLIENT_ID: '', GITHUB_CLIENT_SECRET: '' });
    const answer = await server.call('GET', '/api/v1/auth/oauth');
    expect(answer.body).toEqual({
      data: [
        { name: 'google', label: 'Google' },
        { name: 'company', label: 'Example Company' },
      ],
      meta: null,
    });
  });

  test.each(['myspace', 'github', 'GOOGLE', '__proto__', 'constructor', 'google%00'])(
    'unknown or not configured: %s is "unsupported oauth provider" at both ends (S3.77, S3.78)',
    async (provider) => {
      const { server } = await startHouse({ GITHUB_CLIENT_ID: '', GITHUB_CLIENT_SECRET: '' });
      for (const answer of [
        await server.call('GET', `/api/v1/auth/oauth/${provider}/authorize`),
        await server.call('POST', `/api/v1/auth/oauth/${provider}`, { body: { code: 'x' } }),
      ]) {
        expect(answer.status).toBe(400);
        expect(answer.body.error).toEqual({ code: 'VALIDATION_ERROR', message: 'unsupported oauth provider' });
      }
    },
  );

  test.each(['/api/v1/auth/oauth', '/api/v1/auth/oauth/', '/api/v1/auth/oauth/%20'])(
    'POST %s: "provider is required" (S3.141)',
    async (path) => {
      const { server } = await everybodyIsAda();
      const answer = await server.call('POST', path, { body: { code: 'x' } });
      expect(answer.status).toBe(400);
      expect(answer.body.error).toEqual({ code: 'VALIDATION_ERROR', message: 'provider is required' });
      const japanese = await server.call('POST', path, { body: { code: 'x' }, headers: inJapanese });
      expect(japanese.body.error.message).toBe('プロバイダーを指定してください');
    },
  );
});

test('a call without a code says so', async () => {
  const { server } = await everybodyIsAda();
  for (const body of [{}, { code: '' }, { state: 'x' }]) {
    const answer = await server.call('POST', '/api/v1/auth/oauth/google', { body });
    expect(answer.body.error).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: [{ field: 'code', message: 'code is required' }],
    });
  }
});

test('a name and a picture that a person could not set here are not taken from a provider either', async () => {
  const house = await startHouse();
  house.google.people.set('eve', { ...ada, name: '  Eve\u0000\r\nBcc: all \u2028', picture: 'javascript:alert(1)' });
  house.google.people.set('long', {
    ...ada,
    email: 'long@example.com',
    name: '𠮷'.repeat(500),
    picture: `https://x.example/${'x'.repeat(3000)}`,
  });
  house.google.people.set('nameless', { email: 'nameless@example.com', email_verified: true });
  const eve = (await loggedInThrough(house, 'google', 'eve')).answer.body.data.user;
  expect(eve.name).toBe('Eve Bcc: all');
  expect(eve.avatar_url).toBeUndefined();
  const long = (await loggedInThrough(house, 'google', 'long')).answer.body.data.user;
  expect(long.name).toBe('𠮷'.repeat(100));
  expect(long.avatar_url).toBeUndefined();
  expect((await loggedInThrough(house, 'google', 'nameless')).answer.body.data.user.name).toBe('nameless');
});
