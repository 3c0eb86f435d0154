import { describe, expect, test } from 'vitest';
import { breakWrites, execute } from '../database.ts';
import { sessionsInRedis } from '../redis-sessions.ts';
import { cookiePair } from '../server.ts';
import {
  addEmail,
  addedEmail,
  emailsOf,
  goodPassword,
  loggedIn,
  logIn,
  mailedToken,
  me,
  refresh,
  register,
  registered,
  tokenFor,
  verifyEmail,
} from '../standard/people.ts';
import { count, rows } from '../standard/stored.ts';
import {
  ada,
  begin,
  connectionsOf,
  finish,
  type House,
  loggedInThrough,
  logInThrough,
  octocat,
  startHouse,
  visit,
} from './people.ts';

const attackersPassword = 'the attacker knows this';

const start = async (settings: Record<string, string> = {}) => {
  const house = await startHouse(settings);
  house.google.people.set('ada', ada);
  return house;
};

test('verified link: both sides have proved the address, so the provider becomes another way in (S3.82, V41)', async () => {
  const house = await start();
  const { server } = house;
  const { userId } = await registered(server, 'ada@example.com');
  const before = await loggedIn(server, 'ada@example.com');
  server.advance({ seconds: 1 });
  const answer = await logInThrough(house, 'google', 'ada');
  expect(answer.body.data).toMatchObject({ is_new_user: false, user: { id: userId, status: 'active', email_verified: true } });
  // Nothing is taken from the owner: not the password, not the other sessions, not the name.
  expect(answer.body.data.user.name).toBe('Ada Lovelace');
  expect((await me(server, before.accessToken)).status).toBe(200);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
  expect((await connectionsOf(server, answer.body.data.access_token)).body.data).toEqual([
    { provider: 'google', email: 'ada@example.com', created_at: expect.any(String), updated_at: expect.any(String) },
  ]);
  expect((await server.newestMail('ada@example.com')).subject).toBe('Google was connected to your account');
});

test('the address is compared as every address here: case and spaces do not matter', async () => {
  const house = await start();
  house.google.people.set('shouting', { ...ada, email: ' ADA@Example.COM ' });
  const { userId } = await registered(house.server, 'ada@example.com');
  expect((await loggedInThrough(house, 'google', 'shouting')).userId).toBe(userId);
});

describe('pre-hijacked pending account (V40)', () => {
  test('the attacker’s password, link and code are dead, and the owner is in (S3.83)', async () => {
    const house = await start();
    const { server } = house;
    const registering = await register(server, 'ada@example.com', attackersPassword);
    const { links, code } = await server.newestMail('ada@example.com');
    const answer = await logInThrough(house, 'google', 'ada');
    expect(answer.body.data).toMatchObject({
      is_new_user: false,
      user: { id: registering.body.data.user_id, status: 'active', email_verified: true },
    });
    expect((await logIn(server, 'ada@example.com', { password: attackersPassword })).status).toBe(401);
    expect(count(server, 'password_credentials')).toBe(0);
    const token = new URL(links[0] as string).searchParams.get('token') as string;
    // Saying that the address is verified already is all that is left of them.
    await verifyEmail(server, { token });
    await verifyEmail(server, { email: 'ada@example.com', code: code as string });
    expect((await logIn(server, 'ada@example.com', { password: attackersPassword })).status).toBe(401);
    expect(rows(server, "select user_id from audit_events where type = 'user.claimed'")).toHaveLength(1);
  });

  test('an account that was logged in at once, with the address unverified: its sessions end too', async () => {
    const house = await start({ TEGATA_CONTRACTS: 'standard,cookie' });
    const { server } = house;
    const body = { email: 'ada@example.com', password: attackersPassword, name: 'Not Ada' };
    const signedUp = await server.call('POST', '/auth/signup', { body });
    expect(signedUp.status).toBe(201);
    const access = cookiePair(signedUp, 'access_token');
    expect((await server.call('GET', '/auth/me', { cookie: access })).status).toBe(200);
    // A way to come back by: another address that is only claimed so far.
    const token = access.slice('access_token='.length);
    expect((await addEmail(server, token, 'eve@example.com')).status).toBe(201);
    const claim = await mailedToken(server, 'eve@example.com');

    const owner = await loggedInThrough(house, 'google', 'ada');
    expect((await server.call('GET', '/auth/me', { cookie: access })).status).toBe(401);
    expect((await logIn(server, 'ada@example.com', { password: attackersPassword })).status).toBe(401);
    expect((await verifyEmail(server, { token: claim })).status).toBe(400);
    expect((await emailsOf(server, owner.accessToken)).map(({ email }) => email)).toEqual(['ada@example.com']);
    expect((await me(server, owner.accessToken)).status).toBe(200);
  });

  test('an unverified account cannot keep a way in by connecting a provider of the attacker’s', async () => {
    const house = await start({ TEGATA_CONTRACTS: 'standard,cookie' });
    const { server } = house;
    house.github.people.set('eve', octocat('eve@example.com'));
    const signedUp = await server.call('POST', '/auth/signup', {
      body: { email: 'ada@example.com', password: attackersPassword },
    });
    const token = cookiePair(signedUp, 'access_token').slice('access_token='.length);
    const answer = await logInThrough(house, 'github', 'eve', { token });
    expect(answer.status).toBe(409);
    expect(answer.body.error).toMatchObject({ code: 'CONFLICT', message: 'please verify your email first' });
    expect(count(server, 'oauth_accounts')).toBe(0);
  });

  test('a reset link that was mailed before is dead', async () => {
    const house = await start({ TEGATA_CONTRACTS: 'standard,cookie' });
    const { server } = house;
    await server.call('POST', '/auth/signup', { body: { email: 'ada@example.com', password: attackersPassword } });
    await server.call('POST', '/api/v1/auth/password/forgot', { body: { email: 'ada@example.com' } });
    const token = await tokenFor(server, 'ada@example.com', 'reset-password');
    await loggedInThrough(house, 'google', 'ada');
    const reset = await server.call('POST', '/api/v1/auth/password/reset', { body: { token, password: attackersPassword } });
    expect(reset.status).toBe(400);
    expect(count(server, 'password_credentials')).toBe(0);
  });

  test('somebody’s mistyped address goes to its owner, and the account stays with whoever proved another one', async () => {
    const house = await start({ TEGATA_CONTRACTS: 'standard,cookie' });
    const { server } = house;
    const signedUp = await server.call('POST', '/auth/signup', {
      body: { email: 'ada@example.com', password: goodPassword, name: 'Bob' },
    });
    const bobToken = cookiePair(signedUp, 'access_token').slice('access_token='.length);
    await addedEmail(server, bobToken, 'bob@example.com');
    const owner = await loggedInThrough(house, 'google', 'ada');
    expect(owner.answer.body.data).toMatchObject({ is_new_user: true, user: { email: 'ada@example.com', name: 'Ada Lovelace' } });
    expect(owner.userId).not.toBe(signedUp.body.user.id);
    expect((await me(server, bobToken)).body.data).toMatchObject({ name: 'Bob', email: 'bob@example.com', email_verified: true });
    expect((await logIn(server, 'bob@example.com')).body.data.user.id).toBe(signedUp.body.user.id);
    expect((await logIn(server, 'ada@example.com')).status).toBe(401);
  });
});

