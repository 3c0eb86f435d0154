import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config/config-error.ts';
import type { Environment } from '../config/env.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { LiveFacts, Seen } from './live-facts.ts';
import { examineTopology } from './topology.ts';

// A table of topologies: settings, what the network does, and what the doctor has to say, `ok` left out.

const production: Environment = {
  NODE_ENV: 'production',
  TEGATA_URL: 'https://auth.example.com',
  TEGATA_SECRET: 'Only4Tests-0123456789-abcdefghijklmnop',
  SMTP_URL: 'smtp://user:password@mail.example.com:587',
  MAIL_FROM: 'Example <no-reply@example.com>',
  TEGATA_TRUSTED_PROXIES: '10.0.0.0/8',
};

type Overrides = Partial<Omit<LiveFacts, 'seen'>> & { seen?: Partial<Seen> | 'unknown-secret' };

/** One proxy in front that does everything right. */
const healthySeen: Seen = {
  socketAddress: '10.0.0.5',
  forwardedFor: '203.0.113.9',
  clientAddress: '203.0.113.9',
  spoofed: { forwardedFor: '192.0.2.1, 203.0.113.9', clientAddress: '203.0.113.9' },
  lostHeaders: [],
  publicUrl: 'https://auth.example.com',
  contracts: ['standard'],
  database: 'mark',
};
const goodCookie = 'refresh_token=; Path=/api/v1/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=0';
const live = ({ seen = {}, ...overrides }: Overrides = {}): LiveFacts => ({
  url: 'https://auth.example.com',
  ready: { status: 200, isTegata: true, location: undefined },
  certificate: { daysLeft: 60 },
  plainHttp: 'redirects',
  hsts: 'max-age=63072000; includeSubDomains',
  cacheControl: 'no-store',
  age: undefined,
  clockAheadSeconds: 0,
  cookies: [{ contract: 'standard', setCookies: [goodCookie] }],
  preflights: [{ origin: 'https://tegata-doctor.invalid', expected: false, allowOrigin: undefined, allowCredentials: false }],
  seen: seen === 'unknown-secret' ? seen : { ...healthySeen, ...seen },
  ...overrides,
});
const cookies = (...setCookies: string[]) => [{ contract: 'standard', setCookies }];
const preflight = (allowOrigin: string | undefined, allowCredentials = true) => [
  { origin: 'https://app.example.com', expected: true, allowOrigin, allowCredentials },
];
const direct = { forwardedFor: undefined, spoofed: { forwardedFor: '192.0.2.1', clientAddress: '203.0.113.9' } };

type Row = [topology: string, settings: Environment, facts: LiveFacts | undefined, expected: string[]];

const development: Row[] = [
  ['a fresh checkout on localhost', {}, undefined, ['cookies.safari-localhost']],
  ['localhost with TLS', { TEGATA_URL: 'https://localhost:8443' }, undefined, []],
  [
    'a page of another port of localhost',
    { TEGATA_ALLOWED_ORIGINS: 'http://localhost:5173' },
    undefined,
    ['cookies.safari-localhost'],
  ],
  [
    'a page opened as 127.0.0.1',
    { TEGATA_ALLOWED_ORIGINS: 'http://127.0.0.1:5173' },
    undefined,
    ['cookies.cross-site', 'cookies.safari-localhost'],
  ],
  [
    'two hosts of .localhost',
    { TEGATA_URL: 'http://auth.localhost:3000', TEGATA_ALLOWED_ORIGINS: 'http://app.localhost:3000' },
    undefined,
    ['cookies.cross-site', 'cookies.safari-localhost'],
  ],
  ['a telephone in the same network', { TEGATA_URL: 'http://192.168.1.20:3000' }, undefined, ['cookies.secure-over-http']],
  ['a name of the office network', { TEGATA_URL: 'http://auth.test' }, undefined, ['cookies.secure-over-http']],
  ['scripts only: no cookies at all', { TEGATA_CONTRACTS: 'bearer', TEGATA_URL: 'http://192.168.1.20:3000' }, undefined, []],
  ['a tunnel', { TEGATA_URL: 'https://abc.ngrok-free.app' }, undefined, ['cookies.sibling-hosts'].slice(1)],
  ['mail, workers and a file', { TEGATA_WORKERS: '4' }, undefined, ['cookies.safari-localhost', 'database.sqlite-workers']],
];

