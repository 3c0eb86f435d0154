import { createHash, timingSafeEqual } from 'node:crypto';
import { Unavailable } from '@tegata/core';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { routePath } from 'hono/route';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Config } from '../config/config.ts';
import { type Logger, withoutNet } from '../observe/logger.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Tracing } from '../observe/tracing.ts';
import { addressBucket, createClientAddress } from './client-address.ts';
import type { Contract, Door, HttpContext, HttpEnv } from './contract.ts';
import { bearer } from './contracts/bearer/index.ts';
import { cookie } from './contracts/cookie/index.ts';
import { organization } from './contracts/organization/index.ts';
import { standard } from './contracts/standard/index.ts';
import { createDocsPage } from './docs-page.ts';
import { createDoor, type DoorParts } from './door.ts';
import { createHealth, type Health } from './health.ts';
import { languageOf } from './language.ts';
import { allowedMethods } from './methods.ts';
import { openapiDocument } from './openapi.ts';
import { createOriginCheck } from './origin.ts';
import type { Look } from './pages/look.ts';
import { HttpProblem, type Problem, problemHeaders } from './problem.ts';
import { securityHeaders } from './security-headers.ts';
import { createTopology, type TopologyParts } from './topology.ts';
import { traceRequests } from './trace-requests.ts';

/** Every door of the house. A new contract is a folder beside the others and a line here. */
export const contracts: readonly Contract[] = [standard, cookie, bearer, organization];

export type AppParts = DoorParts & {
  /** Those to choose from; which are mounted, the configuration says. */
  contracts?: readonly Contract[];
  logger: Logger;
  metrics: Metrics;
  /** Undefined: requests are not traced. */
  tracing?: Tracing | undefined;
  health: Health;
  topology: TopologyParts;
  /** Public signing keys, for services that verify tokens themselves. */
  jwks: () => Promise<{ keys: object[] }>;
  /** Pages behind mailed links, the development mailbox: everything that is no contract. */
  pages: (door: Door) => readonly Hono[];
  /** How all pages look. */
  look: Look;
  version: string;
};

const maxBodyBytes = 64 * 1024;

