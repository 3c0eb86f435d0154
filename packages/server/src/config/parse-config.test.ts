import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contracts } from '../http/app.ts';
import type { ConfigError } from './config-error.ts';
import { parseConfig } from './parse-config.ts';
import { settingNames } from './settings.ts';
import { goodSecret, inProduction, problemsOf } from './testing/problems-of.ts';

describe('without any setting', () => {
  test('development runs with the documented defaults', () => {
    const { hashConcurrency, ...config } = parseConfig({});
    expect(config).toEqual({
      production: false,
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      dataDir: resolve('.tegata'),
      databaseUrl: `sqlite:${resolve('.tegata/tegata.db')}`,
      postgres: { poolSize: 10, statements: 'named' },
      redis: undefined,
      sessionStore: 'database',
      secret: undefined,
      previousSecrets: [],
      signingAlg: 'HS256',
      keys: { maxAge: 90 * 86_400, publishAhead: 86_400 },
      contracts: ['standard'],
      issuer: 'tegata',
      audience: 'tegata-api',
      passwordHash: 'argon2id',
      workers: 1,
      ttl: {
        access: 900,
        refresh: 7 * 86_400,
        remember: 30 * 86_400,
        sessionMaxAge: 90 * 86_400,
        reset: 3600,
        organizationReset: 86_400,
        bearer: 3600,
        verify: 86_400,
        refreshGrace: 10,
      },
      lockout: { threshold: 5, durationSeconds: 900, maxDurationSeconds: 86_400 },
      maxSessions: 10,
      feedReaders: 200,
      retention: { sessionSeconds: 30 * 86_400, mailSeconds: 7 * 86_400, auditSeconds: 365 * 86_400 },
      rateLimits: true,
      accountHints: true,
      trustedProxies: [],
      allowedOrigins: ['http://127.0.0.1:3000'],
      providers: [],
      providerTimeoutSeconds: 5,
      storeProviderTokens: false,
      smtpUrl: undefined,
      mailFrom: 'Tegata <no-reply@localhost>',
      metricsToken: undefined,
      pages: true,
      brand: {
        name: 'Tegata',
        logo: undefined,
        primary: undefined,
        primaryDark: undefined,
        paper: undefined,
        paperDark: undefined,
        radius: undefined,
      },
      logLevel: 'warn',
    });
    expect(hashConcurrency).toBeGreaterThanOrEqual(1);
  });

  test('an empty or blank setting is one that is not set', () => {
    const blank = { PORT: '', TEGATA_URL: '  ', TEGATA_SECRET: '', TEGATA_CONTRACTS: ' , ', LOG_LEVEL: '', SMTP_URL: ' ' };
    expect(parseConfig(blank)).toEqual(parseConfig({}));
  });
});

describe('production', () => {
  test('runs when it has a secret, a mail server and a public https address', () => {
    expect(parseConfig(inProduction)).toMatchObject({
      production: true,
      host: '0.0.0.0',
      publicUrl: 'https://auth.example.com',
      allowedOrigins: [],
      mailFrom: 'Tegata <no-reply@auth.example.com>',
      logLevel: 'info',
    });
  });

  test('refuses to start without them, names all of them at once and says what to do', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([
      'TEGATA_SECRET is missing: make one with `openssl rand -base64 32` and keep it safe.',
      'SMTP_URL is missing: in production mail must leave, for example smtp://user:password@host:587.',
      'TEGATA_URL is missing: give the public address, for example https://auth.example.com.',
    ]);
  });

  test('refuses a public address without TLS', () => {
    expect(problemsOf({ ...inProduction, TEGATA_URL: 'http://auth.example.com' })).toEqual([
      'TEGATA_URL=http://auth.example.com: production needs https, because cookies and links carry credentials.',
    ]);
  });

  test.each([
    ['short', 'kN3v7Xq1T9sZ4bR8wL2yH6mC0pD5gJf'],
    ['one letter', 'a'.repeat(64)],
    ['a short pattern', 'changeme'.repeat(8)],
    ['digits', '0123456789'.repeat(5)],
  ])('refuses a weak secret (%s), and never repeats it', (_, secret) => {
    const problems = problemsOf({ ...inProduction, TEGATA_SECRET: secret });
    expect(problems).toEqual(['TEGATA_SECRET is too weak: make one with `openssl rand -base64 32` and keep it safe.']);
    expect(problemsOf({ TEGATA_SECRET: secret })).toEqual(problems);
  });
});

