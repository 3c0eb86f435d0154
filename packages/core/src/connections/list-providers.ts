import type { Deps } from '../deps.ts';

/** The providers on offer: those with credentials in the configuration. */
export const listProviders = ({ providers }: Pick<Deps, 'providers'>): { name: string; label: string }[] =>
  providers.list().map(({ name, label }) => ({ name, label }));
