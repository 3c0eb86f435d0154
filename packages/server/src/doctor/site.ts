// How browsers see two addresses: one origin, one site, or strangers. A cookie with `SameSite=Strict` travels within a
// site only, and where a site ends the public suffix list says: `a.vercel.app` and `b.vercel.app` are two sites.

import ipaddr from 'ipaddr.js';

export type Relation = 'same-origin' | 'same-site' | 'other-scheme' | 'cross-site';

/** `other-scheme`: the same site but for http and https, which Chromium takes for two (schemeful same-site). */
export const relationOf = (one: string, other: string): Relation => {
  const [a, b] = [new URL(one), new URL(other)];
  if (a.origin === b.origin) return 'same-origin';
  if (siteOf(a.hostname) !== siteOf(b.hostname)) return 'cross-site';
  return a.protocol === b.protocol ? 'same-site' : 'other-scheme';
};

/** The registrable domain, or the host itself where there is none: an IP address, `localhost`, a suffix. */
export const siteOf = (hostname: string): string => {
  if (isAddress(hostname)) return hostname;
  const labels = hostname.split('.');
  const suffix = sharedSuffixOf(hostname);
  const suffixLabels = suffix ? suffix.split('.').length : 1;
  return labels.slice(-(suffixLabels + 1)).join('.');
};

/** The suffix under which strangers have their hosts too, such as `vercel.app` or `co.uk`. */
export const sharedSuffixOf = (hostname: string): string | undefined => {
  const labels = hostname.split('.');
  for (let from = 0; from < labels.length; from += 1) {
    const suffix = labels.slice(from).join('.');
    if (sharedSuffixes.has(suffix)) return suffix;
  }
  return undefined;
};

/** Where one host belongs to one customer and its neighbors to others. */
export const isHostingSuffix = (suffix: string): boolean => hosting.includes(suffix);

/** This machine itself. Browsers take http on it for safe (W3C Secure Contexts, section 3.1). */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || rangeOf(hostname) === 'loopback';

/** An address that the internet does not route: of this machine, a container network, an office. */
export const isPrivateAddress = (address: string): boolean =>
  ['loopback', 'private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat'].includes(rangeOf(address) ?? '');

/** A host that only this machine or its network can mean. */
export const isPrivateHost = (hostname: string): boolean =>
  isLoopback(hostname) ||
  isPrivateAddress(hostname) ||
  (!hostname.includes('.') && !hostname.includes(':')) ||
  /\.(local|internal|lan|test|home\.arpa)$/.test(hostname);

export const isAddress = (hostname: string): boolean => ipaddr.isValid(bare(hostname));

const rangeOf = (hostname: string): string | undefined =>
  isAddress(hostname) ? ipaddr.process(bare(hostname)).range() : undefined;

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/**
 * The part of the public suffix list that applications live under. The list has ten thousand lines and changes each week;
 * a suffix that is missing here makes two hosts look like one site, and then a browser says what the doctor did not.
 */
const hosting: readonly string[] = [
  ...['vercel.app', 'netlify.app', 'pages.dev', 'workers.dev', 'github.io', 'gitlab.io', 'web.app', 'firebaseapp.com'],
  ...['fly.dev', 'up.railway.app', 'onrender.com', 'herokuapp.com', 'deno.dev', 'surge.sh', 'run.app', 'appspot.com'],
  ...['azurewebsites.net', 'azurestaticapps.net', 'cloudapp.azure.com', 'cloudfront.net', 'amplifyapp.com', 'awsapprunner.com'],
  ...['elasticbeanstalk.com', 'ngrok.io', 'ngrok.app', 'ngrok-free.app', 'trycloudflare.com', 'loca.lt', 'replit.app', 'repl.co'],
  ...['glitch.me', 'stackblitz.io', 'webcontainer.io', 'github.dev', 'gitpod.io', 'ts.net', 'nip.io', 'sslip.io', 'koyeb.app'],
  ...['northflank.app', 'ondigitalocean.app', 'scalingo.io', 'supabase.co', 'lovable.app', 'hf.space', 'streamlit.app'],
];
const countries: readonly string[] = [
  ...['co.uk', 'org.uk', 'ac.uk', 'gov.uk', 'co.jp', 'ne.jp', 'or.jp', 'ac.jp', 'go.jp', 'com.au', 'net.au', 'org.au'],
  ...['co.nz', 'com.br', 'com.mx', 'com.ar', 'com.cn', 'com.tw', 'com.hk', 'com.sg', 'com.tr', 'com.ua', 'co.in', 'co.kr'],
  ...['co.za', 'co.il', 'co.id', 'com.my', 'com.ph', 'com.vn', 'com.pl', 'com.es', 'com.pe', 'com.co'],
];
const sharedSuffixes: ReadonlySet<string> = new Set([...hosting, ...countries]);