const hosts: Row[] = [
  ['one host behind one proxy', production, undefined, ['cookies.sibling-hosts']],
  ['the registrable domain itself', { ...production, TEGATA_URL: 'https://example.com' }, undefined, []],
  [
    'a page on a sibling host',
    { ...production, TEGATA_ALLOWED_ORIGINS: 'https://app.example.com' },
    undefined,
    ['cookies.safari-seven-days', 'cookies.sibling-hosts'],
  ],
  [
    'the same with a week at most',
    { ...production, TEGATA_ALLOWED_ORIGINS: 'https://app.example.com', TEGATA_REMEMBER_TTL: '7d' },
    undefined,
    ['cookies.sibling-hosts'],
  ],
  [
    'a page on another port of the same host',
    { ...production, TEGATA_ALLOWED_ORIGINS: 'https://auth.example.com:8443' },
    undefined,
    ['cookies.sibling-hosts'],
  ],
  [
    'contract cookie with a page on a sibling host',
    { ...production, TEGATA_CONTRACTS: 'cookie', TEGATA_ALLOWED_ORIGINS: 'https://app.example.com' },
    undefined,
    ['cookies.host-only', 'cookies.safari-seven-days', 'cookies.sibling-hosts'],
  ],
  [
    'a page on another domain',
    { ...production, TEGATA_ALLOWED_ORIGINS: 'https://app.example.org' },
    undefined,
    ['cookies.cross-site', 'cookies.sibling-hosts'],
  ],
  [
    'contract cookie with a page on another domain',
    { ...production, TEGATA_CONTRACTS: 'cookie', TEGATA_ALLOWED_ORIGINS: 'https://app.example.org' },
    undefined,
    ['cookies.cross-site-only', 'cookies.sibling-hosts'],
  ],
  [
    'contract bearer with a page on another domain',
    { ...production, TEGATA_CONTRACTS: 'bearer', TEGATA_ALLOWED_ORIGINS: 'https://app.example.org' },
    undefined,
    [],
  ],
  [
    'contract organization with a page on another domain',
    { ...production, TEGATA_CONTRACTS: 'organization', TEGATA_ALLOWED_ORIGINS: 'https://app.example.org' },
    undefined,
    ['cookies.cross-site', 'cookies.sibling-hosts'],
  ],
  [
    'two projects on vercel.app',
    {
      ...production,
      TEGATA_URL: 'https://auth-x.vercel.app',
      TEGATA_ALLOWED_ORIGINS: 'https://app-x.vercel.app',
      MAIL_FROM: 'a@auth-x.vercel.app',
    },
    undefined,
    ['cookies.cross-site', 'url.shared-suffix'],
  ],
  [
    'fly.dev with a page on a domain',
    { ...production, TEGATA_URL: 'https://auth-x.fly.dev', TEGATA_ALLOWED_ORIGINS: 'https://example.com' },
    undefined,
    ['cookies.cross-site', 'mail.foreign-sender', 'url.shared-suffix'],
  ],
  [
    'railway, whose suffix has three labels',
    {
      ...production,
      TEGATA_URL: 'https://auth.up.railway.app',
      TEGATA_ALLOWED_ORIGINS: 'https://app.up.railway.app',
      MAIL_FROM: 'a@auth.up.railway.app',
    },
    undefined,
    ['cookies.cross-site', 'url.shared-suffix'],
  ],
  [
    'siblings under co.jp',
    {
      ...production,
      TEGATA_URL: 'https://auth.example.co.jp',
      TEGATA_ALLOWED_ORIGINS: 'https://app.example.co.jp',
      MAIL_FROM: 'a@example.co.jp',
      TEGATA_REMEMBER_TTL: '7d',
    },
    undefined,
    ['cookies.sibling-hosts'],
  ],
  [
    'strangers under co.uk',
    { ...production, TEGATA_URL: 'https://auth.co.uk', TEGATA_ALLOWED_ORIGINS: 'https://app.co.uk', MAIL_FROM: 'a@auth.co.uk' },
    undefined,
    ['cookies.cross-site'],
  ],
  [
    'its own address listed once more',
    { ...production, TEGATA_ALLOWED_ORIGINS: 'https://auth.example.com' },
    undefined,
    ['cookies.sibling-hosts', 'cors.own-origin'],
  ],
  [
    'the machine of a developer in production',
    { ...production, TEGATA_ALLOWED_ORIGINS: 'http://localhost:5173' },
    undefined,
    ['cookies.cross-site', 'cookies.sibling-hosts', 'cors.loopback-origin'],
  ],
  [
    'production on localhost',
    { ...production, TEGATA_URL: 'https://localhost', MAIL_FROM: 'a@localhost' },
    undefined,
    ['url.loopback'],
  ],
  [
    'production in an office',
    { ...production, TEGATA_URL: 'https://auth.corp.internal', MAIL_FROM: 'a@corp.internal' },
    undefined,
    ['cookies.sibling-hosts', 'url.private'],
  ],
  [
    'production on a bare address',
    { ...production, TEGATA_URL: 'https://203.0.113.5', MAIL_FROM: 'a@203.0.113.5' },
    undefined,
    ['url.ip-address'],
  ],
  ['a port in the public address', { ...production, TEGATA_URL: 'https://example.com:8443' }, undefined, ['url.port']],
  [
    'contracts cookie and organization side by side',
    { ...production, TEGATA_URL: 'https://example.com', TEGATA_CONTRACTS: 'cookie,organization' },
    undefined,
    ['cookies.shared-names'],
  ],
  [
    'http pages of the office, in development',
    { TEGATA_URL: 'https://auth.example.com', TEGATA_ALLOWED_ORIGINS: 'http://app.example.com' },
    undefined,
    ['cookies.other-scheme', 'cookies.sibling-hosts'],
  ],
  [
    'http pages below the host, in development',
    { TEGATA_URL: 'https://example.com', TEGATA_ALLOWED_ORIGINS: 'http://app.example.com' },
    undefined,
    ['cookies.other-scheme', 'cors.hsts-origin'],
  ],
];

