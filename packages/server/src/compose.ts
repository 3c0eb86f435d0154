import {
  type AccountHook,
  type Auth,
  type Clock,
  createAuth,
  type Deps,
  type KeyRules,
  type Limits,
  ok,
  type Stores,
} from '@tegata/core';
import type { Hono } from 'hono';
import { createLivingKeys, type LivingKeys } from './adapters/access-keys.ts';
import { createCommonPasswords } from './adapters/common-passwords.ts';
import { createCsrfTokens } from './adapters/csrf-tokens.ts';
import { deriveKeys } from './adapters/derived-keys.ts';
import { createDoctorPass, type DoctorPass } from './adapters/doctor-pass.ts';
import { createConnectionFlows } from './adapters/flow-seal.ts';
import { createHashingLane } from './adapters/hashing-lane.ts';
import { createKeyMaker, resealed } from './adapters/key-pairs.ts';
import { createKnownDevices } from './adapters/known-devices.ts';
import { createLimits, createNoLimits } from './adapters/limits.ts';
import { createPasswordHasher, type HashParameters } from './adapters/password-hasher.ts';
import { createProviders } from './adapters/providers/create-providers.ts';
import { createSeal, type Seal } from './adapters/seal.ts';
import { createSecrets } from './adapters/secrets.ts';
import { hs256Ring } from './adapters/signing-key.ts';
import { createTokenSigner } from './adapters/token-signer.ts';
import { createTurns } from './adapters/turns.ts';
import { readLogo } from './config/brand.ts';
import type { Config } from './config/config.ts';
import { isPostgresUrl } from './config/database-url.ts';
import { developmentSecret } from './config/development-secret.ts';
import { createApp } from './http/app.ts';
import type { Contract, Door, HttpContext, HttpEnv } from './http/contract.ts';
import { createCookieGuard, type Guards } from './http/contracts/cookie/guard.ts';
import { limits as standardLimits } from './http/contracts/standard/policy.ts';
import { createDoor } from './http/door.ts';
import { readBuiltPages, wantsHostedPages } from './http/pages/built-pages.ts';
import { createHostedPages } from './http/pages/hosted-pages.ts';
import { createLook } from './http/pages/look.ts';
import { createPages, mailLinkForm } from './http/pages/pages.ts';
import { createWelcomePage } from './http/pages/welcome.ts';
import { HttpProblem, problemHeaders } from './http/problem.ts';
import { createMailbox } from './mail/mailbox.ts';
import { createOutboxWorker, type OutboxWorker } from './mail/outbox-worker.ts';
import { parseMailFrom, parseSmtpUrl } from './mail/smtp-settings.ts';
import { readEventLoopDelay } from './observe/event-loop.ts';
import { createLogger, type Logger } from './observe/logger.ts';
import { createMetrics } from './observe/metrics.ts';
import { createTally, type Tally } from './observe/tally.ts';
import type { TracedParts } from './observe/traced-parts.ts';
import type { Tracing } from './observe/tracing.ts';
import { createPurgeWorker, type PurgeWorker, type PurgeWorkerOptions } from './purge/purge-worker.ts';
import { type Channel, createLocalChannel } from './revocations/channel.ts';
import { createRevocationFeed, type RevocationFeed } from './revocations/feed.ts';
import type { RevocationLog } from './revocations/revocation.ts';
import type { RedisParts } from './stores/redis/redis-parts.ts';
import { openSqlStores, type SqlStores } from './stores/sql/sql-stores.ts';
import { version } from './version.ts';
import type { MetricParts } from './workers/shared-metrics.ts';

// The only place that builds things: configuration → adapters and stores → use cases → app.

export type ComposeOptions = {
  /** See `AccountHook` of the core. */
  beforeAccountCloses?: AccountHook['beforeClose'];
  /** For tests: a clock that stands still, and hashes that cost less. Not reachable from any setting. */
  clock?: Clock;
  hashParameters?: HashParameters;
  /** For commands beside the server: no signing key is made, looked at or replaced until one is asked for. */
  leaveKeys?: boolean;
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
  feed: RevocationFeed;
  revocations: RevocationLog;
  purgeWorker: PurgeWorker;
  deps: Deps;
  logger: Logger;
  accessKeys: LivingKeys;
  siblings: Siblings | undefined;
  hashingCounts: () => { running: number; queued: number; refused: number; completed: number };
  ping: () => Promise<void>;
  tally: Tally;
  /** Undefined over SQLite. */
  poolCounts: (() => { total: number; idle: number; waiting: number }) | undefined;
  doctorPass: DoctorPass;
  databaseMark: () => Promise<string>;
  /** Undefined without `REDIS_URL`. */
  redis: RedisParts | undefined;
  /** Undefined unless there is a collector for traces. */
  tracing: Tracing | undefined;
  /** Begins what goes on beside the requests: sending mail, purging what is over. */
  start: () => void;
  /** Takes nothing further in hand, and ends the streams, whose readers go to another server. Requests are still answered. */
  prepareToStop: () => void;
  /** Finishes the mails in hand and closes the database. */
  close: () => Promise<void>;
};