/** For each setting that can be wrong: values that are. */
const mistakes: Record<string, readonly string[]> = {
  PORT: ['http', '-1', '65536', '3000.5', '0x10', '1e3'],
  TEGATA_URL: [
    'auth.example.com',
    'ftp://auth.example.com',
    'https://auth.example.com/login',
    'https://auth.example.com/?a',
    'https://user@auth.example.com',
  ],
  DATABASE_URL: [
    'mysql://tegata:canary-password@db/tegata',
    'host=db password=canary-password',
    'postgres:tegata',
    'postgres://tegata:canary-password@db',
    'postgresql://tegata:canary#password@db/tegata',
    'sqlite:',
    'tegata.db',
  ],
  TEGATA_DATABASE_POOL: ['0', 'many', '1001'],
  TEGATA_DATABASE_STATEMENTS: ['prepared', 'on'],
  REDIS_URL: [
    'redis.internal:6379',
    'http://redis',
    'redis://',
    'redis://:canary-password@redis/first',
    'redis://:canary%zz@redis',
    'redis://redis/0?password=canary',
  ],
  TEGATA_REDIS_PREFIX: ['{tegata}:', 'a b', 'x'.repeat(65)],
  TEGATA_SESSION_STORE: ['memory', 'Redis'],
  TEGATA_SESSION_RETENTION: ['59m', 'forever'],
  TEGATA_MAIL_RETENTION: ['0s', '-1d'],
  TEGATA_AUDIT_RETENTION: ['23h', 'never'],
  TEGATA_SECRET: ['secret'],
  TEGATA_SECRET_PREVIOUS: ['canary', `${goodSecret},canary`],
  TEGATA_SIGNING_ALG: ['RS256', 'es256', 'none'],
  TEGATA_KEY_MAX_AGE: ['90', '30s'],
  TEGATA_KEY_PUBLISH_AHEAD: ['1', '5s'],
  TEGATA_CONTRACTS: ['standart', 'standard,nonsense'],
  TEGATA_PASSWORD_HASH: ['md5', 'Argon2id'],
  TEGATA_HASH_CONCURRENCY: ['0', 'many'],
  TEGATA_WORKERS: ['0', '65', 'all', '1.5', '-2'],
  TEGATA_ACCESS_TTL: ['900', '15 m', '0s', '-5m', '15min', '9999999d', '1.5h'],
  TEGATA_REFRESH_TTL: ['7'],
  TEGATA_REMEMBER_TTL: ['a month'],
  TEGATA_SESSION_MAX_AGE: ['forever'],
  TEGATA_RESET_TTL: ['0h'],
  TEGATA_VERIFY_TTL: ['24'],
  TEGATA_ORGANIZATION_RESET_TTL: ['24'],
  TEGATA_BEARER_TTL: ['1'],
  TEGATA_REFRESH_GRACE: ['10', '-1s'],
  TEGATA_LOCKOUT_THRESHOLD: ['0', '101'],
  TEGATA_LOCKOUT_DURATION: ['0m'],
  TEGATA_MAX_SESSIONS: ['0', 'ten'],
  TEGATA_FEED_READERS: ['0', 'many'],
  TEGATA_RATE_LIMITS: ['false', 'ON'],
  TEGATA_ACCOUNT_HINTS: ['no'],
  TEGATA_TRUSTED_PROXIES: ['proxy.internal', '10.0.0.0/33', '10/8', '127.1', '10.0.0.1;10.0.0.2'],
  TEGATA_ALLOWED_ORIGINS: ['*', 'null', 'https://*.example.com', 'app.example.com', 'https://app.example.com/path'],
  GOOGLE_CLIENT_ID: ['without-its-secret'],
  GOOGLE_ISSUER: ['accounts.google.com', 'http://accounts.google.com'],
  GITHUB_CLIENT_ID: ['without-its-secret'],
  GITHUB_URL: ['github.example.com', 'http://github.example.com'],
  GITHUB_API_URL: ['http://api.github.example.com'],
  TEGATA_PROVIDER_TIMEOUT: ['5', '0s', '2m'],
  TEGATA_STORE_PROVIDER_TOKENS: ['yes'],
  SMTP_URL: ['mail.example.com', 'http://mail.example.com', 'smtp://', 'smtp://user:canary-password@mail?ssl=yes'],
  MAIL_FROM: ['nobody', 'a@example.com, b@example.com', '<a@example.com'],
  TEGATA_PAGES: ['yes'],
  TEGATA_BRAND_NAME: ['x'.repeat(61)],
  TEGATA_BRAND_LOGO: ['http://cdn.example.com/logo.svg', '/nowhere/to/be/found.png'],
  TEGATA_BRAND_PRIMARY: ['blue', '#274a7'],
  TEGATA_BRAND_PRIMARY_DARK: ['rgb(1,2,3)'],
  TEGATA_BRAND_PAPER: ['white'],
  TEGATA_BRAND_PAPER_DARK: ['#gggggg'],
  TEGATA_BRAND_RADIUS: ['10px', '25'],
  OTEL_EXPORTER_OTLP_ENDPOINT: [
    'collector:4318',
    'grpc://collector:4317',
    'http://me:canary@collector',
    'http://collector?key=canary',
  ],
  OTEL_EXPORTER_OTLP_HEADERS: ['canary', 'x tenant=canary', 'authorization=%zzcanary', 'authorization=canary%0acanary'],
  OTEL_RESOURCE_ATTRIBUTES: ['staging', 'team=%zz'],
  OTEL_TRACES_SAMPLER: ['jaeger_remote', 'on'],
  OTEL_TRACES_SAMPLER_ARG: ['10%', '1.1', '-1'],
  LOG_LEVEL: ['verbose', 'INFO'],
};

