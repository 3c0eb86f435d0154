import { generateKeyPairSync } from 'node:crypto';
import { type Configuration, Provider } from 'oidc-provider';
import { type FaultyServer, startFaultyServer } from './faulty-server.ts';

/** What a person's account at the provider says about them. */
export type Person = { email?: string; email_verified?: boolean | string; name?: string; picture?: string };

export type OpenidServer = FaultyServer & {
  issuer: string;
  /** By the name they log in with, which is also the subject of their tokens. */
  people: Map<string, Person>;
  /** Every token it has given out. */
  issued: string[];
};

export const openidClient = { id: 'tegata-at-the-provider', secret: 'the-secret-between-tegata-and-the-provider' };

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signingKey = { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'provider-key' };

/**
 * A real provider of OpenID Connect on loopback: its own log-in page, discovery, PKCE, ID tokens.
 *
 * @param claimsIn Where it puts addresses and names: into the ID token as Google does, or into the answer of the userinfo
 * endpoint only, as OpenID Connect Core, section 5.4, has it.
 */
export const startOpenidServer = async ({
  redirectUris,
  claimsIn = 'id token',
  host = '127.0.0.1',
}: {
  redirectUris: string[];
  claimsIn?: 'id token' | 'userinfo';
  /** The name in its address. A browser takes `localhost` and `127.0.0.1` for two sites. */
  host?: string;
}): Promise<OpenidServer> => {
  const people = new Map<string, Person>();
  const issued: string[] = [];
  const configuration: Configuration = {
    clients: [
      {
        client_id: openidClient.id,
        client_secret: openidClient.secret,
        redirect_uris: redirectUris,
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'picture'] },
    conformIdTokenClaims: claimsIn === 'userinfo',
    findAccount: (_context, sub) => ({ accountId: sub, claims: async () => ({ sub, ...people.get(sub) }) }),
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    pkce: { required: () => true },
    jwks: { keys: [signingKey as never] },
    cookies: { keys: ['a key for the cookies of the provider'] },
  };
  const server = await startFaultyServer((url) => {
    const provider = new Provider(url, configuration);
    provider.on('server_error', (_context, error) => {
      throw error;
    });
    provider.on('grant.success', ({ body }) => {
      const { access_token, id_token } = body as { access_token: string; id_token: string };
      issued.push(access_token, id_token);
    });
    return provider.callback();
  }, host);
  return { ...server, issuer: server.url, people, issued };
};
