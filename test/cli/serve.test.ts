import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { runTegata, startServerProcess, temporaryFolder } from '../server-process.ts';

// Every call starts a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

test('the banner says where it listens, what to open next, and what is not safe about it', async () => {
  const dataDir = await temporaryFolder();
  const server = await startServerProcess({ TEGATA_DATA_DIR: dataDir, TEGATA_URL: 'http://localhost:3000' });
  expect(server.stdout()).toContain(`listening  ${server.url}  (public address http://localhost:3000)`);
  expect(server.stdout()).toContain(`database   sqlite:${dataDir}/tegata.db`);
  expect(server.stdout()).toContain('pages      http://localhost:3000/auth/log-in');
  expect(server.stdout()).toContain('http://localhost:3000/docs');
  expect(server.stdout()).toContain('http://localhost:3000/dev/mailbox');
  expect(server.stdout()).toContain('! Development mode: not for the internet.');
  expect(server.stdout()).toContain('! TEGATA_RATE_LIMITS=off');
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);

  const secret = (await readFile(`${dataDir}/secret`, 'utf8')).trim();
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect((await stat(`${dataDir}/secret`)).mode & 0o777).toBe(0o600);
  expect((await stat(`${dataDir}/tegata.db`)).mode & 0o777).toBe(0o600);
  const { code, stdout, stderr } = await server.stop();
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain(secret);
});

test('a port in use is one line that says so, and exit code 1', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    other.close();
  });
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { code, stderr } = await runTegata(['serve'], { TEGATA_DATA_DIR: await temporaryFolder(), PORT: String(port) });
  expect(code).toBe(1);
  expect(stderr).toBe(`Port ${port} is in use: stop the other server, or set PORT.\n`);
});

test('mistakes in the settings are all listed, and nothing is started', async () => {
  const { code, stdout, stderr } = await runTegata(['serve'], {
    TEGATA_DATA_DIR: '/nowhere/to/be/found',
    PORT: '70000',
    TEGATA_REFRESH_TTL: 'a week',
    TEGATA_CONTRACTS: 'standard,soap',
    TEGATA_TRUSTED_PROXIES: '10.0.0.0/33',
    SMTP_URL: 'http://mail.example.com',
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('The configuration has 5 mistakes:');
  for (const named of [
    'PORT=70000',
    'TEGATA_REFRESH_TTL=a week',
    'TEGATA_CONTRACTS=soap',
    'TEGATA_TRUSTED_PROXIES=10.0.0.0/33',
    'SMTP_URL',
  ]) {
    expect(stderr).toContain(`\n  - ${named}`);
  }
  expect(stderr).not.toContain('    at ');
});

test('production refuses to start without its secret, its public address and a mail server, and says how to make each', async () => {
  const { code, stderr } = await runTegata(['serve'], { NODE_ENV: 'production', TEGATA_DATA_DIR: await temporaryFolder() });
  expect(code).toBe(1);
  expect(stderr).toContain('TEGATA_SECRET is missing: make one with `openssl rand -base64 32`');
  expect(stderr).toContain('SMTP_URL is missing');
  expect(stderr).toContain('TEGATA_URL is missing');
});

test('production has no development mailbox, and its banner shows no password', async () => {
  const server = await startServerProcess({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    TEGATA_URL: 'https://auth.example.com',
    TEGATA_SECRET: 'Only4Tests-0123456789-abcdefghijklmnop',
    TEGATA_DATA_DIR: await temporaryFolder(),
    SMTP_URL: 'smtps://user:pass-word@mail.example.com:465',
  });
  expect(server.stdout()).toContain('through mail.example.com:465');
  expect(server.stdout()).not.toContain('pass-word');
  expect(server.stdout()).not.toContain('Development mode');
  expect((await fetch(`${server.url}/dev/mailbox`)).status).toBe(404);
});

test('who hangs up in the middle of a body is a line in the log like any other, and no error', async () => {
  const server = await startServerProcess({ TEGATA_DATA_DIR: await temporaryFolder(), LOG_LEVEL: 'info' });
  const bodies = { 'Content-Length: 500': '{"email":', 'Transfer-Encoding: chunked': '9\r\n{"email":\r\n' };
  for (const [framing, body] of Object.entries(bodies)) {
    await sendRaw(server, rawRequest('POST /api/v1/auth/login', ['Content-Type: application/json', framing], body), 100);
  }
  await expect.poll(() => server.stdout().split('"msg":"request"').length - 1, { timeout: 5_000 }).toBe(2);
  expect(server.stdout()).not.toContain('"level":"error"');
  expect(server.stderr()).toBe('');
});