describe('workers', () => {
  test('auto is one process for each core', () => {
    expect(parseConfig({ TEGATA_WORKERS: 'auto' }).workers).toBe(availableParallelism());
  });

  test('share the cores for hashing, and each computes at least one', () => {
    const alone = parseConfig({}).hashConcurrency;
    expect(parseConfig({ TEGATA_WORKERS: '64' }).hashConcurrency).toBe(1);
    expect(parseConfig({ TEGATA_WORKERS: '2' }).hashConcurrency).toBeLessThanOrEqual(alone);
    expect(parseConfig({ TEGATA_WORKERS: '64', TEGATA_HASH_CONCURRENCY: '5' }).hashConcurrency).toBe(5);
  });

  test('cannot share a database in memory', () => {
    expect(problemsOf({ TEGATA_WORKERS: '2', DATABASE_URL: 'sqlite::memory:' })).toEqual([
      'TEGATA_WORKERS=2: a database in memory belongs to one process; give it a file.',
    ]);
    expect(problemsOf({ TEGATA_WORKERS: '1', DATABASE_URL: 'sqlite::memory:' })).toEqual([]);
  });
});

describe('traces', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.internal:4318/otlp/' };

  test('are off without an endpoint, whatever else is set', () => {
    expect(parseConfig({}).tracing).toBeUndefined();
    expect(parseConfig({ OTEL_SERVICE_NAME: 'door', OTEL_TRACES_SAMPLER: 'always_on' }).tracing).toBeUndefined();
  });

  test('go to a path below the endpoint, in the name of Tegata unless another is given', () => {
    expect(parseConfig(endpoint).tracing).toEqual({
      url: 'https://collector.internal:4318/otlp/v1/traces',
      headers: {},
      resource: { 'service.name': 'tegata' },
      sampler: { name: 'parentbased_always_on', ratio: 1 },
    });
    const attributes = { OTEL_RESOURCE_ATTRIBUTES: ' service.name = door , team=log%2Cin,' };
    expect(parseConfig({ ...endpoint, ...attributes }).tracing?.resource).toEqual({ 'service.name': 'door', team: 'log,in' });
    expect(parseConfig({ ...endpoint, ...attributes, OTEL_SERVICE_NAME: 'gate' }).tracing?.resource['service.name']).toBe('gate');
    const sampled = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' };
    expect(parseConfig({ ...endpoint, ...sampled }).tracing?.sampler).toEqual({ name: 'parentbased_traceidratio', ratio: 0.25 });
  });
});

