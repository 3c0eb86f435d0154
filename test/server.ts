import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { composeApp, composeEngine, composeGuards, type Engine } from '../packages/server/src/compose.ts';
import { parseConfig } from '../packages/server/src/config/parse-config.ts';
import { contracts } from '../packages/server/src/http/app.ts';
import type { Contract } from '../packages/server/src/http/contract.ts';
import { listen } from '../packages/server/src/http/listen.ts';
import type { Tegata } from '../packages/server/src/index.ts';
import { openBackend } from './backend.ts';

/** A real server for one test: real HTTP on a free port, a real database, a clock that the test moves. */
export type TestServer = {
  url: string;
  engine: Engine;
  dataDir: string;
  /** `sqlite:…` or `postgres://…`. */
  databaseUrl: string;
  /** Settings that lead another server to the same data. */
  sameStores: Record<string, string>;
  /** Where its sessions are, when they are there. */
  redis: { url: string; prefix: string } | undefined;
  /** Moves the clock. */
  advance: (duration: { milliseconds?: number; seconds?: number; minutes?: number; hours?: number; days?: number }) => void;
  now: () => number;
  call: (method: string, path: string, options?: CallOptions) => Promise<Answer>;
  /**
   * Makes that many calls at once, on connections opened before: on fresh ones the first call is over when the last one
   * begins, and nothing is raced.
   */
  atOnce: <Value>(count: number, call: (index: number) => Promise<Value>) => Promise<Value[]>;
  /** Sends what waits, then gives the newest mail to the address. */
  newestMail: (to: string) => Promise<MailboxMessage>;
  mails: (to: string) => Promise<MailboxMessage[]>;
  close: () => Promise<void>;
};

export type CallOptions = {
  body?: unknown;
  token?: string | undefined;
  cookie?: string | undefined;
  headers?: Record<string, string>;
};

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever JSON came back.
export type Answer = { status: number; body: any; headers: Headers; cookies: string[] };

export type MailboxMessage = {
  id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  links: string[];
  code?: string;
  created_at: string;
};

const start = Date.UTC(2030, 0, 15, 9, 0, 0);

/** An application around the server, in the same process: gives the handler that is listened to. */
export type Application = (tegata: Pick<Tegata, 'fetch' | 'guards'>) => Tegata['fetch'];

/** `settings` are environment variables. Rate limits are off unless asked for: most tests are about something else. */
export const startServer = async (
  settings: Record<string, string> = {},
  at = start,
  application: Application = ({ fetch }) => fetch,
  /** The doors to choose from, where a test brings one of its own. */
  doors: readonly Contract[] = contracts,
): Promise<TestServer> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tegata-test-'));
  const backend = await openBackend();
  const environment = {
    TEGATA_DATA_DIR: dataDir,
    TEGATA_RATE_LIMITS: 'off',
    LOG_LEVEL: 'silent',
    PORT: '0',
    ...backend.settings,
    ...settings,
  };
  const config = parseConfig(environment, doors);
  let now = at;
  const engine = await composeEngine(config, {
    clock: () => now,
    // The cheapest that the library takes: what is tested is what happens around the hash.
    hashParameters: { argon2: { memoryKiB: 64, passes: 1 }, bcryptCost: 4 },
  });
  const app = composeApp(config, engine, { isStopping: () => false, contracts: doors });
  const fetchApp: Tegata['fetch'] = (request, bindings) => app.fetch(request, bindings);
  const handler = application({ fetch: fetchApp, guards: composeGuards(config, engine) });
  const server = await listen(handler, { port: config.port, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${server.port}`;

  const call: TestServer['call'] = async (method, path, { body, token, cookie, headers } = {}) => {
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(cookie === undefined ? {} : { cookie }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      body: isJson ? JSON.parse(text) : text,
      headers: response.headers,
      cookies: response.headers.getSetCookie(),
    };
  };

  const atOnce: TestServer['atOnce'] = async (count, made) => {
    const indices = Array.from({ length: count }, (_, index) => index);
    await Promise.all(indices.map(() => call('GET', '/health/live')));
    return Promise.all(indices.map(made));
  };

  const mails = async (to: string): Promise<MailboxMessage[]> => {
    await engine.mailWorker.drain();
    return (await call('GET', `/dev/mailbox/messages?to=${encodeURIComponent(to)}`)).body;
  };

  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= (async () => {
      await server.close({ withinMs: 100 });
      await engine.close();
      await backend.release();
      await rm(dataDir, { recursive: true, force: true });
    })();
    return closed;
  };
  onTestFinished(close);

  return {
    url,
    engine,
    dataDir,
    databaseUrl: config.databaseUrl,
    sameStores: {
      TEGATA_DATA_DIR: dataDir,
      DATABASE_URL: config.databaseUrl,
      ...(config.redis && { REDIS_URL: config.redis.url, TEGATA_REDIS_PREFIX: config.redis.prefix }),
    },
    redis: config.sessionStore === 'redis' ? config.redis : undefined,
    now: () => now,
    advance: ({ milliseconds = 0, seconds = 0, minutes = 0, hours = 0, days = 0 }) => {
      now += (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + milliseconds;
    },
    call,
    atOnce,
    mails,
    newestMail: async (to) => {
      const [newest] = await mails(to);
      if (!newest) throw new Error(`no mail to ${to}`);
      return newest;
    },
    close,
  };
};

/** The value of a cookie that an answer set, as a browser would send it back: `name=value`. */
export const cookiePair = (answer: Answer, name: string): string => {
  const set = answer.cookies.find((cookie) => cookie.startsWith(`${name}=`));
  if (!set) throw new Error(`no cookie ${name} was set`);
  return set.split(';')[0] as string;
};
