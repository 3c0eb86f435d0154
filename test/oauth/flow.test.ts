import { describe, expect, test } from 'vitest';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import { createConnectionFlows } from '../../packages/server/src/adapters/flow-seal.ts';
import { type Answer, startServer } from '../server.ts';
import { loggedIn, registered } from '../standard/people.ts';
import { count } from '../standard/stored.ts';
import { ada, begin, callback, finish, octocat, startHouse, visit } from './people.ts';

// The code is good for one browser, once, for ten minutes, and for nobody else.

const secret = 'kN3v7Xq1T9sZ4bR8wL2yH6mC0pD5gJfA';

const start = async (settings: Record<string, string> = {}) => {
  const house = await startHouse(settings);
  house.google.people.set('ada', ada);
  house.google.people.set('eve', { email: 'eve@example.com', email_verified: true });
  house.company.people.set('ada', ada);
  house.github.people.set('ada', octocat('ada@example.com'));
  house.github.people.set('eve', { ...octocat('eve@example.com'), id: 666 });
  return house;
};

const expectRefused = (answer: Answer, reason: string) => {
  expect(answer.status).toBe(400);
  expect(answer.body).toEqual({ error: { code: 'VALIDATION_ERROR', message: 'invalid authorization code', reason }, meta: null });
  expect(answer.cookies.some((cookie) => /^(refresh_token|tegata_device)=[^;]/.test(cookie))).toBe(false);
};

const nobodyIn = (server: Parameters<typeof count>[0]) =>
  expect(['users', 'oauth_accounts', 'sessions', 'user_emails'].map((table) => count(server, table))).toEqual([0, 0, 0, 0]);

describe.each(['google', 'github'] as const)('%s', (provider) => {
  test('a foreign code: one that another browser was given fails, and nobody is logged in (S3.79)', async () => {
    const house = await start();
    const [victim, attacker] = [await begin(house.server, provider), await begin(house.server, provider)];
    const { code } = await visit(house, provider, 'eve', attacker.url);
    const state = new URL(victim.url).searchParams.get('state') as string;
    expectRefused(
      await finish(house.server, provider, { code: code as string, state }, { cookie: victim.cookie }),
      'code_rejected',
    );
    nobodyIn(house.server);
  });

  test('a replayed code fails, with the same cookie and with a fresh one', async () => {
    const house = await start();
    const begun = await begin(house.server, provider);
    const answer = await visit(house, provider, 'ada', begun.url);
    expect((await finish(house.server, provider, answer, { cookie: begun.cookie })).status).toBe(200);
    expectRefused(await finish(house.server, provider, answer, { cookie: begun.cookie }), 'flow_used');
    const fresh = await begin(house.server, provider);
    const state = new URL(fresh.url).searchParams.get('state') as string;
    expectRefused(await finish(house.server, provider, { ...answer, state }, { cookie: fresh.cookie }), 'code_rejected');
    expect(count(house.server, 'sessions')).toBe(1);
  });

  test('a made-up code fails', async () => {
    const house = await start();
    for (const code of ['x', '0'.repeat(20), "' or 1=1 --", '𠮷', 'a'.repeat(4096)]) {
      const { cookie, url } = await begin(house.server, provider);
      const state = new URL(url).searchParams.get('state') as string;
      expectRefused(await finish(house.server, provider, { code, state }, { cookie }), 'code_rejected');
    }
    nobodyIn(house.server);
  });

  test('wrong state: refused before the provider is asked, and the flow can still be finished', async () => {
    const house = await start();
    const { cookie, url } = await begin(house.server, provider);
    const answer = await visit(house, provider, 'ada', url);
    const asked = house[provider].asked.length;
    const wrong = [`${answer.state}x`, (answer.state as string).slice(1), '', 'undefined', 'x'.repeat(500)];
    for (const state of wrong)
      expectRefused(await finish(house.server, provider, { ...answer, state }, { cookie }), 'state_mismatch');
    expect(house[provider].asked).toHaveLength(asked);
    nobodyIn(house.server);
    expect((await finish(house.server, provider, answer, { cookie })).status).toBe(200);
  });

  test('missing cookie, or one of another server, of another time, tampered with, or of no flow at all', async () => {
    const house = await start();
    const { cookie, url } = await begin(house.server, provider);
    const answer = await visit(house, provider, 'ada', url);
    const elsewhere = await begin((await start()).server, provider);
    const value = cookie.slice('tegata_oauth='.length);
    const cookies = [
      undefined,
      'tegata_oauth=',
      'tegata_oauth=x',
      `tegata_oauth=${value}x`,
      `tegata_oauth=${value.slice(0, -1)}`,
      `tegata_oauth=${value.slice(0, 40)}${value[40] === 'A' ? 'B' : 'A'}${value.slice(41)}`,
      elsewhere.cookie,
      // Of two, at most one is ours.
      `${cookie}; ${elsewhere.cookie}`,
    ];
    for (const given of cookies) {
      expectRefused(await finish(house.server, provider, answer, given === undefined ? {} : { cookie: given }), 'flow_missing');
    }
    nobodyIn(house.server);
    expect((await finish(house.server, provider, answer, { cookie })).status).toBe(200);
  });

  test('expired cookie: good for ten minutes to the millisecond', async () => {
    const house = await start();
    const [first, second] = [await begin(house.server, provider), await begin(house.server, provider)];
    const answers = [await visit(house, provider, 'ada', first.url), await visit(house, provider, 'ada', second.url)] as const;
    house.server.advance({ minutes: 10, milliseconds: -1 });
    expect((await finish(house.server, provider, answers[0], { cookie: first.cookie })).status).toBe(200);
    house.server.advance({ milliseconds: 1 });
    expectRefused(await finish(house.server, provider, answers[1], { cookie: second.cookie }), 'flow_expired');
  });

  test('fifty parallel uses of one state: exactly one goes on', async () => {
    const house = await start();
    const { cookie, url } = await begin(house.server, provider);
    const answer = await visit(house, provider, 'ada', url);
    const asked = house[provider].asked.length;
    const answers = await house.server.atOnce(50, () => finish(house.server, provider, answer, { cookie }));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const refused of answers.filter(({ status }) => status !== 200)) expectRefused(refused, 'flow_used');
    expect(count(house.server, 'sessions')).toBe(1);
    // The provider was asked about the code once, too.
    const tokenPath = provider === 'google' ? '/token' : '/login/oauth/access_token';
    expect(house[provider].asked.slice(asked).filter((path) => path === tokenPath)).toHaveLength(1);
  });

  test('refused by the person: a clear answer, and nothing half made', async () => {
    const house = await start();
    const { cookie, url } = await begin(house.server, provider);
    const state = new URL(url).searchParams.get('state') as string;
    const answer = await finish(house.server, provider, { error: 'access_denied', state }, { cookie });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toEqual({
      code: 'INVALID_REQUEST',
      message: 'you did not allow the provider to log you in',
      reason: 'provider_denied',
    });
    nobodyIn(house.server);
    expectRefused(await finish(house.server, provider, { error: 'access_denied', state }, { cookie }), 'flow_used');
  });
});

