import type { GithubSettings } from '../adapters/providers/github.ts';
import type { GoogleSettings } from '../adapters/providers/google.ts';
import type { OidcSettings } from '../adapters/providers/oidc.ts';
import type { Environment } from './env.ts';

/** A provider with credentials: only those are offered. */
export type ProviderConfig =
  | ({ kind: 'google' } & GoogleSettings)
  | ({ kind: 'github' } & GithubSettings)
  | ({ kind: 'oidc' } & OidcSettings);

const googleIssuer = 'https://accounts.google.com';
const githubUrl = 'https://github.com';
const githubApiUrl = 'https://api.github.com';

/** Reads the settings of providers. `report` takes each mistake, in words for the operator. */
export const parseProviders = (
  env: Environment,
  { production, report }: { production: boolean; report: (problem: string) => void },
): ProviderConfig[] => {
  const text = (name: string) => env[name]?.trim() || undefined;

  const address = (name: string, fallback?: string): string | undefined => {
    const value = text(name) ?? fallback;
    if (value === undefined) return undefined;
    const url = URL.parse(value);
    const bare = url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password;
    if (!bare) {
      report(`${name}=${value}: give an address such as https://login.example.com.`);
      return undefined;
    }
    // A code and a client secret travel there.
    if (url.protocol === 'http:' && (production || !isLoopback(url.hostname))) {
      report(`${name}=${value}: give an https address; http is for this machine only, outside production.`);
      return undefined;
    }
    return value;
  };

  /** Both halves, or neither. */
  const credentials = (prefix: string, required = false) => {
    const [clientId, clientSecret] = [text(`${prefix}_CLIENT_ID`), text(`${prefix}_CLIENT_SECRET`)];
    if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
    const wanted = required || clientId !== undefined || clientSecret !== undefined;
    if (wanted && clientId === undefined) report(missing(prefix, 'CLIENT_ID', required));
    if (wanted && clientSecret === undefined) report(missing(prefix, 'CLIENT_SECRET', required));
    return undefined;
  };

  const google = (): ProviderConfig[] => {
    const own = credentials('GOOGLE');
    const issuer = address('GOOGLE_ISSUER', googleIssuer);
    return own && issuer ? [{ kind: 'google', name: 'google', label: 'Google', ...own, issuer }] : [];
  };

  const github = (): ProviderConfig[] => {
    const own = credentials('GITHUB');
    const url = withoutSlash(address('GITHUB_URL', githubUrl));
    // An Enterprise Server has its API on the same host.
    const apiUrl = withoutSlash(address('GITHUB_API_URL', url === githubUrl ? githubApiUrl : url && `${url}/api/v3`));
    return own && url && apiUrl ? [{ kind: 'github', name: 'github', label: 'GitHub', ...own, url, apiUrl }] : [];
  };

  const oidc = (key: string): ProviderConfig[] => {
    const prefix = `OIDC_${key}`;
    const name = key.toLowerCase().replaceAll('_', '-');
    if (name === 'google' || name === 'github') report(`${prefix}_ISSUER: choose another name, ${name} has its own settings.`);
    const own = credentials(prefix, true);
    const issuer = address(`${prefix}_ISSUER`);
    if (text(`${prefix}_ISSUER`) === undefined) report(missing(prefix, 'ISSUER', true));
    return own && issuer ? [{ kind: 'oidc', name, label: text(`${prefix}_LABEL`) ?? name, ...own, issuer }] : [];
  };

  return [...google(), ...github(), ...oidcKeys(env).flatMap(oidc)];
};

/** Paths are put behind these. An issuer is compared letter by letter and stays as it is. */
const withoutSlash = (url: string | undefined) => url?.replace(/\/+$/, '');

const missing = (prefix: string, part: string, withIssuer: boolean) => {
  const all = [...(withIssuer ? ['ISSUER'] : []), 'CLIENT_ID', 'CLIENT_SECRET'].map((each) => `${prefix}_${each}`);
  return `${prefix}_${part} is missing: give ${all.slice(0, -1).join(', ')} and ${all.at(-1)}, or none of them.`;
};

/** The names in `OIDC_<NAME>_…`, in alphabetical order. */
const oidcKeys = (env: Environment): string[] => {
  const keys = Object.keys(env).flatMap((name) => {
    const [, key] = /^OIDC_([A-Z0-9]+(?:_[A-Z0-9]+)*?)_(?:ISSUER|CLIENT_ID|CLIENT_SECRET|LABEL)$/.exec(name) ?? [];
    return key && env[name]?.trim() ? [key] : [];
  });
  return [...new Set(keys)].sort();
};

const isLoopback = (hostname: string) =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
