import type { Provider, Providers } from '@tegata/core';
import type { ProviderConfig } from '../../config/providers.ts';
import { createGithub } from './github.ts';
import { createGoogle } from './google.ts';
import { createOidc } from './oidc.ts';
import type { ProviderParts } from './provider-parts.ts';

/** The providers that the configuration has credentials for, in its order. */
export const createProviders = (configured: readonly ProviderConfig[], parts: ProviderParts): Providers => {
  const list = configured.map((settings) => create(settings, parts));
  const byName = new Map(list.map((provider) => [provider.name, provider]));
  return { find: (name) => byName.get(name), list: () => list };
};

const create = (settings: ProviderConfig, parts: ProviderParts): Provider => {
  switch (settings.kind) {
    case 'google':
      return createGoogle(settings, parts);
    case 'github':
      return createGithub(settings, parts);
    case 'oidc':
      return createOidc(settings, parts);
  }
};