describe.each([
  [
    'provider address unverified',
    { ...ada, email_verified: false },
    'address_unverified',
    'please verify your email address at the provider first',
  ],
  [
    'a provider that does not say',
    { email: ada.email as string },
    'address_unverified',
    'please verify your email address at the provider first',
  ],
  [
    'a provider that says "true" as text',
    { ...ada, email_verified: 'true' },
    'address_unverified',
    'please verify your email address at the provider first',
  ],
  [
    'address missing',
    { name: 'Ada' },
    'address_missing',
    'the provider gave no email address; please add one there and verify it first',
  ],
  [
    'an address that is none here',
    { email: 'ada@localhost', email_verified: true },
    'address_missing',
    'the provider gave no email address; please add one there and verify it first',
  ],
])('%s (V41, V42)', (_, person, reason, message) => {
  test('no link, no account, no session, whoever has the address here', async () => {
    const house = await startHouse();
    const { server } = house;
    house.google.people.set('ada', person);
    house.company.people.set('ada', person);
    const tables = ['users', 'user_emails', 'password_credentials', 'sessions', 'oauth_accounts'];
    const refused = async () => {
      const before = tables.map((table) => count(server, table));
      for (const provider of ['google', 'company'] as const) {
        const answer = await logInThrough(house, provider, 'ada');
        expect(answer.status).toBe(400);
        expect(answer.body.error).toEqual({ code: 'INVALID_REQUEST', message, reason });
      }
      expect(tables.map((table) => count(server, table))).toEqual(before);
    };
    await refused();
    await register(server, 'ada@example.com');
    await refused();
    await verifyEmail(server, { token: await mailedToken(server, 'ada@example.com') });
    await refused();
  });
});

describe('GitHub’s addresses', () => {
  const emails = [
    { email: 'ada@example.com', primary: false, verified: true, visibility: null },
    { email: 'unproved@example.com', primary: true, verified: false, visibility: 'public' as const },
  ];
  test.each([
    ['only the primary one counts, also when another one is verified', emails, 'address_unverified'],
    ['none at all', [], 'address_missing'],
    ['not granted', undefined, 'address_missing'],
  ])('%s', async (_, given, reason) => {
    const house = await startHouse();
    const { emails: __, ...octo } = octocat('ada@example.com');
    house.github.people.set('ada', { ...octo, ...(given ? { emails: given } : {}) });
    const answer = await logInThrough(house, 'github', 'ada');
    expect(answer.body.error).toMatchObject({ code: 'INVALID_REQUEST', reason });
    expect(count(house.server, 'users')).toBe(0);
  });
});

