import type { Provider, Providers } from '@tegata/core';
import type { ProviderConfig } from '../../config/providers.ts';
import type { ProviderParts } from './provider-parts.ts';

/** The providers that the configuration has credentials for, in its order; what none of them needs is not loaded. */
export const createProviders = async (configured: readonly ProviderConfig[], parts: ProviderParts): Promise<Providers> => {
  const list = await Promise.all(configured.map((settings) => create(settings, parts)));
  const byName = new Map(list.map((provider) => [provider.name, provider]));
  return { find: (name) => byName.get(name), list: () => list };
};

const create = async (settings: ProviderConfig, parts: ProviderParts): Promise<Provider> => {
  switch (settings.kind) {
    case 'google':
      return (await import('./google.ts')).createGoogle(settings, parts);
    case 'github':
      return (await import('./github.ts')).createGithub(settings, parts);
    case 'oidc':
      return (await import('./oidc.ts')).createOidc(settings, parts);
  }
};
