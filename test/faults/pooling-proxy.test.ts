import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { startServer } from '../server.ts';
import { temporaryFolder } from '../server-process.ts';
import { findOrInstall } from '../services/find-or-install.ts';
import { startPostgres } from '../services/postgres.ts';
import { addedEmail, loggedIn, makePrimary, me, refresh, registered } from '../standard/people.ts';

/** PgBouncer that gives each transaction another one of two connections. It does not run as root either. */
const startPgBouncer = async (postgresPort: number): Promise<number> => {
  const program = await findOrInstall({ program: 'pgbouncer', debianPackage: 'pgbouncer', folders: () => ['/usr/sbin'] });
  const folder = await temporaryFolder();
  const port = await freePort();
  await writeFile(
    `${folder}/pgbouncer.ini`,
    `[databases]
* = host=127.0.0.1 port=${postgresPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 100
`.replaceAll('* =', '* = user=tegata'),
  );
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  if (asNobody.uid) {
    await chown(folder, asNobody.uid, asNobody.gid);
    await chown(`${folder}/pgbouncer.ini`, asNobody.uid, asNobody.gid);
  }
  const child = spawn(program, ['-q', `${folder}/pgbouncer.ini`], { stdio: ['ignore', 'ignore', 'inherit'], ...asNobody });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  for (let tries = 0; tries < 200; tries += 1) {
    const client = new Client({ connectionString: `postgres://tegata@127.0.0.1:${port}/tegata` });
    const answered = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (answered) return port;
    await sleep(25);
  }
  throw new Error('PgBouncer did not start');
};

test('behind a proxy that pools transactions everything works with TEGATA_DATABASE_STATEMENTS=unnamed, migrating included', async () => {
  const postgres = await startPostgres();
  onTestFinished(postgres.remove);
  await postgres.query('create database tegata');
  const port = await startPgBouncer(postgres.port);
  const server = await startServer({
    DATABASE_URL: `postgres://tegata@127.0.0.1:${port}/tegata`,
    TEGATA_DATABASE_STATEMENTS: 'unnamed',
    TEGATA_MAX_SESSIONS: '3',
  });
  const people = Array.from({ length: 6 }, (_, index) => `person-${index}@example.com`);
  await Promise.all(
    people.map(async (email) => {
      const { userId } = await registered(server, email);
      const sessions = await Promise.all(Array.from({ length: 5 }, () => loggedIn(server, email)));
      expect(await server.engine.stores.sessions.listLive(userId, server.now())).toHaveLength(3);
      const { accessToken, refreshCookie } = await loggedIn(server, email);
      const { emailId } = await addedEmail(server, accessToken, `second-${email}`);
      expect((await makePrimary(server, accessToken, emailId)).status).toBe(200);
      const rotated = await Promise.all(Array.from({ length: 5 }, () => refresh(server, refreshCookie)));
      expect(rotated.map(({ status }) => status)).toEqual(rotated.map(() => 200));
      expect((await me(server, rotated[0]?.body.data.access_token)).status).toBe(200);
      expect(sessions).toHaveLength(5);
    }),
  );
  const connections = await postgres.query("select count(*)::int as open from pg_stat_activity where datname = 'tegata'");
  expect(connections[0]?.open).toBeLessThanOrEqual(2);
  await server.engine.purgeWorker.run();
});