describe('mistakes', () => {
  const each = Object.entries(mistakes).flatMap(([name, values]) => values.map((value) => [name, value] as const));

  test.each(each)('%s=%s is refused, by name', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
    expect(problems[0]).not.toContain('canary');
  });

  test('any number of them is reported together, each once', () => {
    const settings = fc.uniqueArray(fc.constantFrom(...each), { minLength: 1, selector: ([name]) => name });
    fc.assert(
      fc.property(settings, (wrong) => {
        const problems = problemsOf(Object.fromEntries(wrong));
        expect(problems).toHaveLength(wrong.length);
        for (const [name] of wrong) expect(problems.filter((line) => new RegExp(`\\b${name}\\b`).test(line))).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  test('the message lists them one a line', () => {
    expect(() => parseConfig({ PORT: 'x', LOG_LEVEL: 'y' })).toThrow(
      /^The configuration has 2 mistakes:\n {2}- PORT=x: .+\n {2}- LOG_LEVEL=y: choose one of fatal, .+$/,
    );
    expect(() => parseConfig({ PORT: 'x' })).toThrow(/^The configuration has a mistake:\n {2}- PORT=x: /);
  });

  test('every setting that can be wrong has been tried', () => {
    // The other half of a provider's credentials, and the settings of providers with names: providers.test.ts has those.
    const tried = [...settingNames].filter((name) => !/_CLIENT_SECRET$|^OIDC_/.test(name));
    const cannotBeWrong = [
      ...['NODE_ENV', 'HOST', 'TEGATA_DATA_DIR'],
      ...['TEGATA_ISSUER', 'TEGATA_AUDIENCE', 'TEGATA_METRICS_TOKEN', 'OTEL_SERVICE_NAME'],
    ];
    expect(tried.toSorted()).toEqual([...Object.keys(mistakes), ...cannotBeWrong].toSorted());
  });
});

describe('Redis', () => {
  test('holds the sessions when it is there, unless the database shall', () => {
    const url = 'rediss://tegata:p%40ss@redis.internal:6380/3';
    expect(parseConfig({ REDIS_URL: url })).toMatchObject({ redis: { url, prefix: 'tegata:' }, sessionStore: 'redis' });
    expect(parseConfig({ REDIS_URL: url, TEGATA_SESSION_STORE: 'database' }).sessionStore).toBe('database');
    expect(parseConfig({ REDIS_URL: 'redis://[::1]', TEGATA_REDIS_PREFIX: 'a-b.c:' }).redis?.prefix).toBe('a-b.c:');
  });

  test('must be named when it shall hold the sessions', () => {
    expect(problemsOf({ TEGATA_SESSION_STORE: 'redis' })).toEqual([
      'TEGATA_SESSION_STORE=redis needs REDIS_URL, for example redis://user:password@host:6379.',
    ]);
  });
});

describe('contracts', () => {
  const problemWith = (first: string, second: string) =>
    `TEGATA_CONTRACTS names both ${first} and ${second}, which own the same paths: leave one out, or run a second server for it.`;

  test('bearer and organization own the same paths: naming both is refused, with both names and the remedy', () => {
    expect(problemsOf({ TEGATA_CONTRACTS: 'bearer,organization' })).toEqual([problemWith('bearer', 'organization')]);
    expect(problemsOf({ TEGATA_CONTRACTS: 'organization, standard, bearer' })).toEqual([problemWith('organization', 'bearer')]);
  });

  test('any others stand side by side, in the order in which they were named, each once', () => {
    expect(parseConfig({ TEGATA_CONTRACTS: 'bearer,standard,bearer' }).contracts).toEqual(['bearer', 'standard']);
    expect(parseConfig({ TEGATA_CONTRACTS: 'standard,organization' }).contracts).toEqual(['standard', 'organization']);
  });

  test('the doors of this house agree on who conflicts with whom', () => {
    const conflicts = contracts.flatMap(({ name, conflictsWith = [] }) => conflictsWith.map((other) => [name, other]));
    expect(conflicts.length).toBeGreaterThan(0);
    for (const [name, other] of conflicts) expect(conflicts).toContainEqual([other, name]);
  });

  test('it is enough that one of two doors knows of the conflict, and it is told once', () => {
    const doors = [{ name: 'pigeon', conflictsWith: ['owl'] }, { name: 'owl' }, { name: 'crow' }];
    const problems = (named: string) => {
      try {
        parseConfig({ TEGATA_CONTRACTS: named }, doors);
        return [];
      } catch (error) {
        return (error as ConfigError).problems;
      }
    };
    expect(problems('pigeon,owl,crow')).toEqual([problemWith('pigeon', 'owl')]);
    expect(problems('owl,crow,pigeon')).toEqual([problemWith('owl', 'pigeon')]);
    expect(problems('owl,crow')).toEqual([]);
    expect(problems('owl,bearer')).toEqual(['TEGATA_CONTRACTS=bearer: unknown contract; this server has pigeon, owl, crow.']);
  });
});

describe('values', () => {
  test.each([
    ['45s', 45],
    ['15m', 900],
    ['2h', 7200],
    ['7d', 604_800],
    ['3650d', 315_360_000],
  ])('a duration of %s is %d seconds', (text, seconds) => {
    expect(parseConfig({ TEGATA_ACCESS_TTL: text }).ttl.access).toBe(seconds);
  });

  test('previous secrets are a list without the present one, each once', () => {
    const earlier = goodSecret.toLowerCase();
    const list = `${earlier}, ${goodSecret},${earlier}`;
    expect(parseConfig({ TEGATA_SECRET: goodSecret, TEGATA_SECRET_PREVIOUS: list }).previousSecrets).toEqual([earlier]);
  });

  test('a key is published for at most half of its age', () => {
    expect(parseConfig({ TEGATA_KEY_MAX_AGE: '2d', TEGATA_KEY_PUBLISH_AHEAD: '1d' }).keys).toEqual({
      maxAge: 172_800,
      publishAhead: 86_400,
    });
    expect(problemsOf({ TEGATA_KEY_MAX_AGE: '36h' })).toEqual([
      'TEGATA_KEY_PUBLISH_AHEAD must be at most half of TEGATA_KEY_MAX_AGE: a key is known for a while before it signs.',
    ]);
  });

  test('only the grace may be nothing: every reuse is theft then', () => {
    expect(parseConfig({ TEGATA_REFRESH_GRACE: '0s' }).ttl.refreshGrace).toBe(0);
  });

  test('the public address is an origin, however it is spelled', () => {
    expect(parseConfig({ TEGATA_URL: 'HTTPS://Auth.Example.com:443/' }).publicUrl).toBe('https://auth.example.com');
    expect(parseConfig({ PORT: '4000' }).publicUrl).toBe('http://localhost:4000');
  });

  test('lists are separated by commas, with or without spaces', () => {
    const config = parseConfig({
      TEGATA_URL: 'https://auth.example.com',
      TEGATA_ALLOWED_ORIGINS: 'https://app.example.com/, http://localhost:5173',
      TEGATA_TRUSTED_PROXIES: '10.0.0.0/8 ,2001:db8::/32,192.0.2.1,',
    });
    expect(config.allowedOrigins).toEqual(['https://app.example.com', 'http://localhost:5173']);
    expect(config.trustedProxies).toEqual(['10.0.0.0/8', '2001:db8::/32', '192.0.2.1']);
  });

  test('in development the loopback has two names, in production none is added', () => {
    expect(parseConfig({ TEGATA_URL: 'http://127.0.0.1:3000' }).allowedOrigins).toEqual(['http://localhost:3000']);
    expect(parseConfig({ ...inProduction, TEGATA_URL: 'https://localhost' }).allowedOrigins).toEqual([]);
  });
});