export const composeEngine = async (config: Config, options: ComposeOptions = {}): Promise<Engine> => {
  const clock = options.clock ?? Date.now;
  const { tracing, traced } = await openTracing(config, () => logger);
  const logger = createLogger({ level: config.logLevel, mixin: tracing?.ids });
  const keys = deriveKeys([config.secret ?? developmentSecret(config.dataDir), ...config.previousSecrets]);

  const tally = createTally();
  let mailWorker: OutboxWorker | undefined;
  let feed: RevocationFeed | undefined;
  const redis = await openRedisParts(config, logger, traced);
  const outside = tracing?.outside ?? ((work: () => void) => work);
  const database = await openSqlStores({
    url: config.databaseUrl,
    postgres: { ...config.postgres, around: traced?.driver(isPostgresUrl(config.databaseUrl) ? 'postgresql' : 'sqlite') },
    seal: createSeal(keys.ring('outbox')),
    // Until the longest of today's tokens has expired, by the clock of a verifier that is behind.
    keepRevocationsMs: (Math.max(config.ttl.access, config.ttl.bearer) + 300) * 1000,
    elsewhere: redis?.elsewhere,
    endedLately: redis?.endedLately,
    onCommitted: {
      audit: (event) => {
        tally.event(event);
        logger.info({ event }, 'audit');
      },
      outboxAdded: outside(() => mailWorker?.wake()),
      revoked: outside(() => feed?.announce()),
    },
  }).catch(async (error: unknown) => {
    await redis?.close();
    throw error;
  });
  const { stores, atomically, revocations, ping, close } = redis?.keep(database) ?? database;

  const { channel, closeChannel } = await openChannel(config, redis, logger);
  feed = createRevocationFeed({ log: revocations, channel, clock, logger, maxReaders: config.feedReaders });
  const revocationFeed = feed;

  const lane = createHashingLane({
    concurrency: config.hashConcurrency,
    maxQueued: 64 * config.hashConcurrency,
    deadlineMs: 3_000,
  });
  const derived = hs256Ring(keys.ring('access-token'));
  const keySeal = createSeal(keys.ring('signing-key'));
  const keyRules: KeyRules = {
    algorithm: config.signingAlg,
    maxAgeSeconds: config.keys.maxAge,
    publishAheadSeconds: config.keys.publishAhead,
    longestTokenSeconds: Math.max(config.ttl.access, config.ttl.bearer),
  };
  const accessKeys = createLivingKeys({
    derived,
    list: stores.signingKeys.list,
    tend: async () => {
      const tended = await auth.tendSigningKeys();
      return tended.ok ? tended.value : tended.failure;
    },
    seal: keySeal,
    rules: keyRules,
    clock,
    logger,
  });
  const deps: Deps = {
    ...stores,
    atomically: traced?.atomically(atomically) ?? atomically,
    inTurn: createTurns({
      maxWaiting: 128,
      deadlineMs: 5_000,
      inStorm: { isOn: () => lane.counts().queued > 0, deadlineMs: 500 },
    }),
    clock,
    secrets: createSecrets(keys, clock),
    hasher: createPasswordHasher({ algorithm: config.passwordHash, lane: traced?.lane(lane) ?? lane }, options.hashParameters),
    tokens: createTokenSigner({
      accessKeys,
      refreshKeys: hs256Ring(keys.ring('refresh-token')),
      issuer: config.issuer,
      audience: config.audience,
      clock,
    }),
    keyMaker: createKeyMaker(
      keySeal,
      derived.map(({ kid }) => kid),
    ),
    devices: createKnownDevices(keys.ring('device-cookie')),
    csrf: createCsrfTokens(keys.ring('csrf')),
    flows: createConnectionFlows(keys.ring('oauth-flow')),
    providers: await createProviders(config.providers, {
      clock,
      timeoutSeconds: config.providerTimeoutSeconds,
      askProvider: traced?.askProvider,
      sealTokens: config.storeProviderTokens ? createSeal(keys.ring('provider-tokens')).seal : undefined,
    }),
    accountHook: { beforeClose: options.beforeAccountCloses ?? (async () => {}) },
    limits: config.rateLimits
      ? tally.limits(redis?.limits ?? options.siblings?.limits(createLimits(), logger) ?? createLimits())
      : createNoLimits(),
    isCommonPassword: createCommonPasswords(),
    settings: {
      lockout: config.lockout,
      refreshGraceSeconds: config.ttl.refreshGrace,
      sessionMaxAgeSeconds: config.ttl.sessionMaxAge,
      maxSessions: config.maxSessions,
      accountHints: config.accountHints,
      undoEmailChangeSeconds: 72 * 3600,
      signingKeys: keyRules,
      redirects: { publicUrl: config.publicUrl, allowedOrigins: config.allowedOrigins },
      retention: config.retention,
    },
  };
  const auth = createAuth(deps);
  if (!options.leaveKeys) {
    try {
      await accessKeys.load();
      await resealKeys(database, keySeal, keys.current('signing-key').kid);
    } catch (error) {
      await close();
      throw error;
    }
  }

  const smtp = config.smtpUrl
    ? (await import('./mail/smtp.ts')).createSmtpDelivery({
        server: parseSmtpUrl(config.smtpUrl, { production: config.production }),
        from: parseMailFrom(config.mailFrom),
        publicUrl: config.publicUrl,
      })
    : undefined;
  const deliver = smtp?.deliver ?? (async () => {});
  mailWorker = createOutboxWorker({
    outbox: stores.outbox,
    answerRequest: traced?.mail('answer a request for mail', auth.answerMailRequest) ?? auth.answerMailRequest,
    deliver: traced?.mail('send mail', deliver) ?? deliver,
    keepBodies: smtp === undefined,
    publicUrl: config.publicUrl,
    brand: config.brand,
    clock,
    logger,
    // Less than the ten seconds after which Docker kills.
    stopWithinMilliseconds: 6_000,
  });
  const worker = mailWorker;
  const holder = deps.secrets.uuid();
  const purge = async (round: Parameters<PurgeWorkerOptions['purge']>[0]) => {
    const done = await auth.purgeExpired({ ...round, holder });
    tally.purged(done.removed);
    return done;
  };
  const purgeWorker = createPurgeWorker({ purge, logger });

  return {
    auth,
    stores,
    mailWorker: worker,
    feed: revocationFeed,
    revocations,
    purgeWorker,
    deps,
    logger,
    accessKeys,
    siblings: options.siblings,
    hashingCounts: lane.counts,
    ping,
    tally,
    poolCounts: database.poolCounts,
    doctorPass: createDoctorPass(keys.ring('doctor')),
    databaseMark: database.mark,
    redis,
    tracing,
    start: () => {
      worker.start();
      purgeWorker.start();
    },
    prepareToStop: () => {
      void worker.stop();
      void purgeWorker.stop();
      void revocationFeed.close();
    },
    close: async () => {
      await revocationFeed.close();
      await closeChannel();
      await Promise.all([worker.stop(), purgeWorker.stop()]);
      smtp?.close();
      await close();
      await tracing?.close();
    },
  };
};

