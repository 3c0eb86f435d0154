import { connect } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';

/** A request that is on its way while the server is told to stop: all but the empty line that ends its head. */
const openRequest = async (url: string, path: string) => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(answer)));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n`);
  await sleep(100);
  return {
    finish: () => {
      socket.write('\r\n');
      return ended;
    },
  };
};

const register = (url: string, email: string) =>
  fetch(`${url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: 'correct horse battery', name: 'Ada' }),
  });

test('SIGTERM: requests are finished, readiness turns false, mail in hand is sent once, and the exit code is 0', async () => {
  const inHand = Promise.withResolvers<void>();
  const sink = await openMailSink({
    beforeAccepting: () => {
      inHand.resolve();
      return sleep(700);
    },
  });
  const dataDir = await temporaryFolder();
  const server = await startServerProcess({ TEGATA_DATA_DIR: dataDir, SMTP_URL: `smtp://127.0.0.1:${sink.port}` });
  expect((await register(server.url, 'first@example.com')).status).toBe(201);
  await inHand.promise;
  const readiness = await openRequest(server.url, '/health/ready');
  // More than can be hashed at once: most of them still wait for their turn when the signal comes.
  const running = Array.from({ length: 12 }, (_, index) => register(server.url, `person-${index}@example.com`));
  await sleep(60);

  const askedAt = performance.now();
  const stopped = server.stop();
  await sleep(60);
  expect(await readiness.finish()).toMatch(/^HTTP\/1\.1 503 (.*\r\n)*connection: close\r\n(.*\r\n)*\{"status":"stopping"\}/im);
  const answers = await Promise.all(running);
  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(201));
  await expect(fetch(`${server.url}/health/live`)).rejects.toThrow(TypeError);

  const { code, signal, stdout } = await stopped;
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  expect(performance.now() - askedAt).toBeLessThan(10_000);
  expect(stdout).not.toContain('"level":"error"');
  expect(sink.recipients()).toContain('first@example.com');
  const database = new DatabaseSync(`${dataDir}/tegata.db`, { readOnly: true });
  const [waiting] = database.prepare('select count(*) as mails from mail_outbox where sent_at is null').all();
  expect(database.prepare('select count(*) as held from mail_outbox where claimed_until is not null').all()).toEqual([
    { held: 0 },
  ]);
  expect(waiting).toEqual({ mails: 13 - sink.received.length });
  database.close();

  // What waited is sent by the next one, and nothing a second time.
  await startServerProcess({ TEGATA_DATA_DIR: dataDir, SMTP_URL: `smtp://127.0.0.1:${sink.port}` });
  await expect.poll(() => sink.received.length, { timeout: 15_000 }).toBe(13);
  await sleep(300);
  expect(new Set(sink.recipients()).size).toBe(13);
  expect(sink.received.length).toBe(13);
});

test('a mail server that does not answer does not keep a stopping server for more than ten seconds', async () => {
  const inHand = Promise.withResolvers<void>();
  const sink = await openMailSink({
    beforeAccepting: () => {
      inHand.resolve();
      return new Promise(() => {});
    },
  });
  const server = await startServerProcess({
    TEGATA_DATA_DIR: await temporaryFolder(),
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
  });
  expect((await register(server.url, 'ada@example.com')).status).toBe(201);
  await inHand.promise;
  const askedAt = performance.now();
  expect(await server.stop()).toMatchObject({ code: 0 });
  expect(performance.now() - askedAt).toBeLessThan(10_000);
});

test('a client that never finishes its request does not keep a stopping server for more than ten seconds', async () => {
  const server = await startServerProcess({ TEGATA_DATA_DIR: await temporaryFolder() });
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  socket.write('POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
  await sleep(100);
  const askedAt = performance.now();
  expect(await server.stop()).toMatchObject({ code: 0 });
  expect(performance.now() - askedAt).toBeLessThan(10_000);
});
