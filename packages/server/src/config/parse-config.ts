import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { hashingConcurrency } from '../adapters/hashing-lane.ts';
import { refusals } from '../doctor/topology.ts';
import { contracts } from '../http/app.ts';
import type { Contract } from '../http/contract.ts';
import { parseMailFrom, parseSmtpUrl } from '../mail/smtp-settings.ts';
import { defaultRedisPrefix, parseRedisUrl, problemOfRedisPrefix } from '../stores/redis/redis-url.ts';
import { mostWorkers, workerCount } from '../workers/worker-count.ts';
import { parseBrand } from './brand.ts';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { problemOfDatabaseUrl } from './database-url.ts';
import type { Environment } from './env.ts';
import { parseProviders } from './providers.ts';
import { parseTracing } from './tracing.ts';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const durationUnits: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** What the configuration has to know about the doors: their names, and which cannot stand side by side. */
type Door = Pick<Contract, 'name' | 'conflictsWith'>;

/** Hears what a setting may be and what it is when it is not set, for the reference: nobody writes that down a second time. */
type Note = (name: string, value: string, fallback?: string) => void;

export const parseConfig = (env: Environment, doors: readonly Door[] = contracts, note: Note = () => {}): Config => {
  const problems: string[] = [];
  const text = (name: string) => {
    const value = env[name]?.trim();
    return value === '' ? undefined : value;
  };
  const list = (name: string) => {
    note(name, 'a list, separated by commas');
    return (text(name) ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  };
  const integer = (name: string, fallback: number, min: number, max: number) => {
    note(name, `a whole number from ${min} to ${max}`, String(fallback));
    const value = text(name);
    if (value === undefined) return fallback;
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    problems.push(`${name}=${value}: give a whole number from ${min} to ${max}, such as ${fallback}.`);
    return fallback;
  };
  const duration = (name: string, fallback: string, minSeconds = 1, maxSeconds = 3650 * 86_400) => {
    note(name, `a duration of ${minSeconds} s or more${maxSeconds < 3650 * 86_400 ? `, up to ${maxSeconds} s` : ''}`, fallback);
    const value = text(name) ?? fallback;
    const match = /^(\d{1,9})(s|m|h|d)$/.exec(value);
    const seconds = match ? Number(match[1]) * (durationUnits[match[2] as string] as number) : Number.NaN;
    if (seconds >= minSeconds && seconds <= maxSeconds) return seconds;
    problems.push(
      `${name}=${value}: give a duration of at least ${minSeconds} s with its unit (s, m, h or d), such as ${fallback}.`,
    );
    return minSeconds;
  };
  const oneOf = <Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice => {
    note(name, choices.map((choice) => `\`${choice}\``).join(', '), fallback);
    const value = text(name);
    if (value === undefined || (choices as readonly string[]).includes(value)) return (value as Choice) ?? fallback;
    problems.push(`${name}=${value}: choose one of ${choices.join(', ')}.`);
    return fallback;
  };
  const origin = (name: string, value: string) => {
    const url = URL.parse(value);
    const bare = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.hash && !url.username;
    // Origins are compared whole: a pattern would match nobody.
    if (bare && !url.hostname.includes('*')) return url.origin;
    problems.push(`${name}=${value}: give an origin such as https://auth.example.com, without a path.`);
    return 'https://mistaken.invalid';
  };
  /** For the settings whose own readers throw words for the operator. */
  const check = (read: () => unknown) => {
    try {
      read();
    } catch (error) {
      problems.push((error as Error).message);
    }
  };

  const production = text('NODE_ENV') === 'production';
  const port = integer('PORT', 3000, 0, 65_535);
  const dataDir = resolve(text('TEGATA_DATA_DIR') ?? '.tegata');
  const publicUrl = origin('TEGATA_URL', text('TEGATA_URL') ?? `http://localhost:${port}`);
  const secret = text('TEGATA_SECRET');
  const previousSecrets = [...new Set(list('TEGATA_SECRET_PREVIOUS'))].filter((previous) => previous !== secret);
  const problemsBefore = problems.length;
  const keys = {
    maxAge: duration('TEGATA_KEY_MAX_AGE', '90d', 60),
    publishAhead: duration('TEGATA_KEY_PUBLISH_AHEAD', '24h', 10),
  };
  if (problems.length === problemsBefore && keys.publishAhead * 2 > keys.maxAge) {
    problems.push(
      'TEGATA_KEY_PUBLISH_AHEAD must be at most half of TEGATA_KEY_MAX_AGE: a key is known for a while before it signs.',
    );
  }
  const smtpUrl = text('SMTP_URL');
  const redisUrl = text('REDIS_URL');
  const redisPrefix = text('TEGATA_REDIS_PREFIX') ?? defaultRedisPrefix;
  const databaseUrl = text('DATABASE_URL') ?? `sqlite:${resolve(dataDir, 'tegata.db')}`;
  const host = text('HOST') ?? (production ? '0.0.0.0' : '127.0.0.1');
  const named = [...new Set(list('TEGATA_CONTRACTS'))];
  const trustedProxies = list('TEGATA_TRUSTED_PROXIES');
  const mailFrom = text('MAIL_FROM') ?? `Tegata <no-reply@${new URL(publicUrl).hostname}>`;

  const workers = workerCount(text('TEGATA_WORKERS'), availableParallelism());
  if (workers === undefined) {
    problems.push(
      `TEGATA_WORKERS=${text('TEGATA_WORKERS')}: give auto (one for each core) or a number from 1 to ${mostWorkers}.`,
    );
  } else if (workers > 1 && databaseUrl === 'sqlite::memory:') {
    problems.push(`TEGATA_WORKERS=${text('TEGATA_WORKERS')}: a database in memory belongs to one process; give it a file.`);
  }
  // The value is not repeated: it may hold a password.
  const databaseProblem = problemOfDatabaseUrl(databaseUrl);
  if (databaseProblem) problems.push(`DATABASE_URL: ${databaseProblem}`);
  for (const [index, name] of named.entries()) {
    const door = doors.find((known) => known.name === name);
    if (!door) {
      problems.push(
        `TEGATA_CONTRACTS=${name}: unknown contract; this server has ${doors.map((known) => known.name).join(', ')}.`,
      );
    }
    // Whichever of the two says so: a new contract need not be known to the one it conflicts with.
    const conflicts = (other: string) =>
      door?.conflictsWith?.includes(other) || doors.some((known) => known.name === other && known.conflictsWith?.includes(name));
    for (const other of named.slice(index + 1).filter(conflicts)) {
      problems.push(
        `TEGATA_CONTRACTS names both ${name} and ${other}, which own the same paths: leave one out, or run a second server for it.`,
      );
    }
  }
  for (const proxy of trustedProxies) {
    if (!isNetwork(proxy)) {
      problems.push(`TEGATA_TRUSTED_PROXIES=${proxy}: give addresses or CIDRs such as 10.0.0.0/8, separated by commas.`);
    }
  }
  const sessionStore = oneOf('TEGATA_SESSION_STORE', ['database', 'redis'], redisUrl === undefined ? 'database' : 'redis');
  if (sessionStore === 'redis' && redisUrl === undefined) {
    problems.push('TEGATA_SESSION_STORE=redis needs REDIS_URL, for example redis://user:password@host:6379.');
  }
  if (redisUrl !== undefined) check(() => parseRedisUrl(redisUrl));
  const prefixProblem = problemOfRedisPrefix(redisPrefix);
  if (prefixProblem) problems.push(prefixProblem);
  if (smtpUrl !== undefined) check(() => parseSmtpUrl(smtpUrl, { production }));
  if (smtpUrl !== undefined || text('MAIL_FROM') !== undefined) check(() => parseMailFrom(mailFrom));
  if (secret !== undefined && weakSecret(secret)) {
    problems.push('TEGATA_SECRET is too weak: make one with `openssl rand -base64 32` and keep it safe.');
  }
  if (previousSecrets.some(weakSecret)) {
    problems.push(
      'TEGATA_SECRET_PREVIOUS has a secret that is too weak to be one: give earlier secrets in full, separated by commas.',
    );
  }
  if (production) {
    if (secret === undefined)
      problems.push('TEGATA_SECRET is missing: make one with `openssl rand -base64 32` and keep it safe.');
    if (smtpUrl === undefined)
      problems.push('SMTP_URL is missing: in production mail must leave, for example smtp://user:password@host:587.');
    if (!text('TEGATA_URL'))
      problems.push('TEGATA_URL is missing: give the public address, for example https://auth.example.com.');
    else if (publicUrl.startsWith('http:')) {
      problems.push(`TEGATA_URL=${publicUrl}: production needs https, because cookies and links carry credentials.`);
    }
  }

  const config: Config = {
    production,
    port,
    host,
    publicUrl,
    dataDir,
    databaseUrl,
    postgres: {
      poolSize: integer('TEGATA_DATABASE_POOL', 10, 1, 1000),
      statements: oneOf('TEGATA_DATABASE_STATEMENTS', ['named', 'unnamed'], 'named'),
    },
    redis: redisUrl === undefined ? undefined : { url: redisUrl, prefix: redisPrefix },
    sessionStore,
    secret,
    previousSecrets,
    signingAlg: oneOf('TEGATA_SIGNING_ALG', ['HS256', 'ES256', 'EdDSA'], 'HS256'),
    keys,
    contracts: named.length > 0 ? named : ['standard'],
    issuer: text('TEGATA_ISSUER') ?? 'tegata',
    audience: text('TEGATA_AUDIENCE') ?? 'tegata-api',
    passwordHash: oneOf('TEGATA_PASSWORD_HASH', ['argon2id', 'bcrypt'], 'argon2id'),
    hashConcurrency: integer('TEGATA_HASH_CONCURRENCY', hashingConcurrency(availableParallelism(), 4, workers), 1, 64),
    workers: workers ?? 1,
    ttl: {
      access: duration('TEGATA_ACCESS_TTL', '15m'),
      refresh: duration('TEGATA_REFRESH_TTL', '7d'),
      remember: duration('TEGATA_REMEMBER_TTL', '30d'),
      sessionMaxAge: duration('TEGATA_SESSION_MAX_AGE', '90d'),
      reset: duration('TEGATA_RESET_TTL', '1h'),
      organizationReset: duration('TEGATA_ORGANIZATION_RESET_TTL', '24h'),
      bearer: duration('TEGATA_BEARER_TTL', '1h'),
      verify: duration('TEGATA_VERIFY_TTL', '24h'),
      refreshGrace: duration('TEGATA_REFRESH_GRACE', '10s', 0),
    },
    lockout: {
      threshold: integer('TEGATA_LOCKOUT_THRESHOLD', 5, 1, 100),
      durationSeconds: duration('TEGATA_LOCKOUT_DURATION', '15m'),
      maxDurationSeconds: 86_400,
    },
    maxSessions: integer('TEGATA_MAX_SESSIONS', 10, 1, 1000),
    feedReaders: integer('TEGATA_FEED_READERS', 200, 1, 10_000),
    retention: {
      sessionSeconds: duration('TEGATA_SESSION_RETENTION', '30d', 3600),
      mailSeconds: duration('TEGATA_MAIL_RETENTION', '7d', 3600),
      auditSeconds: duration('TEGATA_AUDIT_RETENTION', '365d', 86_400),
    },
    rateLimits: oneOf('TEGATA_RATE_LIMITS', ['on', 'off'], 'on') === 'on',
    accountHints: oneOf('TEGATA_ACCOUNT_HINTS', ['on', 'off'], 'on') === 'on',
    trustedProxies,
    allowedOrigins: [
      ...list('TEGATA_ALLOWED_ORIGINS').map((value) => origin('TEGATA_ALLOWED_ORIGINS', value)),
      ...(production ? [] : loopbackTwins(publicUrl)),
    ],
    providers: parseProviders(env, { production, report: (problem) => problems.push(problem) }),
    providerTimeoutSeconds: duration('TEGATA_PROVIDER_TIMEOUT', '5s', 1, 60),
    storeProviderTokens: oneOf('TEGATA_STORE_PROVIDER_TOKENS', ['on', 'off'], 'off') === 'on',
    smtpUrl,
    mailFrom,
    metricsToken: text('TEGATA_METRICS_TOKEN'),
    tracing: parseTracing({ text, oneOf }, (line) => problems.push(line)),
    pages: oneOf('TEGATA_PAGES', ['on', 'off'], 'on') === 'on',
    brand: parseBrand(text, (line) => problems.push(line)),
    logLevel: oneOf('LOG_LEVEL', logLevels, production ? 'info' : 'warn'),
  };
  // Only of settings that are right by themselves.
  if (problems.length === 0) problems.push(...refusals(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
};

/** An address or a CIDR. IPv4 with all four numbers: the library would read `10/8` as 0.0.0.10/8. */
const isNetwork = (text: string) => {
  const written = text.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(text.split('/')[0] ?? '');
  return written && (ipaddr.isValidCIDR(text) || ipaddr.isValid(text));
};

/** In development the same server is opened as localhost and as 127.0.0.1, whichever its URL says. */
const loopbackTwins = (publicUrl: string) => {
  const { hostname, port, protocol } = new URL(publicUrl);
  const twin = { localhost: '127.0.0.1', '127.0.0.1': 'localhost' }[hostname];
  return twin ? [`${protocol}//${twin}${port && `:${port}`}`] : [];
};

/** RFC 8725, section 3.5: a key for HS256 has at least 256 bits. Counted generously, so that words and runs do not pass. */
const weakSecret = (secret: string) => Buffer.byteLength(secret) < 32 || new Set(secret).size < 12;