const one: Environment = { ...production, TEGATA_URL: 'https://example.com' };
const parts: Row[] = [
  ['nothing said of proxies', { ...one, TEGATA_TRUSTED_PROXIES: '' }, undefined, ['configuration.no-trusted-proxy']],
  [
    'a proxy on the same machine, not trusted',
    { ...one, HOST: '127.0.0.1', TEGATA_TRUSTED_PROXIES: '' },
    undefined,
    ['proxy.loopback-untrusted'],
  ],
  ['a proxy on the same machine, trusted', { ...one, HOST: '127.0.0.1', TEGATA_TRUSTED_PROXIES: '127.0.0.1' }, undefined, []],
  ['an eighth of the internet trusted', { ...one, TEGATA_TRUSTED_PROXIES: '32.0.0.0/3' }, undefined, ['proxy.wide']],
  [
    'a content network, by its published range',
    { ...one, TEGATA_TRUSTED_PROXIES: '173.245.48.0/20,2400:cb00::/32' },
    undefined,
    [],
  ],
  [
    'many workers, each with many connections',
    { ...one, DATABASE_URL: 'postgres://u:p@db/tegata', TEGATA_WORKERS: '8', TEGATA_DATABASE_POOL: '20' },
    undefined,
    ['database.connections'],
  ],
  [
    'a pool no larger than the hashing lane',
    { ...one, DATABASE_URL: 'postgres://u:p@db/tegata', TEGATA_DATABASE_POOL: '2', TEGATA_HASH_CONCURRENCY: '3' },
    undefined,
    ['database.small-pool'],
  ],
  [
    'PostgreSQL across the internet in the clear',
    { ...one, DATABASE_URL: 'postgres://u:p@db.example.net/tegata' },
    undefined,
    ['database.plain'],
  ],
  ['the same with TLS', { ...one, DATABASE_URL: 'postgres://u:p@db.example.net/tegata?sslmode=verify-full' }, undefined, []],
  [
    'Redis across the internet, open',
    { ...one, REDIS_URL: 'redis://cache.example.net:6379' },
    undefined,
    ['redis.open', 'redis.plain'],
  ],
  [
    'sessions that outlive their owners',
    { REDIS_URL: 'redis://localhost:6379', DATABASE_URL: 'sqlite::memory:', TEGATA_URL: 'https://example.com' },
    undefined,
    ['redis.outlives-database'],
  ],
  ['mail of another domain', { ...one, MAIL_FROM: 'no-reply@mailer.example.net' }, undefined, ['mail.foreign-sender']],
  ['access tokens longer than sessions', { ...one, TEGATA_ACCESS_TTL: '8d' }, undefined, ['tokens.access-outlives-refresh']],
  ['sessions shorter than promised', { ...one, TEGATA_SESSION_MAX_AGE: '14d' }, undefined, ['tokens.session-too-short']],
];