describe('missing state', () => {
  test('is made up for by the nonce of an ID token', async () => {
    const house = await start();
    const { cookie, url } = await begin(house.server, 'google');
    const { code } = await visit(house, 'google', 'ada', url);
    expect((await finish(house.server, 'google', { code: code as string }, { cookie })).status).toBe(200);
  });

  test('is refused where nothing else says whose the code is', async () => {
    const house = await start();
    const { cookie, url } = await begin(house.server, 'github');
    const { code } = await visit(house, 'github', 'ada', url);
    expectRefused(await finish(house.server, 'github', { code: code as string }, { cookie }), 'state_missing');
    nobodyIn(house.server);
  });
});

test('a flow of one provider is none of another: mix-up', async () => {
  const house = await start();
  const { cookie, url } = await begin(house.server, 'google');
  const answer = await visit(house, 'google', 'ada', url);
  expectRefused(await finish(house.server, 'company', answer, { cookie }), 'flow_missing');
  const company = await begin(house.server, 'company');
  const state = new URL(company.url).searchParams.get('state') as string;
  const mixed = await finish(house.server, 'company', { ...answer, state }, { cookie: company.cookie });
  expectRefused(mixed, 'code_rejected');
  nobodyIn(house.server);
});

test('the issuer that came with the code is compared where it is handed on (RFC 9207)', async () => {
  const house = await start();
  const right = await begin(house.server, 'google');
  const answer = await visit(house, 'google', 'ada', right.url);
  expect(answer.iss).toBe(house.google.issuer);
  const foreign = { ...answer, iss: house.company.issuer };
  expectRefused(await finish(house.server, 'google', foreign, { cookie: right.cookie }), 'code_rejected');
  const again = await begin(house.server, 'google');
  expect(
    (await finish(house.server, 'google', await visit(house, 'google', 'ada', again.url), { cookie: again.cookie })).status,
  ).toBe(200);
});

