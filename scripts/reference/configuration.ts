import { ConfigError } from '../../packages/server/src/config/config-error.ts';
import type { Environment } from '../../packages/server/src/config/env.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { settings } from '../../packages/server/src/config/settings.ts';
import { code, table } from './table.ts';

/** What `parseConfig` asks for, from which values it chooses, and what it takes where nothing is set. */
export const whatIsRead = (env: Environment = {}): Map<string, { value: string; fallback?: string }> => {
  const read = new Map<string, { value: string; fallback?: string }>();
  const general = (name: string) => name.replace(/^OIDC_X_/, 'OIDC_<NAME>_');
  const watched = new Proxy(
    // With a provider, or the settings of one would not all be asked for.
    { OIDC_X_ISSUER: 'https://x.example.com', OIDC_X_CLIENT_ID: 'x', OIDC_X_CLIENT_SECRET: 'x', ...env },
    {
      get: (target, name: string) => {
        if (!read.has(general(name))) read.set(general(name), { value: '' });
        return (target as Environment)[name];
      },
    },
  );
  try {
    parseConfig(watched, undefined, (name, value, fallback) => {
      read.set(name, { value, ...(fallback !== undefined && { fallback }) });
    });
  } catch (error) {
    // What is missing or wrong has been read all the same.
    if (!(error instanceof ConfigError)) throw error;
  }
  return read;
};

/** What production does not start without. */
const required = (): Set<string> => {
  try {
    parseConfig({ NODE_ENV: 'production' });
  } catch (error) {
    return new Set((error as ConfigError).problems.flatMap((line) => /^(\w+) is missing/.exec(line)?.[1] ?? []));
  }
  throw new Error('production starts without any setting');
};

export const configurationReference = (): string => {
  const [read, needed] = [whatIsRead(), required()];
  const groups = Object.entries(settings).map(([heading, group]) => {
    const rows = Object.entries(group).map(([name, { meaning, unset }]) => {
      const { value = '', fallback } = read.get(name) ?? {};
      const whenUnset = needed.has(name) ? `${unset}; **required in production**` : unset;
      return [code(name), value, whenUnset ?? (fallback === undefined ? '' : code(fallback)), meaning];
    });
    return `## ${heading}\n\n${table(['name', 'value', 'when it is not set', 'meaning'], rows)}`;
  });
  return `# Settings

Environment variables, and the settings of \`createTegata\`. How they are read, and what belongs together: [configuration](../configuration.md).

${groups.join('\n\n')}
`;
};
