import { type AccountHook, type Auth, type Clock, createAuth, type Deps, type Limits, type Stores } from '@tegata/core';
import type { Hono } from 'hono';
import { createCommonPasswords } from './adapters/common-passwords.ts';
import { createCsrfTokens } from './adapters/csrf-tokens.ts';
import { deriveKeys } from './adapters/derived-keys.ts';
import { createHashingLane } from './adapters/hashing-lane.ts';
import { createKnownDevices } from './adapters/known-devices.ts';
import { createLimits, createNoLimits } from './adapters/limits.ts';
import { createPasswordHasher, type HashParameters } from './adapters/password-hasher.ts';
import { createSeal } from './adapters/seal.ts';
import { createSecrets } from './adapters/secrets.ts';
import { hs256Ring, publicKeys } from './adapters/signing-key.ts';
import { createTokenSigner } from './adapters/token-signer.ts';
import { createTurns } from './adapters/turns.ts';
import type { Config } from './config/config.ts';
import { developmentSecret } from './config/development-secret.ts';
import { createApp } from './http/app.ts';
import type { Contract, Door, HttpContext, HttpEnv } from './http/contract.ts';
import { createCookieGuard, type Guards } from './http/contracts/cookie/guard.ts';
import { limits as standardLimits } from './http/contracts/standard/policy.ts';
import { createDoor } from './http/door.ts';
import { createPages } from './http/pages/pages.ts';
import { createWelcomePage } from './http/pages/welcome.ts';
import { HttpProblem, problemHeaders } from './http/problem.ts';
import { createMailbox } from './mail/mailbox.ts';
import { createOutboxWorker, type OutboxWorker } from './mail/outbox-worker.ts';
import { createSmtpDelivery, parseMailFrom, parseSmtpUrl } from './mail/smtp.ts';
import { createLogger, type Logger } from './observe/logger.ts';
import { createMetrics } from './observe/metrics.ts';
import { openSqlStores } from './stores/sql/sql-stores.ts';
import { version } from './version.ts';
import type { MetricParts } from './workers/shared-metrics.ts';

// The only place that builds things: configuration → adapters and stores → use cases → app.

export type ComposeOptions = {
  /** See `AccountHook` of the core. */
  beforeAccountCloses?: AccountHook['beforeClose'];
  /** For tests: a clock that stands still, and hashes that cost less. Not reachable from any setting. */
  clock?: Clock;
  hashParameters?: HashParameters;
  /** Where several processes serve behind one port. */
  siblings?: Siblings | undefined;
};

/** The other processes of this machine that serve the same port: what must be counted once for all of them. */
export type Siblings = {
  /** Limits that all share; `own` is what this process counts with when it cannot reach the others. */
  limits: (own: Limits, logger: Logger) => Limits;
  /** Given what reads the figures of this process, gives what reads those of the others. */
  metrics: (own: () => Promise<MetricParts>) => () => Promise<MetricParts[]>;
};

/** The use cases with everything they need, without HTTP: what the server and the command line share. */
export type Engine = {
  auth: Auth;
  stores: Stores;
  mailWorker: OutboxWorker;
  deps: Deps;
  logger: Logger;
  jwks: () => { keys: object[] };
  siblings: Siblings | undefined;
  hashingCounts: () => { running: number; queued: number; refused: number; completed: number };
  ping: () => Promise<void>;
  /** Finishes the mails in hand and closes the database. */
  close: () => Promise<void>;
};

