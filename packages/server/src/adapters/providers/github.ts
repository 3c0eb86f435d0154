// GitHub speaks OAuth 2.0 without OpenID Connect: the code buys a token, the token asks the API who this is. There is no
// nonce, and an older GitHub Enterprise Server does not look at the PKCE verifier, so the state has to come with the code.

import { fail, ok, type Provider, parseEmailAddress } from '@tegata/core';
import * as client from 'openid-client';
import { isBadCode, providerUnavailable } from './provider-failure.ts';
import { createProviderFetch } from './provider-fetch.ts';
import type { ProviderParts, ProviderSettings } from './provider-parts.ts';
import { sealedTokens } from './sealed-tokens.ts';

export type GithubSettings = ProviderSettings & { url: string; apiUrl: string };

export const createGithub = (settings: GithubSettings, parts: ProviderParts): Provider => {
  const { name, label, clientId, clientSecret, url, apiUrl } = settings;
  const server = {
    issuer: url,
    authorization_endpoint: `${url}/login/oauth/authorize`,
    token_endpoint: `${url}/login/oauth/access_token`,
  };
  const config = new client.Configuration(server, clientId, undefined, client.ClientSecretPost(clientSecret));
  config.timeout = parts.timeoutSeconds;
  config[client.customFetch] = createProviderFetch(parts, withHonestStatus);
  if (url.startsWith('http:')) client.allowInsecureRequests(config);

  const ask = async (token: string, path: string): Promise<unknown> => {
    const headers = new Headers({
      Accept: 'application/vnd.github+json',
      'X-GitHub-Api-Version': '2022-11-28',
      'User-Agent': 'Tegata',
    });
    const response = await client.fetchProtectedResource(config, token, new URL(apiUrl + path), 'GET', null, headers);
    // So the API answers for addresses when the person has not granted them.
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw new Error('unexpected status', { cause: response });
    return response.json();
  };

  return {
    name,
    label,
    identityNamesFlow: false,

    authorizeUrl: async ({ state, codeVerifier, redirectUri }) =>
      client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'read:user user:email',
        state,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      }).href,

    identify: async ({ state, codeVerifier, redirectUri }, { code }) => {
      const answer = new URL(redirectUri);
      answer.search = new URLSearchParams({ code, state }).toString();
      try {
        const checks = { expectedState: state, pkceCodeVerifier: codeVerifier };
        const tokens = await client.authorizationCodeGrant(config, answer, checks);
        const person = record(await ask(tokens.access_token, '/user'));
        const { id, login, name: fullName, avatar_url: picture } = person;
        // Numbers are never given again, unlike log-in names.
        if (typeof id !== 'number' || !Number.isSafeInteger(id)) throw new Error('no id');
        const emails = await ask(tokens.access_token, '/user/emails');
        const primary = (Array.isArray(emails) ? emails : []).map(record).find((one) => one.primary === true);
        return ok({
          providerUserId: `${url} ${id}`,
          email: parseEmailAddress(primary?.email),
          emailVerified: primary?.verified === true,
          name: text(fullName) || text(login),
          avatarUrl: text(picture),
          sealedTokens: sealedTokens(parts, tokens),
        });
      } catch (error) {
        if (isBadCode(error)) return fail('code_invalid');
        throw providerUnavailable(name, 'identity', error);
      }
    },
  };
};

const record = (value: unknown) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {});
const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** What GitHub calls a code that is wrong, used, expired, or that the verifier does not fit. */
const badCode = 'bad_verification_code';

/** GitHub answers 200 with `{"error": …}` where RFC 6749, section 5.2, asks for 400, and has words of its own. */
const withHonestStatus = async (response: Response): Promise<Response> => {
  if (response.status !== 200) return response;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const { error } = record(body);
  if (typeof error !== 'string') return response;
  return Response.json({ error: error === badCode ? 'invalid_grant' : error }, { status: 400 });
};
