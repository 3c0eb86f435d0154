import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Finished, spawnScript } from '../server-process.ts';

// The examples of `examples/embedding` as processes of their own, as a reader would start them.

export const examples = ['node-http', 'hono', 'express', 'fastify'] as const;
export type Example = (typeof examples)[number];

export const exampleFile = (name: Example): URL => new URL(`../../examples/embedding/${name}.ts`, import.meta.url);

export type Sent = {
  body?: unknown;
  cookie?: string | undefined;
  headers?: Record<string, string>;
  /** Without announcing how long the body is. */
  chunked?: boolean;
};

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever JSON came back.
export type Received = { status: number; headers: Record<string, string | string[]>; cookies: string[]; body: any };

/** One request on a connection of its own. What is no string is sent as JSON. */
export const send = (
  url: string,
  method: string,
  path: string,
  { body, cookie, headers, chunked }: Sent = {},
): Promise<Received> =>
  new Promise((resolve, reject) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const outgoing = request(
      url + path,
      {
        method,
        agent: false,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(text === undefined || chunked ? {} : { 'content-length': Buffer.byteLength(text) }),
          ...(cookie === undefined ? {} : { cookie }),
          ...headers,
        },
      },
      (incoming) => {
        let received = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          received += chunk;
        });
        incoming.on('end', () => {
          const isJson = received !== '' && incoming.headers['content-type']?.startsWith('application/json');
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers as Received['headers'],
            cookies: incoming.headers['set-cookie'] ?? [],
            body: isJson ? JSON.parse(received) : received,
          });
        });
      },
    );
    outgoing.on('error', reject);
    if (text !== undefined && chunked) outgoing.write(text);
    outgoing.end(chunked ? undefined : text);
  });

export type Application = {
  url: string;
  dataDir: string;
  call: Visitor['call'];
  /** SIGTERM, as a process supervisor stops a service. */
  stop: () => Promise<Finished>;
};

/** Somebody who comes from an address of their own, through a proxy that the application was told to trust. */
export const visitor = (app: Application, address: string): Visitor => ({
  call: (method, path, sent) => app.call(method, path, { ...sent, headers: { ...sent?.headers, 'x-forwarded-for': address } }),
});

export type Visitor = { call: (method: string, path: string, sent?: Sent) => Promise<Received> };

export const publicUrl = 'http://localhost:4321';

/** Starts an example on a free port, and waits until it takes requests. It is killed at the end that `onEnd` tells. */
export const startExample = async (
  name: Example,
  settings: Record<string, string> = {},
  onEnd: (end: () => Promise<void>) => void = onTestFinished,
): Promise<Application> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tegata-test-'));
  const running = spawnScript(fileURLToPath(exampleFile(name)), [], {
    PORT: '0',
    TEGATA_URL: publicUrl,
    TEGATA_DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
    ...settings,
  });
  const { child, finished, stdout, stderr } = running;
  onEnd(async () => {
    child.kill('SIGKILL');
    await finished;
    await rm(dataDir, { recursive: true, force: true });
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const port = /listening .*port: (\d+)/s.exec(stdout())?.[1];
      if (port) resolve(`http://127.0.0.1:${port}`);
    });
    finished.then(({ code }) => reject(new Error(`${name} ended with ${code}: ${stderr()}`)), reject);
  });
  return {
    url,
    dataDir,
    call: (method, path, sent) => send(url, method, path, sent),
    stop: () => {
      child.kill('SIGTERM');
      return finished;
    },
  };
};

/** What a browser holds after signing up or in. */
export type Person = { id: string; cookie: string; csrfToken: string; accessToken: string };

export const personOf = ({ status, body, cookies }: Received): Person => {
  if (status >= 300) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  const pairs = cookies.map((cookie) => cookie.split(';')[0] as string);
  const accessToken = pairs.find((pair) => pair.startsWith('access_token='))?.slice('access_token='.length) as string;
  return { id: body.user.id, cookie: pairs.join('; '), csrfToken: body.csrf_token, accessToken };
};

export const goodPassword = 'correct horse battery';

export const signUp = (app: Visitor, email: string, sent: Sent = {}): Promise<Received> =>
  app.call('POST', '/auth/signup', { body: { email, password: goodPassword, name: 'Ada' }, ...sent });

export const signIn = (app: Visitor, email: string, sent: Sent = {}): Promise<Received> =>
  app.call('POST', '/auth/signin', { body: { email, password: goodPassword }, ...sent });
