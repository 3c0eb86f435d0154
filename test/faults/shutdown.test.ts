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

/** Registrations whose passwords the server is hashing or has in its queue, as its metrics say. */
const inTheHashingLane = async (url: string): Promise<number> => {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const gauge = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1]);
  return gauge('tegata_hashing_running') + gauge('tegata_hashing_queued');
};

test('SIGTERM: requests are finished, readiness turns false, mail in hand is sent once, and the exit code is 0', async () => {
  const inHand = Promise.withResolvers<void>();
  const sink = await openMailSink({
    beforeAccepting: () => {
      inHand.resolve();
      return sleep(700);
    },
  });
  const dataDir = await temporaryFolder();
  const settings = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    TEGATA_URL: 'https://auth.example.com',
    TEGATA_SECRET: 'Only4Tests-0123456789-abcdefghijklmnop',
    TEGATA_DATA_DIR: dataDir,
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
  };
  const server = await startServerProcess(settings);
  expect((await register(server.url, 'first@example.com')).status).toBe(201);
  await inHand.promise;
  let answered = 0;
  const running = Array.from({ length: 8 }, async (_, index) => {
    const { status } = await register(server.url, `person-${index}@example.com`);
    answered += 1;
    return status;
  });
  while ((await inTheHashingLane(server.url)) + answered < running.length) await sleep(1);
  const onItsWay = await openRequest(server.url, '/health/ready');

  const askedAt = performance.now();
  const stopped = server.stop();
  await expect.poll(async () => (await fetch(`${server.url}/health/ready`)).status).toBe(503);
  expect(await Promise.all(running)).toEqual(running.map(() => 201));
  expect(await onItsWay.finish()).toMatch(/^HTTP\/1\.1 503 (?:.*\r\n)+\r\n\{"status":"stopping"\}$/);

  const { code, signal, stdout } = await stopped;
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  expect(performance.now() - askedAt).toBeLessThan(10_000);
  expect(stdout).not.toContain('"level":"error"');
  await expect(fetch(`${server.url}/health/live`)).rejects.toThrow(TypeError);
  expect(sink.recipients()).toContain('first@example.com');
  const database = new DatabaseSync(`${dataDir}/tegata.db`, { readOnly: true });
  const mails = database.prepare('select count(*) as held from mail_outbox where claimed_until is not null');
  expect(mails.all()).toEqual([{ held: 0 }]);
  database.close();

  // What waited is sent by the next one, and nothing a second time.
  await startServerProcess(settings);
  await expect.poll(() => sink.received.length, { timeout: 15_000 }).toBe(9);
  await sleep(300);
  expect(new Set(sink.recipients()).size).toBe(9);
  expect(sink.received.length).toBe(9);
});

test('neither a mail server that does not answer nor a client that never finishes keeps a stopping server for ten seconds', async () => {
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
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  socket.write('POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
  await sleep(100);
  const askedAt = performance.now();
  expect(await server.stop()).toMatchObject({ code: 0 });
  expect(performance.now() - askedAt).toBeLessThan(10_000);
});
