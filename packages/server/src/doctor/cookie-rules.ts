// Will browsers keep the cookies, and send them? All of ours are `Secure; SameSite=Strict` without `Domain`, so the answer
// lies in the public address and in where the pages are that call.

import type { Config } from '../config/config.ts';
import { everyBrowser, type Finding } from './finding.ts';
import { isLoopback, relationOf, siteOf } from './site.ts';

type Settings = Pick<Config, 'publicUrl' | 'contracts' | 'allowedOrigins' | 'production' | 'ttl'>;

/** What a contract keeps in cookies. `bearer` keeps nothing there. */
export const cookieUse: Readonly<Record<string, { can: 'only-cookies' | 'other-way'; otherWay: string }>> = {
  standard: {
    can: 'other-way',
    otherWay: 'log in with "token_transport": "body" there, and keep the refresh token out of reach of other scripts',
  },
  cookie: { can: 'only-cookies', otherWay: 'serve contract standard to it, with "token_transport": "body"' },
  organization: { can: 'other-way', otherWay: 'send the access token in the Authorization header there' },
};

export const usersOfCookies = ({ contracts }: Pick<Config, 'contracts'>): string[] =>
  contracts.filter((name) => Object.hasOwn(cookieUse, name));

const sevenDays = 7 * 86_400;

export const cookieFindings = (settings: Settings): Finding[] => {
  const users = usersOfCookies(settings);
  if (users.length === 0) return [];
  return [
    ...ofPublicUrl(settings),
    ...ofContracts(settings),
    ...settings.allowedOrigins.flatMap((origin) => ofOrigin(origin, settings, users)),
  ];
};

const ofPublicUrl = ({ publicUrl, production }: Settings): Finding[] => {
  const { protocol, hostname, port } = new URL(publicUrl);
  if (protocol === 'https:') return [];
  if (isLoopback(hostname)) {
    return [
      {
        id: 'cookies.safari-localhost',
        level: 'note',
        browsers: ['Safari'],
        text: `Safari keeps no Secure cookie from ${publicUrl}: on http it makes no exception for this machine, as Chrome, Edge and Firefox do.`,
        remedy: `Try it in another browser, or put TLS in front: a certificate for localhost, and TEGATA_URL=https://${hostname}${port ? ':8443' : ''}.`,
      },
    ];
  }
  return [
    {
      id: 'cookies.secure-over-http',
      level: production ? 'error' : 'warning',
      browsers: everyBrowser,
      text: `No browser keeps a Secure cookie from ${publicUrl}: it is http, and not this machine.`,
      remedy: 'Give TEGATA_URL an https address; for a telephone on your desk a tunnel or a certificate of your own will do.',
    },
  ];
};

const ofContracts = ({ contracts, publicUrl }: Settings): Finding[] => {
  const findings: Finding[] = [];
  if (contracts.includes('cookie') && contracts.includes('organization')) {
    findings.push({
      id: 'cookies.shared-names',
      level: 'warning',
      text: 'Contracts cookie and organization both keep access_token and csrf_token under Path=/: in one browser a log-in through one replaces that of the other.',
      remedy: 'Run one server for each on a host of its own, or leave one out of TEGATA_CONTRACTS.',
    });
  }
  const { hostname } = new URL(publicUrl);
  if (siteOf(hostname) !== hostname && !isLoopback(hostname)) {
    findings.push({
      id: 'cookies.sibling-hosts',
      level: 'note',
      text: `The names of the cookies are the contract's, without the prefix __Host-: another host of ${siteOf(hostname)} can plant one of the same name. Of two neither is believed, so it can sign people out, and nobody in.`,
      remedy: `Let nobody else write to a host under ${siteOf(hostname)}.`,
    });
  }
  return findings;
};

const ofOrigin = (origin: string, { publicUrl, ttl, contracts }: Settings, users: string[]): Finding[] => {
  const relation = relationOf(publicUrl, origin);
  const { hostname } = new URL(origin);
  if (relation === 'cross-site') {
    if (isOtherNameOf(publicUrl, origin)) return [];
    return users.map((contract) => ({
      id: contract === 'cookie' ? 'cookies.cross-site-only' : 'cookies.cross-site',
      level: contract === 'cookie' ? ('error' as const) : ('warning' as const),
      browsers: everyBrowser,
      text: `A page of ${origin} never gets contract ${contract} to see its cookies: ${siteOf(hostname)} and ${siteOf(new URL(publicUrl).hostname)} are two sites, and SameSite=Strict stays within one. Safari and Firefox keep no cookies of another site at all.`,
      remedy: `${remedyOfCrossSite(publicUrl, origin)}, or ${cookieUse[contract]?.otherWay}.`,
    }));
  }
  if (relation === 'other-scheme') {
    return [
      {
        id: 'cookies.other-scheme',
        level: 'warning',
        browsers: ['Chrome', 'Edge'],
        text: `${origin} and ${publicUrl} differ in http and https, which Chrome and Edge take for two sites: the cookies are not sent.`,
        remedy: `Serve the page from ${origin.replace(/^http:/, 'https:')} and name that in TEGATA_ALLOWED_ORIGINS.`,
      },
    ];
  }
  if (relation !== 'same-site') return [];
  const findings: Finding[] = [];
  const sameHost = hostname === new URL(publicUrl).hostname;
  if (!sameHost && (contracts.includes('cookie') || contracts.includes('organization'))) {
    findings.push({
      id: 'cookies.host-only',
      level: 'note',
      text: `The cookies belong to ${new URL(publicUrl).hostname} alone: what is served from ${hostname} never receives access_token, though its pages may call here.`,
      remedy: `An application whose own routes read the cookie stands behind the same host: let its proxy pass the contract's paths on to Tegata, and set TEGATA_URL=${origin}.`,
    });
  }
  if (!sameHost && Math.max(ttl.refresh, ttl.remember) > sevenDays && !isLoopback(hostname)) {
    findings.push({
      id: 'cookies.safari-seven-days',
      level: 'note',
      browsers: ['Safari'],
      text: `Safari keeps cookies for 7 days at most where ${hostname} and ${new URL(publicUrl).hostname} have addresses of different networks, or one is an alias (CNAME) of a stranger's name: TEGATA_REMEMBER_TTL is longer.`,
      remedy: 'Serve both from the same network, or Tegata under the host of the pages.',
    });
  }
  return findings;
};

/** The second name of this machine, which the configuration allows by itself in development. */
const isOtherNameOf = (publicUrl: string, origin: string): boolean => {
  const [own, other] = [new URL(publicUrl), new URL(origin)];
  return own.port === other.port && [own.hostname, other.hostname].sort().join() === '127.0.0.1,localhost';
};

const remedyOfCrossSite = (publicUrl: string, origin: string): string => {
  const { hostname } = new URL(origin);
  if (isLoopback(hostname) && isLoopback(new URL(publicUrl).hostname)) {
    return `Open the page as ${new URL(publicUrl).hostname}, not as ${hostname}`;
  }
  return `Give both one site (TEGATA_URL=https://auth.${siteOf(hostname)}, if that is yours)`;
};
