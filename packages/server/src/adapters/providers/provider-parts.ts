import type { Clock } from '@tegata/core';
import type { Seal } from '../seal.ts';

/** What every provider's adapter is built with, beside its own settings. */
export type ProviderParts = {
  clock: Clock;
  /** For one request to the provider, from its first byte to its last. */
  timeoutSeconds: number;
  /** Stands around each request to a provider: see `observe/traced-parts.ts`. */
  askProvider?: AskProvider | undefined;
  /** Encrypts the provider's tokens for the database; undefined when none are to be kept. */
  sealTokens: Seal['seal'] | undefined;
};

/** Makes the request that it is given, once. */
export type AskProvider = (about: { method: string; host: string }, ask: () => Promise<Response>) => Promise<Response>;

export type ProviderSettings = {
  name: string;
  label: string;
  clientId: string;
  clientSecret: string;
};