const bare = ['cookies.sibling-hosts'];
const app = { ...production, TEGATA_ALLOWED_ORIGINS: 'https://app.example.com', TEGATA_REMEMBER_TTL: '7d' };
const running: Row[] = [
  ['one proxy that does everything right', production, live(), bare],
  [
    'clients that connect directly',
    { ...production, TEGATA_TRUSTED_PROXIES: '' },
    live({ seen: { ...direct, socketAddress: '203.0.113.9' } }),
    [...bare, 'configuration.no-trusted-proxy'],
  ],
  [
    'a proxy that nobody trusts',
    { ...production, TEGATA_TRUSTED_PROXIES: '' },
    live({ seen: { clientAddress: '10.0.0.5', spoofed: { forwardedFor: '192.0.2.1, 203.0.113.9', clientAddress: '10.0.0.5' } } }),
    [...bare, 'client-address.shared', 'configuration.no-trusted-proxy'],
  ],
  [
    'a container network that hides everybody',
    { ...production, TEGATA_TRUSTED_PROXIES: '' },
    live({
      seen: {
        ...direct,
        socketAddress: '172.17.0.1',
        clientAddress: '172.17.0.1',
        spoofed: { forwardedFor: '192.0.2.1', clientAddress: '172.17.0.1' },
      },
    }),
    [...bare, 'client-address.hidden', 'configuration.no-trusted-proxy'],
  ],
  [
    'a proxy that passes on what strangers write',
    production,
    live({
      seen: {
        forwardedFor: undefined,
        clientAddress: '10.0.0.5',
        spoofed: { forwardedFor: '192.0.2.1', clientAddress: '192.0.2.1' },
      },
    }),
    [...bare, 'client-address.forgeable'],
  ],
  [
    'a trusted proxy that says nothing',
    production,
    live({
      seen: {
        forwardedFor: undefined,
        clientAddress: '10.0.0.5',
        spoofed: { forwardedFor: undefined, clientAddress: '10.0.0.5' },
      },
    }),
    [...bare, 'client-address.not-forwarded'],
  ],
  [
    'a server that can be reached past its proxy',
    production,
    live({ seen: { ...direct, socketAddress: '203.0.113.9' } }),
    [...bare, 'client-address.past-proxy'],
  ],
  [
    'two proxies, one of them trusted',
    { ...production, TEGATA_TRUSTED_PROXIES: '10.0.0.5' },
    live({
      seen: {
        forwardedFor: '203.0.113.9, 10.0.3.3',
        clientAddress: '10.0.3.3',
        spoofed: { forwardedFor: '192.0.2.1, 203.0.113.9, 10.0.3.3', clientAddress: '10.0.3.3' },
      },
    }),
    [...bare, 'client-address.inner-hop'],
  ],
  [
    'a content network before the proxy',
    production,
    live({
      seen: {
        forwardedFor: '203.0.113.9, 173.245.48.1',
        clientAddress: '173.245.48.1',
        spoofed: { forwardedFor: '192.0.2.1, 203.0.113.9, 173.245.48.1', clientAddress: '173.245.48.1' },
      },
    }),
    [...bare, 'client-address.outer-hop'],
  ],
  ['no such name', production, live({ unreachable: { why: 'no-address', detail: 'ENOTFOUND' } }), [...bare, 'live.unreachable']],
  [
    'nobody listens',
    production,
    live({ unreachable: { why: 'refused', detail: 'ECONNREFUSED' } }),
    [...bare, 'live.unreachable'],
  ],
  [
    'a certificate of another name',
    production,
    live({ unreachable: { why: 'certificate', detail: 'ERR_TLS_CERT_ALTNAME_INVALID' } }),
    [...bare, 'live.certificate'],
  ],
  [
    'a redirect to www',
    production,
    live({ ready: { status: 301, isTegata: false, location: 'https://www.example.com/' } }),
    [...bare, 'live.redirects'],
  ],
  [
    'a proxy that adds a prefix',
    production,
    live({ ready: { status: 404, isTegata: false, location: undefined } }),
    [...bare, 'live.not-tegata'],
  ],
  [
    'a server without its database',
    production,
    live({ ready: { status: 503, isTegata: true, location: undefined } }),
    [...bare, 'live.not-ready'],
  ],
  ['an address that is not TEGATA_URL', production, live({ url: 'https://auth.example.net' }), [...bare, 'live.other-address']],
  ['a certificate about to end', production, live({ certificate: { daysLeft: 3 } }), [...bare, 'tls.expires']],
  [
    'plain http served too, HSTS removed',
    production,
    live({ plainHttp: 'serves', hsts: undefined }),
    [...bare, 'tls.hsts-lost', 'tls.plain-http'],
  ],
  ['HSTS switched off by the proxy', production, live({ hsts: 'max-age=0' }), [...bare, 'tls.hsts-lost']],
  ['a cache in front', production, live({ age: '12' }), [...bare, 'proxy.caches']],
  ['Cache-Control overwritten', production, live({ cacheControl: 'public, max-age=60' }), [...bare, 'proxy.caches']],
  ['a clock two minutes behind', production, live({ clockAheadSeconds: -120 }), [...bare, 'clock.differs']],
  ['a clock within the rounding', production, live({ clockAheadSeconds: 4 }), bare],
  ['Set-Cookie removed', production, live({ cookies: cookies() }), [...bare, 'cookies.lost']],
  [
    'Secure removed',
    production,
    live({ cookies: cookies(goodCookie.replace(' Secure;', '')) }),
    [...bare, 'cookies.secure-lost'],
  ],
  [
    'SameSite changed to None',
    production,
    live({ cookies: cookies(goodCookie.replace('Strict', 'None')) }),
    [...bare, 'cookies.samesite-changed'],
  ],
  [
    'HttpOnly removed and Domain added',
    production,
    live({ cookies: cookies(goodCookie.replace(' HttpOnly;', ' Domain=example.com;')) }),
    [...bare, 'cookies.domain-added', 'cookies.httponly-lost'],
  ],
  [
    'the path rewritten',
    production,
    live({ cookies: cookies(goodCookie.replace('/api/v1/auth', '/tegata/api/v1/auth')) }),
    [...bare, 'cookies.path-changed'],
  ],
  ['a page that may call', app, live({ preflights: preflight('https://app.example.com') }), bare],
  ['OPTIONS answered by the proxy', app, live({ preflights: preflight(undefined, false) }), [...bare, 'cors.refused']],
  [
    'CORS headers of the proxy and of Tegata',
    app,
    live({ preflights: preflight('https://app.example.com, *') }),
    [...bare, 'cors.doubled'],
  ],
  ['CORS without credentials', app, live({ preflights: preflight('https://app.example.com', false) }), [...bare, 'cors.refused']],
  [
    'a proxy that lets every origin in',
    production,
    live({
      preflights: [
        {
          origin: 'https://tegata-doctor.invalid',
          expected: false,
          allowOrigin: 'https://tegata-doctor.invalid',
          allowCredentials: true,
        },
      ],
    }),
    [...bare, 'cors.open'],
  ],
  ['a server with another secret', production, live({ seen: 'unknown-secret' }), [...bare, 'live.other-secret']],
  ['a server that was not restarted', production, live({ seen: { contracts: ['cookie'] } }), [...bare, 'live.other-settings']],
  [
    'a proxy that keeps Authorization and Origin',
    production,
    live({ seen: { lostHeaders: ['authorization', 'origin'] } }),
    [...bare, 'proxy.header-lost', 'proxy.header-lost'],
  ],
];

