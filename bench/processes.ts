import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/free-port.ts';
import type { Measured, Plan } from './load.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export type Running = { port: number; rssMb: () => number; stop: () => Promise<void> };

const environment = (settings: Record<string, string>): NodeJS.ProcessEnv => {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, ...settings };
};

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

const untilItAnswers = async (child: ChildProcess, url: string): Promise<void> => {
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`a server ended with ${child.exitCode} instead of starting`);
    await sleep(2);
  }
};

const running = (child: ChildProcess, port: number): Running => ({
  port,
  rssMb: () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' })) / 1024,
  stop: async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
  },
});

/** The real server. Its log is written, as in production, and thrown away. */
export const startTegata = async (settings: Record<string, string>): Promise<Running & { startMs: number }> => {
  const port = await freePort();
  const env = environment({ LOG_LEVEL: 'info', ...settings, PORT: String(port) });
  const startedAt = performance.now();
  const child = spawn(process.execPath, [here('../packages/server/src/cli/tegata.ts'), 'serve'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await untilItAnswers(child, `http://127.0.0.1:${port}/health/ready`);
  return { ...running(child, port), startMs: performance.now() - startedAt };
};

export const startLimitServer = async (file: string, secret: string, accessToken: string): Promise<Running> => {
  const port = await freePort();
  const child = spawn(process.execPath, [here('./limit-server.ts'), file, String(port)], {
    env: environment({ TEGATA_SECRET: secret }),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}/api/v1/me`;
  const asks = () =>
    fetch(url, { headers: { authorization: `Bearer ${accessToken}` } }).then(
      () => true,
      () => false,
    );
  while (!(await asks())) await sleep(5);
  return running(child, port);
};

/** The least that any server here has to do before it answers: Node, and the database opened and read. */
export const bareStartMs = async (file: string): Promise<number> => {
  const script = `const { DatabaseSync } = require('node:sqlite');
    new DatabaseSync(process.argv[1]).prepare('select count(*) from tegata_migrations').get();`;
  const startedAt = performance.now();
  await once(spawn(process.execPath, ['-e', script, file], { stdio: 'ignore' }), 'close');
  return performance.now() - startedAt;
};

export const runLoad = async (plan: Plan): Promise<Measured> => {
  const child = fork(here('./load.ts'));
  child.send(plan);
  const [measured] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('the load generator ended without a result');
    }),
  ]);
  return measured;
};

export const hashesAlonePerSecond = async (concurrency: number, seconds: number): Promise<number> => {
  const child = spawn(process.execPath, [here('./hash-alone.ts'), String(concurrency), String(seconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await once(child, 'close');
  return JSON.parse(text).perSecond;
};
