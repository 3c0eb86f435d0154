import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { flowTtlSeconds } from './connection.ts';
import { redirectUriFor } from './redirect-uri.ts';

/**
 * A person chooses to log in through a provider, or, logged in, to add one to their account. They get the provider's
 * address to go to, and their browser keeps what the answer will be held against: state, nonce and PKCE verifier, made
 * here and encrypted. Nothing is written, so a stranger who begins a thousand times costs nothing but that.
 */
export type BeginConnectionFailure = { code: 'provider_unknown' } | { code: 'redirect_not_allowed' };

export const beginConnection = async (
  { providers, flows, secrets, clock, settings }: Pick<Deps, 'providers' | 'flows' | 'secrets' | 'clock' | 'settings'>,
  input: { provider: string; redirectTo?: string | undefined; userId?: string | undefined },
): Promise<Result<{ url: string; sealedFlow: string; ttlSeconds: number }, BeginConnectionFailure>> => {
  const provider = providers.find(input.provider);
  if (!provider) return fail('provider_unknown');
  const redirectUri = redirectUriFor(provider.name, input.redirectTo, settings.redirects);
  if (redirectUri === undefined) return fail('redirect_not_allowed');

  const flow = {
    provider: provider.name,
    state: secrets.token(),
    nonce: secrets.token(),
    codeVerifier: secrets.token(),
    redirectUri,
    userId: input.userId,
    expiresAt: clock() + flowTtlSeconds * 1000,
  };
  return ok({ url: await provider.authorizeUrl(flow), sealedFlow: flows.seal(flow), ttlSeconds: flowTtlSeconds });
};
