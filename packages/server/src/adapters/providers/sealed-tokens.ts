import type { ProviderParts } from './provider-parts.ts';

/** A provider's tokens as the database may have them, where the configuration wants them kept at all. */
export const sealedTokens = (
  { sealTokens, clock }: Pick<ProviderParts, 'sealTokens' | 'clock'>,
  tokens: { access_token: string; refresh_token?: string; expires_in?: number; scope?: string },
): string | null => {
  if (!sealTokens) return null;
  const { access_token, refresh_token, expires_in, scope } = tokens;
  const expires_at = expires_in === undefined ? undefined : clock() + expires_in * 1000;
  return sealTokens(JSON.stringify({ access_token, refresh_token, expires_at, scope }));
};
