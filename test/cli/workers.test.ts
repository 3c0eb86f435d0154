import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { childrenOf, isRunning } from '../child-processes.ts';
import { runTegata, type ServerProcess, startServerProcess, temporaryFolder } from '../server-process.ts';

// TEGATA_WORKERS with real processes: what an operator sees. The same under load: test/faults/workers.test.ts.

vi.setConfig({ testTimeout: 90_000 });

const startWorkers = async (settings: Record<string, string> = {}): Promise<ServerProcess & { workers: () => number[] }> => {
  const server = await startServerProcess({ TEGATA_WORKERS: '2', TEGATA_DATA_DIR: await temporaryFolder(), ...settings });
  return { ...server, workers: () => childrenOf(server.child.pid!) };
};

/** On a connection of its own: the primary gives it to the worker whose turn it is. */
const get = (url: string) => fetch(url, { headers: { connection: 'close' } });

/** Nobody hashes anything for an address that is none, and it takes one of the limit. */
const logInWithWrongPassword = (url: string) =>
  fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ email: 'nobody@example.com', password: 'wrong horse battery' }),
  });

test('several processes start on an empty folder, with one secret and one schema, and stop in order', async () => {
  const dataDir = await temporaryFolder();
  const server = await startWorkers({ TEGATA_DATA_DIR: dataDir, TEGATA_WORKERS: '3', LOG_LEVEL: 'info' });
  expect(server.stdout()).toContain('workers    3 processes');
  expect(server.stdout().match(/Tegata is ready/g)).toHaveLength(1);
  const workers = server.workers();
  expect(workers).toHaveLength(3);
  expect((await readFile(`${dataDir}/secret`, 'utf8')).trim()).toMatch(/^[\w-]{43}$/);
  const database = new DatabaseSync(`${dataDir}/tegata.db`, { readOnly: true });
  expect(database.prepare('select count(*) as n, count(distinct name) as different from tegata_migrations').get()).toSatisfy(
    (row) => row.n > 0 && row.n === row.different,
  );
  database.close();
  for (let i = 0; i < 6; i += 1) expect((await get(`${server.url}/health/ready`)).status).toBe(200);
  expect(await server.stop()).toMatchObject({ code: 0, signal: null });
  expect(workers.filter(isRunning)).toEqual([]);
});

test('a limit is counted once for all workers', async () => {
  const server = await startWorkers({ TEGATA_RATE_LIMITS: 'on' });
  const answers = await Promise.all(Array.from({ length: 30 }, () => logInWithWrongPassword(server.url)));
  const refused = answers.filter(({ status }) => status === 429);
  const points = Number(/;q=(\d+);/.exec(refused[0]?.headers.get('ratelimit-policy') ?? '')?.[1]);
  expect(points).toBeLessThan(30 / 2);
  expect(answers.length - refused.length).toBe(points);
});

test('whichever worker is asked answers with the metrics of all, and a count never falls', async () => {
  const server = await startWorkers();
  const counted = async () => {
    const text = await (await get(`${server.url}/metrics`)).text();
    return Number(/^tegata_http_requests_total\{route="\/health\/live",status="200"\} (\d+)/m.exec(text)?.[1]);
  };
  for (let i = 0; i < 10; i += 1) await get(`${server.url}/health/live`);
  expect([await counted(), await counted(), await counted()]).toEqual([10, 10, 10]);

  const [killed] = server.workers();
  process.kill(killed!, 'SIGKILL');
  await expect.poll(() => server.workers().filter((pid) => pid !== killed).length, { timeout: 30_000 }).toBe(2);
  expect([await counted(), await counted()]).toEqual([10, 10]);
});

test('a mistake in the settings, or a port in use, is told once and nothing is left running', async () => {
  const settings = { TEGATA_WORKERS: '2', TEGATA_DATA_DIR: await temporaryFolder() };
  const mistaken = await runTegata(['serve'], { ...settings, PORT: '70000', TEGATA_MAX_SESSIONS: '0' });
  expect(mistaken).toMatchObject({ code: 1, stdout: '' });
  expect(mistaken.stderr.match(/The configuration has 2 mistakes/g)).toHaveLength(1);
  const many = await runTegata(['serve'], { ...settings, TEGATA_WORKERS: 'many' });
  expect(many).toMatchObject({ code: 1 });
  expect(many.stderr).toContain('TEGATA_WORKERS=many: give auto (one for each core) or a number from 1 to 64.');

  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const busy = await runTegata(['serve'], { ...settings, PORT: String(port) });
  expect(busy).toMatchObject({ code: 1, stderr: `Port ${port} is in use: stop the other server, or set PORT.\n` });
});

test('a worker that cannot start ends the primary with its message, and no loop of restarts', async () => {
  // The data folder is a file: no secret can be made.
  const folder = await mkdtemp(`${await temporaryFolder()}/`);
  const { code, stderr } = await runTegata(['serve'], {
    TEGATA_WORKERS: '2',
    TEGATA_DATA_DIR: `${folder}/../../../dev/null/data`,
  });
  expect(code).toBe(1);
  expect(stderr.match(/Check TEGATA_DATA_DIR, DATABASE_URL and REDIS_URL/g)).toHaveLength(1);
});

test('workers whose primary was killed finish and end', async () => {
  const server = await startWorkers();
  const workers = server.workers();
  expect(workers).toHaveLength(2);
  await server.kill();
  await expect.poll(() => workers.filter(isRunning), { timeout: 20_000 }).toEqual([]);
});
