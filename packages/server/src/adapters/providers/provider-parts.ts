import type { Clock } from '@tegata/core';
import type { Seal } from '../seal.ts';

/** What every provider's adapter is built with, beside its own settings. */
export type ProviderParts = {
  clock: Clock;
  /** For one request to the provider, from its first byte to its last. */
  timeoutSeconds: number;
  /** Encrypts the provider's tokens for the database; undefined when none are to be kept. */
  sealTokens: Seal['seal'] | undefined;
};

export type ProviderSettings = {
  name: string;
  label: string;
  clientId: string;
  clientSecret: string;
};
