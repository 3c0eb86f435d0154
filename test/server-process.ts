import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

// The real command line as a child process, as an operator would run it.

export const tegataFile = fileURLToPath(new URL('../packages/server/src/cli/tegata.ts', import.meta.url));

/** `settings` are environment variables; of this process's own ones only what Node needs to run gets through. */
const environment = (settings: Record<string, string>): NodeJS.ProcessEnv => {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, ...settings };
};

/** A folder that is gone when the test is over. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'tegata-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
};

export type Finished = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

export type RunningTegata = {
  child: ChildProcess;
  /** What it wrote so far. */
  stdout: () => string;
  stderr: () => string;
  finished: Promise<Finished>;
};

/** `maxFileBytes` makes every write past that size fail, as on a full disk; `input` is what it finds on its standard input. */
export type ProcessLimits = { maxFileBytes?: number; input?: string };

export const spawnTegata = (args: string[], settings: Record<string, string> = {}, limits: ProcessLimits = {}): RunningTegata =>
  spawnScript(tegataFile, args, settings, limits);

export const spawnScript = (
  file: string,
  args: string[],
  settings: Record<string, string>,
  { maxFileBytes, input }: ProcessLimits = {},
): RunningTegata => {
  const call = [process.execPath, file, ...args];
  // POSIX counts `ulimit -f` in blocks of 512 bytes.
  const limited = ['sh', '-c', `ulimit -S -f ${(maxFileBytes ?? 0) / 512}; exec "$@"`, 'sh', ...call];
  const [program = '', ...rest] = maxFileBytes === undefined ? call : limited;
  const child = spawn(program, rest, {
    env: environment(settings),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  const finished = once(child, 'close').then(([code, signal]) => ({ code, signal, ...written }));
  return { child, stdout: () => written.stdout, stderr: () => written.stderr, finished };
};

/** Runs a command to its end. */
export const runTegata = (args: string[], settings: Record<string, string> = {}, limits: ProcessLimits = {}): Promise<Finished> =>
  spawnTegata(args, settings, limits).finished;

export type ServerProcess = RunningTegata & {
  url: string;
  /** kill -9: no handler runs, nothing is finished. */
  kill: () => Promise<void>;
  /** SIGTERM, as a process supervisor stops a service. */
  stop: () => Promise<Finished>;
};

/**
 * Starts `tegata serve` on a free port, and waits until it takes requests. It is killed when the test is over. `file`: a
 * script that serves in its stead, and says where it listens.
 */
export const startServerProcess = async (
  settings: Record<string, string>,
  limits: ProcessLimits = {},
  file = tegataFile,
): Promise<ServerProcess> => {
  const all = { PORT: '0', TEGATA_RATE_LIMITS: 'off', LOG_LEVEL: 'error', ...settings };
  const running = spawnScript(file, ['serve'], all, limits);
  const { child, finished } = running;
  const kill = async () => {
    child.kill('SIGKILL');
    await finished;
  };
  onTestFinished(kill);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const found = /listening +(http:\S+)/.exec(running.stdout())?.[1];
      if (found) resolve(found);
    });
    finished.then(({ code, stderr }) => reject(new Error(`tegata serve ended with ${code}: ${stderr}`)), reject);
  });
  return {
    ...running,
    url,
    kill,
    stop: async () => {
      child.kill('SIGTERM');
      return finished;
    },
  };
};