export const createApp = (parts: AppParts): Hono<HttpEnv> => {
  const { config, logger, metrics } = parts;
  const requestLog = withoutNet(logger);
  const mounted = (parts.contracts ?? contracts).filter(({ name }) => config.contracts.includes(name));
  const clientAddress = createClientAddress(config.trustedProxies);
  const origins = createOriginCheck(config.publicUrl, config.allowedOrigins);
  const door = createDoor(parts);
  const app = new Hono<HttpEnv>();

  // Middleware, in the order in which a request meets it.

  if (parts.tracing) app.use(traceRequests(parts.tracing));

  app.use(async (c, next) => {
    const startedAt = performance.now();
    const requestId = acceptableId(c.req.header('x-request-id')) ?? crypto.randomUUID();
    const ipAddress = clientAddress(c.env.incoming?.socket?.remoteAddress, c.req.header('x-forwarded-for'));
    c.set('requestId', requestId);
    c.set('look', parts.look);
    c.set('ipAddress', ipAddress);
    c.set('ipBucket', addressBucket(ipAddress));
    await next();
    const { headers } = c.res;
    headers.set('X-Request-Id', requestId);
    for (const [name, value] of securityHeaders) if (!headers.has(name)) headers.set(name, value);
    // Also where no origin was asked for: a cache must not give that answer to a page that needs another one.
    if (!/\bOrigin\b/i.test(headers.get('vary') ?? '')) headers.append('Vary', 'Origin');
    const seconds = (performance.now() - startedAt) / 1000;
    const route = routePath(c, -1);
    metrics.observe(route, c.res.status, seconds);
    requestLog.info(
      { requestId, method: c.req.method, route, status: c.res.status, ms: Math.round(seconds * 1000), ipAddress },
      'request',
    );
  });

  const crossOrigin = cors({
    origin: (origin) => (origins.allows(origin) ? origin : null),
    credentials: true,
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'X-CSRF-Token', 'X-Request-Id'],
    exposeHeaders: ['Retry-After', 'RateLimit', 'RateLimit-Policy', 'X-Request-Id'],
    maxAge: 600,
  });
  app.use((c, next) => (origins.allows(c.req.header('origin') ?? '') ? crossOrigin(c, next) : next()));

  const boundedBody = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new HttpProblem({ kind: 'body_too_large' });
    },
  });
  app.use((c, next) => {
    // Nobody reads the body of a GET, and asking whether there is one costs a third of what routing it does.
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    const length = Number(c.req.header('content-length') ?? Number.NaN);
    // Whoever states a length is held to it by node:http. To count the bytes nevertheless would make a stream of them, which
    // is a tenth of a refresh.
    if (length <= maxBodyBytes && c.req.header('transfer-encoding') === undefined) return next();
    return boundedBody(c, next);
  });

  // Everything that answers.

  // Pages first: a page's form and a contract's JSON may share a path, and the page passes on what is no form.
  for (const pages of parts.pages(door)) app.route('/', pages);
  for (const contract of mounted) app.route('/', contract.routes(door));
  app.route('/', createHealth(parts.health));
  app.route('/', createTopology(parts.topology, parts));
  app.route(
    '/',
    createDocsPage(() => openapiDocument(mounted, { publicUrl: config.publicUrl, version: parts.version })),
  );
  app.get('/.well-known/jwks.json', async (c) => {
    // Well within the time that the next key is published before it signs: a cache never holds a list without it by then.
    c.header('Cache-Control', `public, max-age=${Math.min(300, Math.floor(config.keys.publishAhead / 4))}`);
    return c.json(await parts.jwks());
  });
  app.get('/metrics', async (c) => {
    if (!mayReadMetrics(c, config)) throw new HttpProblem({ kind: 'not_found' });
    return c.body(await metrics.expose(), 200, { 'Content-Type': metrics.contentType });
  });

  // What went wrong, in the shape of the contract whose path it was.

  const answer = (c: HttpContext, problem: Problem) => {
    // With a slash at the end of both, so that `/api/me` owns itself, and not `/api/menu`.
    const owns = (prefix: string) => `${c.req.path}/`.startsWith(`${prefix}/`);
    const contract = mounted.find(({ prefixes }) => prefixes.some(owns)) ?? mounted[0];
    if (!contract) throw new Error('no contract is mounted');
    const { status, body } = contract.present(problem, languageOf(c.req.header('accept-language'), contract.defaultLocale));
    for (const [name, value] of Object.entries(problemHeaders(problem))) c.header(name, value);
    return c.json(body as object, status as ContentfulStatusCode);
  };

  app.notFound((c) => {
    const allow = allowedMethods(app, c.req.path);
    // The route passed it on: a page's form and a contract's JSON may share a path, and this was neither.
    if (allow.includes(c.req.method)) return answer(c, { kind: 'unsupported_media_type' });
    return answer(c, allow.length > 0 ? { kind: 'method_not_allowed', allow } : { kind: 'not_found' });
  });

  app.onError((error, c) => {
    if (error instanceof HttpProblem) return answer(c, error.problem);
    if (error instanceof Unavailable) {
      logger.warn({ requestId: c.get('requestId'), reason: error.message }, 'unavailable');
      return answer(c, { kind: 'unavailable', retryAfterSeconds: error.retryAfterSeconds });
    }
    // The caller hung up while sending: nobody reads the answer, and it is no fault of ours.
    if (c.req.raw.signal.aborted && (error as NodeJS.ErrnoException).code === 'ECONNRESET') {
      return answer(c, { kind: 'invalid_json' });
    }
    logger.error({ requestId: c.get('requestId'), err: error }, 'unexpected error');
    return answer(c, { kind: 'internal' });
  });

  return app;
};

/** A caller's request id is kept when it could not break a log line. */
const acceptableId = (id: string | undefined) => (id && /^[\w.-]{8,64}$/.test(id) ? id : undefined);

/** Metrics are not for strangers: this machine directly, or whoever has the token. */
const mayReadMetrics = (c: HttpContext, { metricsToken }: Config): boolean => {
  if (metricsToken !== undefined) {
    const digest = (text: string) => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(c.req.header('authorization') ?? ''), digest(`Bearer ${metricsToken}`));
  }
  const direct = c.req.header('x-forwarded-for') === undefined && c.req.header('forwarded') === undefined;
  return direct && /^(::1|127\.|::ffff:127\.)/.test(c.env.incoming?.socket?.remoteAddress ?? '');
};
