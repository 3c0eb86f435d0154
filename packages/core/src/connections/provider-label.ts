import type { Providers } from './provider.ts';

/** What mails call a provider; its bare name once the configuration no longer has it. */
export const providerLabel = (providers: Providers, name: string): string => providers.find(name)?.label ?? name;
