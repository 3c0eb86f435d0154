import { type Answer, cookiePair, startServer, type TestServer } from '../server.ts';
import { type GithubServer, githubClient, startGithubServer } from './github-server.ts';
import { logInAt } from './log-in-at.ts';
import { type OpenidServer, openidClient, type Person, startOpenidServer } from './openid-server.ts';

// Log-ins through providers, arranged through the product and through real providers.

export const application = 'https://app.example.com';
export const callback = `${application}/callback`;
export const publicUrl = 'https://auth.example.com';

/** Tegata, an application at its own origin, and one provider of each kind. */
export type House = Providers & {
  server: TestServer /** The providers' settings, for another server. */;
  settings: Record<string, string>;
};

type Providers = { google: OpenidServer; company: OpenidServer; github: GithubServer };

export const hostedCallback = (provider: string) => `${publicUrl}/auth/callback/${provider}`;

export const startProviders = async (): Promise<Providers & { settings: Record<string, string> }> => {
  const google = await startOpenidServer({ redirectUris: [callback, hostedCallback('google')] });
  const company = await startOpenidServer({ redirectUris: [callback, hostedCallback('company')], claimsIn: 'userinfo' });
  const github = await startGithubServer({ redirectUris: [callback, hostedCallback('github')] });
  const settings = {
    TEGATA_URL: publicUrl,
    TEGATA_ALLOWED_ORIGINS: application,
    GOOGLE_CLIENT_ID: openidClient.id,
    GOOGLE_CLIENT_SECRET: openidClient.secret,
    GOOGLE_ISSUER: google.issuer,
    OIDC_COMPANY_CLIENT_ID: openidClient.id,
    OIDC_COMPANY_CLIENT_SECRET: openidClient.secret,
    OIDC_COMPANY_ISSUER: company.issuer,
    OIDC_COMPANY_LABEL: 'Example Company',
    GITHUB_CLIENT_ID: githubClient.id,
    GITHUB_CLIENT_SECRET: githubClient.secret,
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.apiUrl,
  };
  return { google, company, github, settings };
};

export const startHouse = async (settings: Record<string, string> = {}): Promise<House> => {
  const { settings: own, ...providers } = await startProviders();
  return { server: await startServer({ ...own, ...settings }), ...providers, settings: own };
};

export type Begun = { url: string; cookie: string; answer: Answer };

/** The paths of one contract. */
export type OauthPaths = { prefix: string; urlIn: (body: Answer['body']) => string };
export const standardPaths: OauthPaths = { prefix: '/api/v1/auth/oauth', urlIn: (body) => body.data.url };

/** Asks where to log in, as the application does. */
export const begin = async (
  server: TestServer,
  provider: string,
  { redirectTo = callback, token, paths = standardPaths }: { redirectTo?: string; token?: string; paths?: OauthPaths } = {},
): Promise<Begun> => {
  const path = `${paths.prefix}/${provider}/authorize?redirect_to=${encodeURIComponent(redirectTo)}`;
  const answer = await server.call('GET', path, { token });
  if (answer.status !== 200) throw new Error(`beginning answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return { url: paths.urlIn(answer.body), cookie: cookiePair(answer, 'tegata_oauth'), answer };
};

export type Returned = { code?: string; state?: string; iss?: string; error?: string };

/** What the provider put behind the callback's address, as an application hands it on. */
export const returned = (back: URL): Returned => Object.fromEntries(back.searchParams);

export const finish = (
  server: TestServer,
  provider: string,
  body: Returned & { token_transport?: string },
  {
    cookie,
    token,
    headers,
    paths = standardPaths,
  }: { cookie?: string; token?: string; headers?: Record<string, string>; paths?: OauthPaths } = {},
): Promise<Answer> =>
  server.call('POST', `${paths.prefix}/${provider}`, { body, cookie, token, ...(headers ? { headers } : {}) });

/** To the provider and back, up to the point where the application would hand on the code. */
export const visit = async (
  house: Providers,
  provider: 'google' | 'company' | 'github',
  login: string,
  url: string,
): Promise<Returned> => returned(provider === 'github' ? house.github.visit(url, login) : await logInAt(url, login));

/** The whole way. */
export const logInThrough = async (
  house: House,
  provider: 'google' | 'company' | 'github',
  login: string,
  options: { token?: string; cookie?: string; paths?: OauthPaths } = {},
): Promise<Answer> => {
  const { token, paths } = options;
  const begun = await begin(house.server, provider, { ...(token ? { token } : {}), ...(paths ? { paths } : {}) });
  const answer = await visit(house, provider, login, begun.url);
  const cookie = [begun.cookie, options.cookie].filter(Boolean).join('; ');
  return finish(house.server, provider, answer, { cookie, ...(token ? { token } : {}), ...(paths ? { paths } : {}) });
};

/** Logged in, or the test is wrong. */
export const loggedInThrough = async (...parameters: Parameters<typeof logInThrough>) => {
  const answer = await logInThrough(...parameters);
  if (answer.status !== 200) throw new Error(`logging in answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return { accessToken: answer.body.data.access_token as string, userId: answer.body.data.user.id as string, answer };
};

export const ada: Person = {
  email: 'ada@example.com',
  email_verified: true,
  name: 'Ada Lovelace',
  picture: 'https://img.example.com/ada.png',
};

export const octocat = (email: string, verified = true) => ({
  id: 583231,
  login: 'octocat',
  name: 'The Octocat',
  avatar_url: 'https://avatars.githubusercontent.com/u/583231?v=4',
  emails: [
    { email: 'octocat@users.noreply.github.com', primary: false, verified: true, visibility: null },
    { email, primary: true, verified, visibility: 'private' as const },
  ],
});

export const connectionsOf = (server: TestServer, token: string): Promise<Answer> =>
  server.call('GET', '/api/v1/me/connections', { token });