export const composeEngine = async (config: Config, options: ComposeOptions = {}): Promise<Engine> => {
  const clock = options.clock ?? Date.now;
  const logger = createLogger({ level: config.logLevel });
  const keys = deriveKeys([config.secret ?? developmentSecret(config.dataDir)]);

  let mailWorker: OutboxWorker | undefined;
  const database = await openSqlStores({
    url: config.databaseUrl,
    postgres: config.postgres,
    seal: createSeal(keys.ring('outbox')),
    onCommitted: {
      audit: (event) => logger.info({ event }, 'audit'),
      outboxAdded: () => mailWorker?.wake(),
    },
  });
  const { stores, atomically } = database;

  const lane = createHashingLane({
    concurrency: config.hashConcurrency,
    maxQueued: 64 * config.hashConcurrency,
    deadlineMs: 3_000,
  });
  const accessKeys = hs256Ring(keys.ring('access-token'));
  const deps: Deps = {
    ...stores,
    atomically,
    inTurn: createTurns({ maxWaiting: 128 }),
    clock,
    secrets: createSecrets(keys, clock),
    hasher: createPasswordHasher({ algorithm: config.passwordHash, lane }, options.hashParameters),
    tokens: createTokenSigner({
      accessKeys,
      refreshKeys: hs256Ring(keys.ring('refresh-token')),
      issuer: config.issuer,
      audience: config.audience,
      clock,
    }),
    devices: createKnownDevices(keys.ring('device-cookie')),
    csrf: createCsrfTokens(keys.ring('csrf')),
    accountHook: { beforeClose: options.beforeAccountCloses ?? (async () => {}) },
    limits: config.rateLimits ? (options.siblings?.limits(createLimits(), logger) ?? createLimits()) : createNoLimits(),
    isCommonPassword: createCommonPasswords(),
    settings: {
      lockout: config.lockout,
      refreshGraceSeconds: config.ttl.refreshGrace,
      sessionMaxAgeSeconds: config.ttl.sessionMaxAge,
      maxSessions: config.maxSessions,
      accountHints: config.accountHints,
      undoEmailChangeSeconds: 72 * 3600,
    },
  };
  const auth = createAuth(deps);

  const smtp = config.smtpUrl
    ? createSmtpDelivery({
        server: parseSmtpUrl(config.smtpUrl, { production: config.production }),
        from: parseMailFrom(config.mailFrom),
        publicUrl: config.publicUrl,
      })
    : undefined;
  mailWorker = createOutboxWorker({
    outbox: stores.outbox,
    answerRequest: auth.answerMailRequest,
    deliver: smtp?.deliver ?? (async () => {}),
    keepBodies: smtp === undefined,
    publicUrl: config.publicUrl,
    clock,
    logger,
    // Less than the ten seconds after which Docker kills.
    stopWithinMilliseconds: 6_000,
  });
  const worker = mailWorker;

  return {
    auth,
    stores,
    mailWorker: worker,
    deps,
    logger,
    jwks: () => ({ keys: publicKeys(accessKeys) }),
    siblings: options.siblings,
    hashingCounts: lane.counts,
    ping: database.ping,
    close: async () => {
      await worker.stop();
      smtp?.close();
      await database.close();
    },
  };
};

/** The whole server as a web-standard handler over an engine. */
export const composeApp = (
  config: Config,
  engine: Engine,
  { isStopping, contracts }: { isStopping: () => boolean; contracts?: readonly Contract[] },
): Hono<HttpEnv> => {
  const { auth, stores, deps, logger } = engine;
  const developmentMailbox = config.smtpUrl === undefined && !config.production;
  return createApp({
    ...(contracts ? { contracts } : {}),
    auth,
    config,
    clock: deps.clock,
    csrf: deps.csrf,
    limits: deps.limits,
    logger,
    metrics: createMetrics({
      hashing: engine.hashingCounts,
      outbox: () => stores.outbox.backlog(deps.clock()),
      siblings: engine.siblings?.metrics,
    }),
    health: { ping: engine.ping, isStopping },
    jwks: engine.jwks,
    version,
    pages: (door) => [
      mailLinkPages(door),
      ...(developmentMailbox
        ? [
            createMailbox({ outbox: stores.outbox, publicUrl: config.publicUrl, clock: deps.clock }),
            createWelcomePage({ mailbox: true }),
          ]
        : []),
    ],
  });
};

/** The checks that an application's own routes share with contract `cookie`. */
export const composeGuards = (config: Config, { auth, deps }: Engine): Guards =>
  createCookieGuard(createDoor({ auth, config, clock: deps.clock, csrf: deps.csrf, limits: deps.limits }));

/** The pages behind mailed links share the limits of the calls that do the same. */
const mailLinkPages = ({ auth, config, limit }: Door) =>
  createPages({
    verifyEmail: auth.verifyEmail,
    resetPassword: (input) => auth.resetPassword({ ...input, ipAddress: null }),
    undoPrimaryEmail: (input) =>
      auth.undoPrimaryEmail({ ...input, policy: { resetTtlSeconds: config.ttl.reset, verifyTtlSeconds: config.ttl.verify } }),
    limit: async (c, route) => {
      try {
        await limit(standardLimits[route], (c as unknown as HttpContext).get('ipBucket'));
        return { allowed: true, retryAfterSeconds: 0 };
      } catch (error) {
        if (!(error instanceof HttpProblem) || error.problem.kind !== 'rate_limited') throw error;
        for (const [name, value] of Object.entries(problemHeaders(error.problem))) c.header(name, value);
        return { allowed: false, retryAfterSeconds: error.problem.limit.resetSeconds };
      }
    },
  });
