// A PostgreSQL of our own: a new data folder, a free port, loopback only. Never one that somebody else uses.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { childrenOf } from '../child-processes.ts';
import { freePort } from '../free-port.ts';
import { findOrInstall } from './find-or-install.ts';

const run = promisify(execFile);

export type PostgresServer = {
  /** The address of one of its databases. */
  url: (database?: string) => string;
  port: number;
  psql: string;
  /** Runs one statement as the superuser, in `database`. */
  query: (text: string, database?: string) => Promise<Record<string, unknown>[]>;
  /** `immediate`: as a crash; nothing is finished, and the next start recovers from the log. */
  stop: (how?: 'fast' | 'immediate') => Promise<void>;
  /** After `stop`: on the same port, with the same data. */
  start: () => Promise<void>;
  /** SIGSTOP and SIGCONT, to the server and all that serve a connection: connections stay, and nothing is answered. */
  freeze: () => Promise<void>;
  thaw: () => Promise<void>;
  /** Stops it and removes its data. */
  remove: () => Promise<void>;
};

/**
 * `durable` keeps what PostgreSQL promises after a crash, at the price of the disk: for tests that crash it. Without it,
 * everything is as fast as memory and gone with the machine.
 */
export const startPostgres = async ({ durable = false }: { durable?: boolean } = {}): Promise<PostgresServer> => {
  const postgres = await findOrInstall({ program: 'postgres', debianPackage: 'postgresql', folders });
  const programs = dirname(postgres);
  const owner = await serverUser();
  const data = await mkdtemp(join(tmpdir(), 'tegata-postgres-'));
  if (owner) await chown(data, owner.uid, owner.gid);
  // PostgreSQL refuses to run as root.
  const asOwner = owner ? ['setpriv', '--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups'] : [];
  const call = (program: string, args: string[]): [string, string[]] => {
    const [first = '', ...rest] = [...asOwner, join(programs, program), ...args];
    return [first, rest];
  };
  await run(
    ...call('initdb', ['-D', data, '-U', 'tegata', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', ...(durable ? [] : ['-N'])]),
  );
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    max_connections: '200',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }),
  };
  const [program, args] = call('postgres', [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);

  const url = (database = 'postgres') => `postgres://tegata@127.0.0.1:${port}/${database}`;
  const query: PostgresServer['query'] = async (text, database) => {
    const client = new Client({ connectionString: url(database) });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };

  let running: ReturnType<typeof startWatched> | undefined;
  const start = async () => {
    const watched = startWatched(data, program, args);
    running = watched;
    for (let tries = 0; ; tries += 1) {
      try {
        await query('select 1');
        return;
      } catch (error) {
        if (tries > 400) throw new Error(`PostgreSQL did not start: ${watched.log()}`, { cause: error });
        await sleep(25);
      }
    }
  };
  const stop: PostgresServer['stop'] = async (how = 'fast') => {
    await running?.stop(how === 'fast' ? 'INT' : 'QUIT');
    running = undefined;
  };
  const signal = async (name: NodeJS.Signals) => {
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    for (const each of [pid, ...childrenOf(pid)]) process.kill(each, name);
  };
  const thaw = () => signal('SIGCONT');
  const remove = async () => {
    await stop('immediate');
    await rm(data, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return { url, port, psql: join(programs, 'psql'), query, stop, start, freeze: () => signal('SIGSTOP'), thaw, remove };
};

/**
 * A shell stands between us and the server: when our end of its input closes without a word, because this process was
 * killed, it stops the server and removes the data. No run leaves anything behind.
 */
const startWatched = (data: string, program: string, args: string[]) => {
  const script = `data=$1; shift; "$@" >&2 & server=$!
    read -r signal || { signal=QUIT; left=yes; }
    kill -"$signal" "$server"; wait "$server"
    if [ "$left" = yes ]; then rm -rf "$data"; fi`;
  const shell = spawn('sh', ['-c', script, 'sh', data, program, ...args], { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  let log = '';
  shell.stderr.on('data', (text) => {
    log = (log + text).slice(-4_000);
  });
  shell.stdin.on('error', () => {});
  const ended = once(shell, 'close');
  return {
    stop: async (signal: string) => {
      shell.stdin.end(`${signal}\n`);
      await ended;
    },
    log: () => log,
  };
};

/** Debian keeps each version apart; the newest first. */
const folders = (): string[] => {
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, 'bin'));
};
const debian = '/usr/lib/postgresql';

const serverUser = async (): Promise<{ uid: number; gid: number } | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = async (flag: string, name: string) => Number((await run('id', [flag, name])).stdout);
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: await idOf('-u', name), gid: await idOf('-g', name) };
    } catch {
      // The next one.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody');
};
