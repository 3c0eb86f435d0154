// A Redis server of the tests' own: on a free port of the loopback, in a folder of its own, never one that is running here.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { findOrInstall } from './find-or-install.ts';

export type RedisServer = {
  /** Such as `redis://:password@127.0.0.1:34567`. */
  url: string;
  port: number;
  /** SIGKILL: what it had not written to its file by then is lost. */
  kill: () => Promise<void>;
  /** SIGSTOP and SIGCONT: connections stay, and nothing is answered. */
  freeze: () => void;
  thaw: () => void;
  /** On the same port, with what the folder has. Resolves when it takes commands. */
  start: () => Promise<void>;
  /** Ends it, however it is, and removes its folder. */
  stop: () => Promise<void>;
};

export type RedisSettings = {
  password?: string;
  /** Further settings, such as `{ appendfsync: 'always' }`. */
  settings?: Record<string, string>;
  tls?: { certificate: string; key: string };
};

export const startRedis = async ({ password, settings = {}, tls }: RedisSettings = {}): Promise<RedisServer> => {
  const program = await findProgram();
  const folder = await mkdtemp(join(tmpdir(), 'tegata-redis-'));
  const port = await freePort();
  const everySetting = {
    bind: '127.0.0.1',
    ...(tls
      ? { port: '0', 'tls-port': `${port}`, 'tls-cert-file': tls.certificate, 'tls-key-file': tls.key, 'tls-auth-clients': 'no' }
      : { port: `${port}` }),
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    ...(password === undefined ? {} : { requirepass: password }),
    ...settings,
  };
  const args = Object.entries(everySetting).flatMap(([name, value]) => [`--${name}`, value]);
  let child: ChildProcess | undefined;

  const start = async () => {
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    process.once('exit', killNow);
    await new Promise<void>((resolve, reject) => {
      let log = '';
      started.stdout.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (/Ready to accept connections/i.test(log)) resolve();
      });
      started.once('error', reject);
      started.once('exit', (code) => reject(new Error(`${program} ended with ${code}:\n${log}`)));
    });
  };
  // The last resort: a run that is broken off leaves no server behind.
  const killNow = () => void child?.kill('SIGKILL');
  const kill = async () => {
    const dying = child;
    child = undefined;
    process.off('exit', killNow);
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    dying.kill('SIGKILL');
    await once(dying, 'exit');
  };
  const stop = async () => {
    await kill();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };

  await start().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  return {
    url: `redis${tls ? 's' : ''}://${credentials}127.0.0.1:${port}`,
    port,
    kill,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    start,
    stop,
  };
};

/** Either is the same to Tegata; where neither is here, Redis is installed. */
const findProgram = async (): Promise<string> => {
  const folders = () => ['/usr/bin', '/usr/local/bin'];
  const here = (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'valkey-server')));
  return here
    ? findOrInstall({ program: 'valkey-server', debianPackage: 'valkey-server', folders })
    : findOrInstall({ program: 'redis-server', debianPackage: 'redis-server', folders });
};
