import { describe, expect, test } from 'vitest';
import type { Answer } from '../server.ts';
import { count } from '../standard/stored.ts';
import type { Fault } from './faulty-server.ts';
import { ada, begin, finish, type House, logInThrough, octocat, startHouse, visit } from './people.ts';

// A provider that is down, slow or talking nonsense is neither a bad code nor half an account.

const start = async () => {
  const house = await startHouse({ TEGATA_PROVIDER_TIMEOUT: '1s' });
  house.google.people.set('ada', ada);
  house.company.people.set('ada', ada);
  house.github.people.set('ada', octocat('ada@example.com'));
  return house;
};

const expectUnavailable = (answer: Answer) => {
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('5');
  expect(answer.body.error).toEqual({
    code: 'SERVICE_UNAVAILABLE',
    message: 'service temporarily unavailable, please try again',
  });
};

const expectNothingMade = ({ server }: House) =>
  expect(['users', 'oauth_accounts', 'sessions'].map((table) => count(server, table))).toEqual([0, 0, 0]);

const faults: Fault[] = [
  'status 500',
  'status 503',
  'garbage',
  'html',
  'silence',
  'half an answer',
  'redirect',
  'huge',
  'hang up',
];

const steps = [
  ['google', '/token'],
  ['google', '/jwks'],
  ['company', '/me'],
  ['github', '/login/oauth/access_token'],
  ['github', '/api/v3/user'],
  ['github', '/api/v3/user/emails'],
] as const;

describe.each(steps)('%s, when it is asked for %s', (provider, path) => {
  test.each(faults)('provider returns: %s (S3.80)', async (fault) => {
    const house = await start();
    const { cookie, url } = await begin(house.server, provider);
    const answer = await visit(house, provider, 'ada', url);
    house[provider].fails(path, fault);
    const asked = house[provider].asked.length;
    expectUnavailable(await finish(house.server, provider, answer, { cookie }));
    expectNothingMade(house);
    // Once and no more: a provider in trouble is not asked again and again.
    expect(house[provider].asked.slice(asked).filter((one) => one === path)).toHaveLength(1);
    house[provider].fails(path, undefined);
    expect((await logInThrough(house, provider, 'ada')).status).toBe(200);
  });
});

describe('discovery', () => {
  const path = '/.well-known/openid-configuration';

  test.each(faults)('provider returns: %s', async (fault) => {
    const house = await start();
    house.google.fails(path, fault);
    expectUnavailable(await house.server.call('GET', '/api/v1/auth/oauth/google/authorize'));
    house.google.fails(path, undefined);
    house.server.advance({ seconds: 5 });
    expect((await logInThrough(house, 'google', 'ada')).status).toBe(200);
  });

  test('people who try again do not become a storm: one request in five seconds, however many they are', async () => {
    const house = await start();
    house.google.fails(path, 'status 500');
    const tryAgain = () => house.server.call('GET', '/api/v1/auth/oauth/google/authorize');
    for (const answer of await house.server.atOnce(20, tryAgain)) expectUnavailable(answer);
    house.server.advance({ seconds: 4 });
    for (const answer of await house.server.atOnce(20, tryAgain)) expectUnavailable(answer);
    expect(house.google.asked.filter((one) => one === path)).toHaveLength(1);
    house.server.advance({ seconds: 1 });
    await tryAgain();
    expect(house.google.asked.filter((one) => one === path)).toHaveLength(2);
  });

  test('happens when it is needed, once an hour, and the last one is used while the provider is away', async () => {
    const house = await start();
    expect(house.google.asked).toEqual([]);
    const asked = () => house.google.asked.filter((one) => one === path).length;
    await house.server.atOnce(10, () => begin(house.server, 'google'));
    house.server.advance({ minutes: 59 });
    await begin(house.server, 'google');
    expect(asked()).toBe(1);
    house.google.fails(path, 'silence');
    house.server.advance({ minutes: 2 });
    await begin(house.server, 'google');
    await begin(house.server, 'google');
    expect(asked()).toBe(2);
  });

  test('a provider that names another issuer than the configured one is not believed', async () => {
    const house = await start();
    const other = await startHouse({ GOOGLE_ISSUER: `${house.google.issuer}/` });
    expect((await other.server.call('GET', '/api/v1/auth/oauth/google/authorize')).status).toBe(200);
    const wrong = await startHouse({ GOOGLE_ISSUER: house.google.issuer.replace('127.0.0.1', 'localhost') });
    expectUnavailable(await wrong.server.call('GET', '/api/v1/auth/oauth/google/authorize'));
  });
});

test('a wrong client secret is the operator’s mistake, not the person’s', async () => {
  const house = await startHouse({ GOOGLE_CLIENT_SECRET: 'not-the-secret', GITHUB_CLIENT_SECRET: 'not-the-secret' });
  house.google.people.set('ada', ada);
  house.github.people.set('ada', octocat('ada@example.com'));
  for (const provider of ['google', 'github'] as const) expectUnavailable(await logInThrough(house, provider, 'ada'));
  expectNothingMade(house);
});