/** Loaded only where it is used: the client takes longer to load than the rest of a start. */
const openRedisParts = async (
  { redis, sessionStore }: Config,
  logger: Logger,
  traced: TracedParts | undefined,
): Promise<RedisParts | undefined> => {
  if (!redis) return undefined;
  const { openRedisParts: open } = await import('./stores/redis/redis-parts.ts');
  return open({ ...redis, logger, holdsSessions: sessionStore === 'redis', around: traced?.redis });
};

/** Loaded only where it is used, and nothing is wrapped elsewhere: without tracing a request does not pay for it. */
const openTracing = async ({ tracing }: Config, logger: () => Logger): Promise<{ tracing?: Tracing; traced?: TracedParts }> => {
  if (!tracing) return {};
  const [{ openTracing: open }, { createTracedParts }] = await Promise.all([
    import('./observe/tracing.ts'),
    import('./observe/traced-parts.ts'),
  ]);
  const opened = open(tracing, {
    version,
    instance: crypto.randomUUID(),
    tell: (reason) => {
      if (reason === undefined) logger().info('traces are taken again');
      else logger().warn({ reason }, 'traces are not taken: check OTEL_EXPORTER_OTLP_ENDPOINT and what it names');
    },
  });
  return { tracing: opened, traced: createTracedParts(opened) };
};

