import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { address, callerOf, hitsIn, journey, passwords, secondAddress } from './secret-journey.ts';

// The real server as an operator runs it, told to write down everything. A whole life of an account passes through it,
// with its mistakes; then whatever was written, to the log and to the data folder, is searched for its secrets.

test('after a whole life of an account neither the log at its most talkative nor the data folder holds a secret', async () => {
  const dataDir = await temporaryFolder();
  const server = await startServerProcess({ TEGATA_DATA_DIR: dataDir, LOG_LEVEL: 'trace' });
  const found = await journey(callerOf(server.url));
  const { secrets } = found;
  // Hanging up in the middle of a body, a request that is none, and headers beyond all measure.
  const half = `{"email":"${address}","password":"${passwords.misplaced}`;
  await sendRaw(
    server,
    rawRequest('POST /api/v1/auth/login', ['Content-Type: application/json', 'Content-Length: 999'], half),
    300,
  );
  await sendRaw(server, `${passwords.misplaced} ${address}\r\n\r\n`);
  await sendRaw(server, rawRequest('GET /', [`Authorization: Bearer ${passwords.misplaced}${'x'.repeat(20_000)}`]));
  await sendRaw(server, rawRequest('GET /health/live', [`Host: ${passwords.misplaced} ${address}`]));

  const read = async () => {
    const files = (await readdir(dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name)).toContain('tegata.db');
    return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))))).toString('latin1');
  };
  const whileRunning = await read();
  const { stdout, stderr, code } = await server.stop();
  expect(code).toBe(0);
  const log = stdout + stderr;

  expect(secrets).toHaveLength(20);
  expect(new Set(secrets).size).toBe(secrets.length);
  expect(hitsIn(log, found)).toEqual([]);
  for (const email of [address, secondAddress]) expect(log).not.toContain(email);
  // The database was really read: the address is in it.
  expect(whileRunning).toContain(address);
  expect(hitsIn(whileRunning, found)).toEqual([]);
  expect(hitsIn(await read(), found)).toEqual([]);
  // The signing secret of development lies in its own file, for its owner alone, and nowhere else.
  const secret = await readFile(join(dataDir, 'secret'), 'utf8');
  expect(log).not.toContain(secret);
  expect((await read()).split(secret)).toHaveLength(2);

  // It did write, one JSON object a line, and none of all that was an error of ours.
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  expect(lines.length).toBeGreaterThan(50);
  const entries = lines.map((line) => JSON.parse(line) as { level: string; msg: string; event?: { type: string } });
  expect(entries.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  expect(entries.filter(({ msg }) => msg === 'request').length).toBeGreaterThan(40);
  expect(new Set(entries.flatMap(({ event }) => (event ? [event.type] : []))).size).toBeGreaterThan(8);
});
