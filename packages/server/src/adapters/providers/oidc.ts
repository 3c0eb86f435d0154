// Any provider of OpenID Connect: discovery, authorization code with PKCE and nonce, and an ID token whose signature,
// issuer, audience, times and nonce are checked. Addresses come from the ID token, or from the userinfo endpoint where the
// token has none.

import { fail, ok, type Provider, parseEmailAddress } from '@tegata/core';
import * as client from 'openid-client';
import { createDiscovered } from './discovered.ts';
import { isBadCode, providerUnavailable } from './provider-failure.ts';
import { createProviderFetch } from './provider-fetch.ts';
import type { ProviderParts, ProviderSettings } from './provider-parts.ts';
import { sealedTokens } from './sealed-tokens.ts';

export type OidcSettings = ProviderSettings & { issuer: string };

const hourMs = 3_600_000;
const retryMs = 5_000;

export const createOidc = (settings: OidcSettings, parts: ProviderParts): Provider => {
  const { name, label, clientId, clientSecret, issuer } = settings;
  const metadata = { [client.clockTolerance]: 30 };
  const discovered = createDiscovered({
    clock: parts.clock,
    keepMs: hourMs,
    retryMs,
    fetch: () =>
      client.discovery(new URL(issuer), clientId, metadata, clientAuthentication(clientSecret), {
        [client.customFetch]: createProviderFetch(parts),
        timeout: parts.timeoutSeconds,
        execute: [
          // Without this the library trusts the connection for the ID token's origin (OpenID Connect Core, section 3.1.3.7).
          client.enableNonRepudiationChecks,
          // The configuration has made sure that it is this machine.
          ...(issuer.startsWith('http:') ? [client.allowInsecureRequests] : []),
        ],
      }),
  });
  const configuration = async () => {
    try {
      return await discovered();
    } catch (error) {
      throw providerUnavailable(name, 'discovery', error);
    }
  };

  return {
    name,
    label,
    identityNamesFlow: true,

    authorizeUrl: async ({ state, nonce, codeVerifier, redirectUri }) =>
      client.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      }).href,

    identify: async ({ state, nonce, codeVerifier, redirectUri }, { code, issuer: answerIssuer }) => {
      const config = await configuration();
      const { issuer: expectedIssuer, authorization_response_iss_parameter_supported: namesIssuer } = config.serverMetadata();
      // RFC 9207. An application that does not hand it on is as safe as with a provider that does not send it.
      if (answerIssuer !== undefined && answerIssuer !== expectedIssuer) return fail('code_invalid');
      const answer = new URL(redirectUri);
      answer.search = new URLSearchParams({ code, state, ...(namesIssuer ? { iss: expectedIssuer } : {}) }).toString();
      try {
        const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true };
        const tokens = await client.authorizationCodeGrant(config, answer, checks);
        const idToken = tokens.claims();
        if (!idToken?.sub) throw new Error('no subject');
        const asksElsewhere = idToken.email === undefined && config.serverMetadata().userinfo_endpoint !== undefined;
        // One or the other: an address of one source is not verified by what the other says about its own.
        const said: Record<string, unknown> = asksElsewhere
          ? await client.fetchUserInfo(config, tokens.access_token, idToken.sub)
          : idToken;
        return ok({
          providerUserId: `${expectedIssuer} ${idToken.sub}`,
          email: parseEmailAddress(said.email),
          // A string `"true"`, or nothing said, is not the promise that OpenID Connect Core, section 5.1, describes.
          emailVerified: said.email_verified === true,
          name: text(said.name),
          avatarUrl: text(said.picture),
          sealedTokens: sealedTokens(parts, tokens),
        });
      } catch (error) {
        if (isBadCode(error)) return fail('code_invalid');
        throw providerUnavailable(name, 'identity', error);
      }
    },
  };
};

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** In the header, which every provider has to take (RFC 6749, section 2.3.1), unless its metadata says that it does not. */
const clientAuthentication = (secret: string): client.ClientAuth => {
  const [inHeader, inBody] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const taken = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (taken.includes('client_secret_basic') ? inHeader : inBody)(server, ...rest);
  };
};
