import { describe, expect, test } from 'vitest';
import type { Environment } from './env.ts';
import { parseConfig } from './parse-config.ts';
import { inProduction, problemsOf } from './testing/problems-of.ts';

const google = { GOOGLE_CLIENT_ID: 'g', GOOGLE_CLIENT_SECRET: 'gs' };
const github = { GITHUB_CLIENT_ID: 'h', GITHUB_CLIENT_SECRET: 'hs' };
const company = {
  OIDC_COMPANY_CLIENT_ID: 'c',
  OIDC_COMPANY_CLIENT_SECRET: 'cs',
  OIDC_COMPANY_ISSUER: 'https://login.example.com/realms/x/',
};

test('a provider with its credentials is offered, with its own addresses; the others are not', () => {
  expect(parseConfig({}).providers).toEqual([]);
  expect(parseConfig({ ...company, ...github, ...google, OIDC_COMPANY_LABEL: 'Example Company' }).providers).toEqual([
    { kind: 'google', name: 'google', label: 'Google', clientId: 'g', clientSecret: 'gs', issuer: 'https://accounts.google.com' },
    {
      ...{ kind: 'github', name: 'github', label: 'GitHub', clientId: 'h', clientSecret: 'hs' },
      ...{ url: 'https://github.com', apiUrl: 'https://api.github.com' },
    },
    // An issuer is compared letter by letter, with its slash.
    {
      ...{ kind: 'oidc', name: 'company', label: 'Example Company', clientId: 'c', clientSecret: 'cs' },
      issuer: 'https://login.example.com/realms/x/',
    },
  ]);
});

test('a GitHub Enterprise Server has its API on its own host, unless it is said to be elsewhere', () => {
  const [server] = parseConfig({ ...github, GITHUB_URL: 'https://github.example.com/' }).providers;
  expect(server).toMatchObject({ url: 'https://github.example.com', apiUrl: 'https://github.example.com/api/v3' });
  const [elsewhere] = parseConfig({
    ...github,
    GITHUB_URL: 'https://ghe.example',
    GITHUB_API_URL: 'https://api.ghe.example',
  }).providers;
  expect(elsewhere).toMatchObject({ apiUrl: 'https://api.ghe.example' });
});

test('names of several words become names with hyphens, in alphabetical order', () => {
  const of = (name: string) => ({
    [`OIDC_${name}_CLIENT_ID`]: 'x',
    [`OIDC_${name}_CLIENT_SECRET`]: 'x',
    [`OIDC_${name}_ISSUER`]: 'https://x.example',
  });
  const { providers } = parseConfig({ ...of('ZITADEL'), ...of('EXAMPLE_CORP_2') });
  expect(providers.map(({ name, label }) => [name, label])).toEqual([
    ['example-corp-2', 'example-corp-2'],
    ['zitadel', 'zitadel'],
  ]);
});

describe('a provider with half of its settings is a mistake', () => {
  test.each<[Environment, string]>([
    [{ GOOGLE_CLIENT_ID: 'g' }, 'GOOGLE_CLIENT_SECRET'],
    [{ GOOGLE_CLIENT_SECRET: 'g' }, 'GOOGLE_CLIENT_ID'],
    [{ GITHUB_CLIENT_ID: 'g', GITHUB_CLIENT_SECRET: ' ' }, 'GITHUB_CLIENT_SECRET'],
    [{ ...company, OIDC_COMPANY_ISSUER: '' }, 'OIDC_COMPANY_ISSUER'],
    [{ ...company, OIDC_COMPANY_CLIENT_SECRET: undefined }, 'OIDC_COMPANY_CLIENT_SECRET'],
  ])('%o', (env, missing) => {
    expect(problemsOf(env)).toEqual([
      expect.stringMatching(new RegExp(`^${missing} is missing: give .+ and .+, or none of them\\.$`)),
    ]);
  });

  test('all of it is said at once, and no secret with it', () => {
    const problems = problemsOf({ OIDC_COMPANY_LABEL: 'x', GOOGLE_CLIENT_SECRET: 'the-secret' });
    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toContain('the-secret');
  });
});

describe('addresses', () => {
  test.each([
    'http://login.example.com',
    'ftp://x.example',
    'login.example.com',
    'https://user:p@x.example',
    'https://x.example?a',
    'https://x.example#a',
  ])('%s is refused', (issuer) => {
    for (const env of [
      { ...google, GOOGLE_ISSUER: issuer },
      { ...company, OIDC_COMPANY_ISSUER: issuer },
      { ...github, GITHUB_URL: issuer },
    ]) {
      expect(problemsOf(env)).toHaveLength(1);
      expect(problemsOf(env)[0]).toContain('give an ');
    }
  });

  test.each(['http://localhost:9000', 'http://127.0.0.1:9000', 'http://[::1]:9000'])('%s is for development only', (issuer) => {
    expect(problemsOf({ ...company, OIDC_COMPANY_ISSUER: issuer })).toEqual([]);
    expect(problemsOf({ ...inProduction, ...company, OIDC_COMPANY_ISSUER: issuer })).toHaveLength(1);
  });

  test('names of the built-in providers are theirs', () => {
    const named = { OIDC_GOOGLE_CLIENT_ID: 'x', OIDC_GOOGLE_CLIENT_SECRET: 'x', OIDC_GOOGLE_ISSUER: 'https://x.example' };
    expect(problemsOf(named)).toEqual(['OIDC_GOOGLE_ISSUER: choose another name, google has its own settings.']);
  });
});