test('same subject with a changed address stays the same user, even when somebody else has that address here', async () => {
  const house = await start();
  const { server } = house;
  const first = await loggedInThrough(house, 'google', 'ada');
  await registered(server, 'grace@example.com');
  for (const person of [
    { ...ada, email: 'ada.new@example.com' },
    { ...ada, email: 'grace@example.com' },
    { ...ada, email_verified: false },
    { name: 'No address any longer' },
  ]) {
    house.google.people.set('ada', person);
    const again = await loggedInThrough(house, 'google', 'ada');
    expect(again.userId).toBe(first.userId);
    expect(again.answer.body.data.user.email).toBe('ada@example.com');
  }
  expect(count(server, 'users')).toBe(2);
});

test('another subject with the address of a connected account is not that person at that provider', async () => {
  const house = await start();
  await loggedInThrough(house, 'google', 'ada');
  house.google.people.set('eve', ada);
  const answer = await logInThrough(house, 'google', 'eve');
  // Both are verified, so the table says link; but one account of each provider is all a user has.
  expect(answer.status).toBe(409);
  expect(count(house.server, 'sessions')).toBe(1);
});

test('the same subject at another provider is another account', async () => {
  const house = await start();
  house.company.people.set('ada', { ...ada, email: 'another.ada@example.com' });
  const google = await loggedInThrough(house, 'google', 'ada');
  const company = await loggedInThrough(house, 'company', 'ada');
  expect(company.userId).not.toBe(google.userId);
});

test('two parallel first log-ins make one user (S3.86)', async () => {
  const house = await start();
  house.company.people.set('ada', ada);
  const ways = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const provider = index % 2 ? 'google' : 'company';
      const begun = await begin(house.server, provider);
      return { provider, cookie: begun.cookie, answer: await visit(house, provider, 'ada', begun.url) } as const;
    }),
  );
  const answers = await house.server.atOnce(10, (index) => {
    const { provider, answer, cookie } = ways[index] as (typeof ways)[number];
    return finish(house.server, provider, answer, { cookie });
  });
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(answers.filter(({ body }) => body.data.is_new_user)).toHaveLength(1);
  expect(new Set(answers.map(({ body }) => body.data.user.id)).size).toBe(1);
  expect(['users', 'user_emails', 'oauth_accounts'].map((table) => count(house.server, table))).toEqual([1, 1, 2]);
});

describe('account not active (S3.87)', () => {
  const setStatus = (house: House, userId: string, status: 'suspended' | 'deactivated') =>
    house.server.engine.auth.setUserStatus({ userId, status });

  test.each(['suspended', 'deactivated'] as const)('a connected user who is %s stays so', async (status) => {
    const house = await start();
    const { userId } = await loggedInThrough(house, 'google', 'ada');
    await setStatus(house, userId, status);
    const answer = await logInThrough(house, 'google', 'ada');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
    expect(answer.body.error).toEqual({ code: 'UNAUTHORIZED', message: 'account is not active', reason: `account_${status}` });
  });

  test.each(['suspended', 'deactivated'] as const)(
    'nobody is linked to a %s user, verified or not, and none is made beside them',
    async (status) => {
      for (const verified of [true, false]) {
        const house = await start();
        const { server } = house;
        const { userId } = verified
          ? await registered(server, 'ada@example.com')
          : { userId: (await register(server, 'ada@example.com')).body.data.user_id as string };
        await setStatus(house, userId, status);
        const answer = await logInThrough(house, 'google', 'ada');
        expect(answer.body.error).toMatchObject({ message: 'account is not active' });
        expect(['users', 'oauth_accounts', 'password_credentials'].map((table) => count(server, table))).toEqual([1, 0, 1]);
      }
    },
  );
});

test('a look-up that fails is not "nobody": nothing is made, and the answer is 503 (V45)', async () => {
  const house = await start();
  const { cookie, url } = await begin(house.server, 'google');
  const answer = await visit(house, 'google', 'ada', url);
  execute(house.server, 'alter table oauth_accounts rename to gone');
  const failed = await finish(house.server, 'google', answer, { cookie });
  expect(failed.status).toBeGreaterThanOrEqual(500);
  expect(['users', 'user_emails', 'sessions'].map((table) => count(house.server, table))).toEqual([0, 0, 0]);
});

test('no row is left when the last write fails', async () => {
  const house = await start();
  const { cookie, url } = await begin(house.server, 'google');
  const answer = await visit(house, 'google', 'ada', url);
  const repair = breakWrites(house.server, sessionsInRedis ? 'audit_events' : 'sessions', 'insert');
  expect((await finish(house.server, 'google', answer, { cookie })).status).toBe(500);
  expect(['users', 'user_emails', 'oauth_accounts', 'sessions'].map((table) => count(house.server, table))).toEqual([0, 0, 0, 0]);
  repair();
  const again = await logInThrough(house, 'google', 'ada');
  expect(again.body.data.is_new_user).toBe(true);
  expect((await refresh(house.server, cookiePair(again, 'refresh_token'))).status).toBe(200);
});