test('trouble that the provider tells the browser about is the provider’s, not the code’s', async () => {
  const house = await start();
  const told = async (error: string) => {
    const { cookie, url } = await begin(house.server, 'google');
    const state = new URL(url).searchParams.get('state') as string;
    return finish(house.server, 'google', { error, state }, { cookie });
  };
  for (const error of ['server_error', 'temporarily_unavailable']) {
    const answer = await told(error);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  }
  const script = '<script>alert(1)</script>';
  const answer = await told(script);
  expectRefused(answer, 'provider_error');
  expect(JSON.stringify(answer.body)).not.toContain('script');
});

test('two nodes with one secret and one database: either finishes what the other began, and of fifty parallel uses one goes on', async () => {
  const house = await start({ TEGATA_SECRET: secret });
  const { settings: _, ...providers } = house;
  const other = await startServer({
    ...house.settings,
    TEGATA_SECRET: secret,
    ...house.server.sameStores,
  });
  for (const [first, second] of [
    [house.server, other],
    [other, house.server],
  ] as const) {
    const { cookie, url } = await begin(first, 'google');
    const answer = await visit(providers, 'google', 'ada', url);
    const answers = await first.atOnce(50, (index) => finish(index % 2 ? first : second, 'google', answer, { cookie }));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const refused of answers.filter(({ status }) => status !== 200)) expectRefused(refused, 'flow_used');
  }
  expect(count(house.server, 'users')).toBe(1);
});

test('the cookie opens with its own key alone', async () => {
  const { server } = await start({ TEGATA_SECRET: secret });
  const { cookie } = await begin(server, 'google');
  const value = cookie.slice('tegata_oauth='.length);
  const keys = deriveKeys([secret]);
  expect(createConnectionFlows(keys.ring('oauth-flow')).open(value)).toMatchObject({ provider: 'google', redirectUri: callback });
  // A text sealed for another purpose is no flow, although the secret is the same.
  expect(createConnectionFlows(keys.ring('outbox')).open(value)).toBeUndefined();
});

describe('pages of other sites', () => {
  test.each([
    { origin: 'https://evil.example.com' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('neither begin nor finish: %o', async (headers) => {
    const house = await start();
    const { server } = house;
    const { cookie, url } = await begin(server, 'github');
    const answer = await visit(house, 'github', 'ada', url);
    const begun = await server.call('GET', '/api/v1/auth/oauth/github/authorize', { headers: headers as Record<string, string> });
    const finished = await finish(server, 'github', answer, { cookie, headers: headers as Record<string, string> });
    for (const refused of [begun, finished]) {
      expect(refused.status).toBe(403);
      expect(refused.cookies).toEqual([]);
    }
    nobodyIn(server);
  });
});

test('twenty calls a minute from one address, at either end', async () => {
  const { server } = await start({ TEGATA_RATE_LIMITS: 'on' });
  const ends = [
    () => server.call('GET', '/api/v1/auth/oauth/github/authorize'),
    () => server.call('POST', '/api/v1/auth/oauth/github', { body: { code: 'x', state: 'x' } }),
  ];
  for (const call of ends) {
    const answers: Answer[] = [];
    for (let each = 0; each < 21; each += 1) answers.push(await call());
    expect(answers.map(({ status }) => status === 429)).toEqual([...Array(20).fill(false), true]);
    expect(Number(answers[20]?.headers.get('retry-after'))).toBeGreaterThan(0);
  }
});

test('a bad access token is refused at both ends, and a cookie of a log-in here changes nothing', async () => {
  const house = await start();
  const { server } = house;
  await registered(server, 'grace@example.com');
  const grace = await loggedIn(server, 'grace@example.com');
  expect((await server.call('GET', '/api/v1/auth/oauth/github/authorize', { token: 'x' })).status).toBe(401);
  const { cookie, url } = await begin(server, 'github');
  const answer = await visit(house, 'github', 'ada', url);
  expect((await finish(server, 'github', answer, { cookie, token: 'x' })).status).toBe(401);
  const finished = await finish(server, 'github', answer, { cookie: `${cookie}; ${grace.refreshCookie}` });
  expect(finished.body.data).toMatchObject({ is_new_user: true, user: { email: 'ada@example.com' } });
});
