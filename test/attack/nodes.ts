import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, onTestFinished } from 'vitest';
import { temporaryFolder } from '../server-process.ts';
import { type PostgresServer, startPostgres } from '../services/postgres.ts';
import { type RedisServer, startRedis } from '../services/redis.ts';

// Several nodes over one set of stores, each in a process of its own, and a client that is cheap enough to attack them
// from the same machine.

export const stores = ['SQLite', 'PostgreSQL', 'PostgreSQL and Redis'] as const;
export type Stores = (typeof stores)[number];

/** Settings that lead a node to new stores of that kind. They are gone when the test is over. */
export const openStores = async (kind: Stores): Promise<Record<string, string>> => {
  const settings: Record<string, string> = {
    TEGATA_DATA_DIR: await temporaryFolder(),
    TEGATA_SECRET: 'bW9zdGx5IHJhbmRvbSBieXRlcyBmb3IgYSB0ZXN0IQ',
    TEGATA_URL: 'http://localhost:3000',
    TEGATA_CONTRACTS: 'standard,cookie,bearer',
    TEGATA_RATE_LIMITS: 'off',
    LOG_LEVEL: 'silent',
  };
  if (kind === 'SQLite') return settings;
  postgres ??= startPostgres();
  opened += 1;
  const name = `attacked_${opened}`;
  const server = await postgres;
  await server.query(`create database ${name}`);
  settings.DATABASE_URL = server.url(name);
  if (kind === 'PostgreSQL') return settings;
  redis ??= startRedis();
  return { ...settings, REDIS_URL: (await redis).url, TEGATA_REDIS_PREFIX: `${name}:` };
};

// One of each for the tests of a file, with a database or a prefix for each test.
let postgres: Promise<PostgresServer> | undefined;
let redis: Promise<RedisServer> | undefined;
let opened = 0;
afterAll(async () => {
  await (await postgres)?.remove();
  await (await redis)?.stop();
});

export type Node = {
  url: string;
  /** How many password hashes it has computed. */
  hashes: () => Promise<number>;
  /** By an operator. */
  suspend: (userId: string) => Promise<void>;
};

const script = fileURLToPath(new URL('./node-script.ts', import.meta.url));

export const startNode = async (settings: Record<string, string>): Promise<Node> => {
  const { PATH, HOME, TMPDIR } = process.env;
  const child: ChildProcess = fork(script, {
    env: { PATH, HOME, TMPDIR, HASHES: 'cheap', PORT: '0', ...settings },
    execPath: process.execPath,
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (written += text));
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  for (;;) {
    const url = /listening (http:\S+)/.exec(written)?.[1];
    if (child.exitCode !== null) throw new Error(`the node ended with ${child.exitCode}: ${written}`);
    if (url === undefined) {
      await sleep(20);
      continue;
    }
    const ask = async (message: { suspend?: string }) => {
      const [answer] = await Promise.all([once(child, 'message'), child.send(message)]);
      return (answer as [{ hashes: number }])[0].hashes;
    };
    const suspend = async (userId: string) => void (await ask({ suspend: userId }));
    return { url, suspend, hashes: () => ask({}) };
  }
};

/** At once: migrations and first keys are theirs to agree on. */
export const startNodes = async (kind: Stores, settings: Record<string, string> = {}, count = 2): Promise<Node[]> => {
  const opened = await openStores(kind);
  return Promise.all(Array.from({ length: count }, () => startNode({ ...opened, ...settings })));
};

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever JSON came back.
export type Reply = { status: number; body: any; text: string; headers: Record<string, string | string[] | undefined> };
export type Sent = { body?: unknown; token?: string | undefined; headers?: Record<string, string> };

/** A client that keeps at most that many connections to each node. */
export const createClient = (connections = 128) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  onTestFinished(() => agent.destroy());

  const send = (url: string, method: string, { body, token, headers }: Sent = {}): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const outgoing = request(url, {
        agent,
        method,
        headers: {
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
      });
      outgoing.on('error', reject).on('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('error', reject).on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const answer = Buffer.concat(chunks).toString('utf8');
          const isJson = String(incoming.headers['content-type']).startsWith('application/json') && answer !== '';
          resolve({
            status: incoming.statusCode ?? 0,
            body: isJson ? JSON.parse(answer) : answer,
            text: answer,
            headers: incoming.headers,
          });
        });
      });
      outgoing.end(text);
    });

  return {
    get: (node: Node, path: string, sent: Sent = {}) => send(node.url + path, 'GET', sent),
    post: (node: Node, path: string, body: unknown = {}, sent: Sent = {}) => send(node.url + path, 'POST', { ...sent, body }),
    send: (node: Node, method: string, path: string, sent: Sent = {}) => send(node.url + path, method, sent),
    /** So many calls at once on connections that are open: on fresh ones the first call is over when the last one begins. */
    warm: async (nodes: readonly Node[], count: number) => {
      await Promise.all(nodes.flatMap((node) => Array.from({ length: count }, () => send(`${node.url}/health/live`, 'GET'))));
    },
  };
};
export type Client = ReturnType<typeof createClient>;

export const goodPassword = 'correct horse battery';

/** Active at once, as contract `bearer` has it; the address is not proved. */
export const registered = async (client: Client, node: Node, email: string, password = goodPassword): Promise<void> => {
  const answer = await client.post(node, '/api/auth/register', { email, password, name: 'Ada' });
  if (answer.status !== 201) throw new Error(`registering answered ${answer.status} ${answer.text}`);
};

export type Pair = { access: string; refresh: string };

export const pairIn = ({ status, body, text }: Reply): Pair => {
  if (status !== 200) throw new Error(`answered ${status} ${text}`);
  return { access: body.data.access_token, refresh: body.data.refresh_token };
};

export const loggedIn = async (client: Client, node: Node, email: string, password = goodPassword): Promise<Pair> =>
  pairIn(await client.post(node, '/api/v1/auth/login', { email, password, token_transport: 'body' }));

type Mail = { id: string; subject: string; links: string[]; code?: string };

/** The newest mail to the address with a link to that page. */
export const mailTo = async (
  client: Client,
  node: Node,
  email: string,
  page: string,
): Promise<{ token: string; code: string }> => {
  for (let tries = 0; tries < 1500; tries += 1) {
    const mails: Mail[] = (await client.get(node, `/dev/mailbox/messages?to=${encodeURIComponent(email)}`)).body;
    for (const { links, code } of mails) {
      const link = links.map((one) => new URL(one)).find(({ pathname }) => pathname === `/auth/${page}`);
      if (link) return { token: link.searchParams.get('token') as string, code: code ?? '' };
    }
    await sleep(20);
  }
  throw new Error(`no mail to ${email} leads to ${page}`);
};

/** Works through the items, so many at a time. */
export const inParallel = async <Item, Value>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<Value>,
): Promise<Value[]> => {
  const values: Value[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < items.length) {
        const index = next++;
        values[index] = await work(items[index] as Item, index);
      }
    }),
  );
  return values;
};

export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
