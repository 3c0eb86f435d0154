import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/free-port.ts';
import type { StoreAddress } from './limit-stores.ts';
import type { Measured, Plan } from './load.ts';

// Every process that a benchmark starts, each with an end: what does not answer in time is killed, and the run fails
// instead of hanging.

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export type Running = {
  port: number;
  /** Of the process and its workers. */
  rssMb: () => number;
  /** Seconds of the processor so far, of the process and its workers. */
  cpuSeconds: () => number;
  stop: () => Promise<void>;
};

const startWithinMs = 60_000;
const stopWithinMs = 10_000;

/** As `npm start` has it, so that a start is measured as people have it, and not the compiling of TypeScript. */
const compileCache = here('../packages/server/node_modules/.cache/tegata');

const environment = (settings: Record<string, string>): NodeJS.ProcessEnv => {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE: compileCache, ...settings };
};

type Question = { url: string; headers: Record<string, string> };

const answers = ({ url, headers }: Question): Promise<boolean> =>
  fetch(url, { headers, signal: AbortSignal.timeout(2_000) }).then(
    async (answer) => {
      await answer.arrayBuffer();
      return answer.ok;
    },
    () => false,
  );

/** @throws Error when it ended, or took too long and was killed. */
const untilItAnswers = async (child: ChildProcess, question: Question): Promise<void> => {
  const giveUpAt = performance.now() + startWithinMs;
  while (!(await answers(question))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`a server ended with ${child.exitCode ?? child.signalCode} instead of starting`);
    }
    if (performance.now() > giveUpAt) {
      child.kill('SIGKILL');
      throw new Error(`no answer from ${question.url} for ${startWithinMs / 1000} s`);
    }
    await sleep(2);
  }
};

/** Resolves to whether it ended by itself within the time. */
const ended = async (child: ChildProcess, withinMs: number): Promise<boolean> => {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  return Promise.race([once(child, 'exit').then(() => true), sleep(withinMs, false, { ref: false })]);
};

const withItsWorkers = ({ pid }: ChildProcess): string[] => {
  const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return [String(pid), ...(workers === '' ? [] : workers.split(' '))];
};

const clockTicksPerSecond = 100;

const running = (child: ChildProcess, port: number): Running => ({
  port,
  rssMb: () => {
    const lines = execFileSync('ps', ['-o', 'rss=', '-p', withItsWorkers(child).join(',')], { encoding: 'utf8' });
    return lines.split('\n').reduce((sum, line) => sum + Number(line), 0) / 1024;
  },
  cpuSeconds: () => {
    const ticks = withItsWorkers(child).map((pid) => {
      // proc(5): after the name in parentheses, user and system time are the 12th and 13th field.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    });
    return ticks.reduce((sum, one) => sum + one, 0) / clockTicksPerSecond;
  },
  stop: async () => {
    child.kill('SIGTERM');
    if (!(await ended(child, stopWithinMs))) child.kill('SIGKILL');
    await ended(child, stopWithinMs);
  },
});

type ServerOptions = {
  script: string;
  args: (port: number) => string[];
  settings: Record<string, string>;
  /** What it answers with a 200 once it is ready. */
  ready: { path: string; headers?: Record<string, string> };
};

const startServer = async ({ script, args, settings, ready }: ServerOptions): Promise<Running & { startMs: number }> => {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [here(script), ...args(port)], {
    env: environment({ ...settings, PORT: String(port) }),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await untilItAnswers(child, { url: `http://127.0.0.1:${port}${ready.path}`, headers: ready.headers ?? {} });
  return { ...running(child, port), startMs: performance.now() - startedAt };
};

/** The real server. Its log is written, as in production, and thrown away. */
export const startTegata = (settings: Record<string, string>): Promise<Running & { startMs: number }> =>
  startServer({
    script: '../packages/server/src/cli/tegata.ts',
    args: () => ['serve'],
    settings: { LOG_LEVEL: 'info', ...settings },
    ready: { path: '/health/ready' },
  });

export const startLimitServer = (address: StoreAddress, secret: string, accessToken: string): Promise<Running> =>
  startServer({
    script: './limit-server.ts',
    args: (port) => [JSON.stringify(address), String(port)],
    settings: { TEGATA_SECRET: secret },
    ready: { path: '/api/v1/me', headers: { authorization: `Bearer ${accessToken}` } },
  });

export type PeerSettings = { database: string; cookieCache?: boolean; sameHash?: boolean };

export const startPeer = (settings: PeerSettings, secret: string): Promise<Running> =>
  startServer({
    script: './peer/server.mjs',
    args: (port) => [JSON.stringify({ ...settings, port })],
    settings: { TEGATA_SECRET: secret, NODE_ENV: 'production' },
    ready: { path: '/api/auth/ok' },
  });

/** The least that any server here has to do before it answers: Node, and the database opened and read. */
export const bareStartMs = async (file: string): Promise<number> => {
  const script = `const { DatabaseSync } = require('node:sqlite');
    new DatabaseSync(process.argv[1]).prepare('select count(*) from tegata_migrations').get();`;
  const startedAt = performance.now();
  await runScript(['-e', script, file], { withinMs: 10_000 });
  return performance.now() - startedAt;
};

export const runLoad = async (plan: Plan): Promise<Measured> => {
  const child = fork(here('./load.ts'), { env: environment({}) });
  const withinMs = (plan.requests === undefined ? plan.seconds : 120) * 1000 + 60_000;
  const late = setTimeout(() => child.kill('SIGKILL'), withinMs);
  try {
    child.send(plan);
    const [measured] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error(`the load generator ended without a result (${plan.kind}, at most ${withinMs / 1000} s)`);
      }),
    ]);
    return measured;
  } finally {
    clearTimeout(late);
  }
};

/** What a script prints. @throws Error when it fails or takes too long. */
export const runScript = async (
  args: string[],
  { withinMs, settings = {} }: { withinMs: number; settings?: Record<string, string> },
): Promise<string> => {
  const child = spawn(process.execPath, args, { env: environment(settings), stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const late = setTimeout(() => child.kill('SIGKILL'), withinMs);
  const [code] = await once(child, 'close');
  clearTimeout(late);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code ?? 'a signal, having taken too long'}`);
  return text;
};

export const hashesAlonePerSecond = async (concurrency: number, seconds: number): Promise<number> => {
  const args = [here('./hash-alone.ts'), String(concurrency), String(seconds)];
  return JSON.parse(await runScript(args, { withinMs: seconds * 1000 + 60_000 })).perSecond;
};

export const preparePeer = async (plan: object, secret: string): Promise<void> => {
  await runScript([here('./peer/prepare.mjs'), JSON.stringify(plan)], {
    withinMs: 180_000,
    settings: { TEGATA_SECRET: secret, NODE_ENV: 'production' },
  });
};