const rows = [...development, ...hosts, ...parts, ...running];

describe.each([
  ['development', development],
  ['hosts', hosts],
  ['parts', parts],
  ['running', running],
] as const)('%s', (_, table) => {
  test.each(table)('%s', (_topology, settings, facts, expected) => {
    const findings = examineTopology(parseConfig(settings), facts).filter(({ level }) => level !== 'ok');
    expect(findings.map(({ id }) => id).sort()).toEqual([...expected].sort());
    for (const { text, remedy, id } of findings) {
      expect(`${text} ${remedy}`, id).not.toMatch(/undefined|null|NaN|password@/);
      expect(remedy, id).toBeTruthy();
    }
  });
});

test('there are more than forty topologies, and no two of them have one name', () => {
  expect(new Set(rows.map(([topology]) => topology)).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThanOrEqual(40);
});

test('what fails in some browsers only names them', () => {
  const of = (settings: Environment) => examineTopology(parseConfig(settings));
  expect(of({}).find(({ id }) => id === 'cookies.safari-localhost')?.browsers).toEqual(['Safari']);
  const scheme = of({ TEGATA_URL: 'https://auth.example.com', TEGATA_ALLOWED_ORIGINS: 'http://app.example.com' });
  expect(scheme.find(({ id }) => id === 'cookies.other-scheme')?.browsers).toEqual(['Chrome', 'Edge']);
});

test.each([
  [
    'everybody is a trusted proxy',
    { TEGATA_TRUSTED_PROXIES: '0.0.0.0/0' },
    /TEGATA_TRUSTED_PROXIES=0\.0\.0\.0\/0 trusts every address/,
  ],
  ['everybody is, by IPv6', { TEGATA_TRUSTED_PROXIES: '10.0.0.0/8,::/0' }, /TEGATA_TRUSTED_PROXIES=::\/0 trusts every address/],
  [
    'an http page may call',
    { TEGATA_ALLOWED_ORIGINS: 'http://app.example.com' },
    /http:\/\/app\.example\.com is http.*https:\/\/app\.example\.com/,
  ],
  ['a whole suffix may call', { TEGATA_ALLOWED_ORIGINS: 'https://vercel.app' }, /vercel\.app is a suffix/],
  ['the public address is a suffix', { TEGATA_URL: 'https://github.io' }, /github\.io is a suffix/],
  ['accounts are kept in memory', { DATABASE_URL: 'sqlite::memory:' }, /DATABASE_URL=sqlite::memory: forgets/],
])('production does not start where %s; development does', (_, settings, message) => {
  const problems = () => parseConfig({ ...production, ...settings });
  expect(problems).toThrow(ConfigError);
  expect(problems).toThrow(message);
  expect(() => parseConfig({ ...production, ...settings, NODE_ENV: 'development' })).not.toThrow();
});
