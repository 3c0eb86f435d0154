import type { SigningAlgorithm } from '@tegata/core';
import type { Brand } from '../http/pages/theme.ts';
import type { ProviderConfig } from './providers.ts';
import type { TracingConfig } from './tracing.ts';

/** Everything that can be set, validated. What each setting means is in `settings.ts`. Times are seconds. */
export type Config = {
  production: boolean;
  port: number;
  host: string;
  /** The public origin: links in mails start with it. Never taken from a request's `Host`. */
  publicUrl: string;
  dataDir: string;
  databaseUrl: string;
  /** For PostgreSQL: see `PostgresOptions`. */
  postgres: { poolSize: number; statements: 'named' | 'unnamed' };
  /** The prefix begins every key, so that several installations can share a server. */
  redis: { url: string; prefix: string } | undefined;
  sessionStore: 'database' | 'redis';
  /** At least 32 random bytes. Undefined in development without one: then the data folder keeps one. */
  secret: string | undefined;
  /** Accepted as well: what they signed and sealed stays good. */
  previousSecrets: string[];
  signingAlg: SigningAlgorithm;
  /** When a signing key is replaced, and how long before it signs the next one is published. */
  keys: { maxAge: number; publishAhead: number };
  contracts: string[];
  issuer: string;
  audience: string;
  passwordHash: 'argon2id' | 'bcrypt';
  hashConcurrency: number;
  /** Processes that `tegata serve` runs behind its port. An application that embeds Tegata has its own processes. */
  workers: number;
  ttl: {
    access: number;
    refresh: number;
    remember: number;
    sessionMaxAge: number;
    reset: number;
    organizationReset: number;
    bearer: number;
    verify: number;
    refreshGrace: number;
  };
  lockout: { threshold: number; durationSeconds: number; maxDurationSeconds: number };
  maxSessions: number;
  /** Streams of revocations at once. */
  feedReaders: number;
  /** How long what is over is kept. */
  retention: { sessionSeconds: number; mailSeconds: number; auditSeconds: number };
  rateLimits: boolean;
  accountHints: boolean;
  /** CIDRs of the proxies whose `X-Forwarded-For` is believed. */
  trustedProxies: string[];
  /** Browser origins that may call, beside the public URL's own. */
  allowedOrigins: string[];
  /** Where people may log in instead, each with its credentials. */
  providers: ProviderConfig[];
  providerTimeoutSeconds: number;
  storeProviderTokens: boolean;
  smtpUrl: string | undefined;
  mailFrom: string;
  metricsToken: string | undefined;
  /** Undefined: nothing is traced, and nothing of the tracing library is loaded. */
  tracing: TracingConfig | undefined;
  /** Whether the hosted pages are served, where the `standard` contract is. */
  pages: boolean;
  brand: Brand;
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
};