/** Encrypts private halves with today's secret, so that an earlier one can be left out once its refresh tokens are over. */
const resealKeys = ({ atomically }: SqlStores, seal: Seal, todaysKid: string) =>
  atomically(async ({ signingKeys }) => {
    await signingKeys.lock();
    for (const { kid, sealedPrivate } of await signingKeys.list()) {
      if (sealedPrivate === null) continue;
      const again = resealed(sealedPrivate, seal, todaysKid);
      if (again) await signingKeys.change(kid, { sealedPrivate: again });
    }
    return ok(undefined);
  });

/** How the servers over this database wake one another. Over a SQLite file they find what is new when they look. */
const openChannel = async (
  { databaseUrl }: Config,
  redis: RedisParts | undefined,
  logger: Logger,
): Promise<{ channel: Channel; closeChannel: () => Promise<void> }> => {
  if (redis) return { channel: redis.revocations, closeChannel: async () => {} };
  if (!isPostgresUrl(databaseUrl)) return { channel: createLocalChannel(), closeChannel: async () => {} };
  const { createPostgresChannel } = await import('./revocations/postgres-channel.ts');
  const channel = createPostgresChannel({
    url: databaseUrl,
    onTrouble: (error) => logger.warn({ reason: error.message }, 'the revocation channel has no connection'),
  });
  return { channel, closeChannel: channel.close };
};

/** The whole server as a web-standard handler over an engine. */
export const composeApp = (
  config: Config,
  engine: Engine,
  { isStopping, contracts }: { isStopping: () => boolean; contracts?: readonly Contract[] },
): Hono<HttpEnv> => {
  const { auth, stores, deps, logger } = engine;
  void engine.redis?.tellRisks();
  const developmentMailbox = config.smtpUrl === undefined && !config.production;
  return createApp({
    ...(contracts ? { contracts } : {}),
    auth,
    config,
    clock: deps.clock,
    csrf: deps.csrf,
    limits: deps.limits,
    openFeed: engine.feed.open,
    logger,
    tracing: engine.tracing,
    metrics: createMetrics({
      hashing: engine.hashingCounts,
      outbox: () => stores.outbox.backlog(deps.clock()),
      feed: () => ({ readers: engine.feed.readers(), lookAgeSeconds: engine.feed.lookAgeSeconds() }),
      revocationLagSeconds: engine.feed.takeLagSeconds,
      tally: engine.tally.counts,
      isDatabaseReady: () =>
        engine.ping().then(
          () => true,
          () => false,
        ),
      eventLoopDelay: readEventLoopDelay,
      memoryBytes: process.memoryUsage.rss,
      pool: engine.poolCounts,
      signingKeyAgeSeconds: config.signingAlg === 'HS256' ? undefined : engine.accessKeys.ageSeconds,
      siblings: engine.siblings?.metrics,
      isRedisReady: engine.redis?.isReady,
    }),
    health: { ping: engine.ping, isStopping },
    topology: { isDoctor: engine.doctorPass.isGood, databaseMark: engine.databaseMark },
    jwks: async () => ({ keys: await engine.accessKeys.published() }),
    look: createLook(config.brand, readLogo(config.brand)),
    version,
    pages: (door) => [
      ...hostedPages(config, engine, { mailbox: developmentMailbox }),
      mailLinkPages(door),
      ...(developmentMailbox
        ? [
            createMailbox({ outbox: stores.outbox, publicUrl: config.publicUrl, brand: config.brand, clock: deps.clock }),
            createWelcomePage({ mailbox: true, pages: wantsHostedPages(config) && readBuiltPages() !== undefined }),
          ]
        : []),
    ],
  });
};

/** The checks that an application's own routes share with contract `cookie`. */
export const composeGuards = (config: Config, { auth, deps, feed }: Engine): Guards =>
  createCookieGuard(createDoor({ auth, config, clock: deps.clock, csrf: deps.csrf, limits: deps.limits, openFeed: feed.open }));

const hostedPages = (config: Config, { logger }: Engine, { mailbox }: { mailbox: boolean }): Hono[] => {
  if (!wantsHostedPages(config)) return [];
  const built = readBuiltPages();
  if (!built) {
    logger.warn('The hosted pages are not built, so only those behind mailed links are served. Build them: npm run build:pages');
    return [];
  }
  const returnOrigins = [config.publicUrl, ...config.allowedOrigins];
  return [createHostedPages({ built, returnOrigins, mailbox, withoutScript: mailLinkForm })];
};

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
