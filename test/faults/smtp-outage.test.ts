import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type MailSinkOptions, openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { startServer } from '../server.ts';
import { register } from '../standard/people.ts';

const people = (count: number) => Array.from({ length: count }, (_, index) => `person-${index}@example.com`);

const openSink = async (options?: MailSinkOptions) => {
  const sink = await openMailSink(options);
  onTestFinished(sink.close);
  return sink;
};

/** A port where nobody listens, though somebody may later. */
const closedPort = async (): Promise<number> => {
  const sink = await openMailSink();
  await sink.close();
  return sink.port;
};

test('mail server down: people register all the same, and once it is back every mail arrives exactly once', async () => {
  const port = await closedPort();
  const server = await startServer({ SMTP_URL: `smtp://127.0.0.1:${port}` });
  const everybody = people(12);
  for (const email of everybody) expect((await register(server, email)).status).toBe(201);
  await server.engine.mailWorker.drain();
  server.advance({ minutes: 10 });
  await server.engine.mailWorker.drain();
  expect(await server.engine.stores.outbox.backlog(server.now())).toEqual({ waiting: 12, oldestSeconds: 600 });

  const sink = await openSink({ port });
  server.advance({ minutes: 10 });
  await server.engine.mailWorker.drain();
  expect(sink.recipients().sort()).toEqual(everybody.sort());
  server.advance({ hours: 3 });
  await server.engine.mailWorker.drain();
  expect(sink.received.length).toBe(12);
});

test('mail server dies while it is receiving: what it had not accepted arrives later, exactly once', async () => {
  const firstFew = Promise.withResolvers<void>();
  const dying = await openMailSink({
    beforeAccepting: async () => {
      if (dying.received.length === 4) firstFew.resolve();
      // From the fifth on it never gets to its answer.
      if (dying.received.length >= 4) await new Promise(() => {});
    },
  });
  const server = await startServer({ SMTP_URL: `smtp://127.0.0.1:${dying.port}` });
  const everybody = people(10);
  for (const email of everybody) await register(server, email);
  const sending = server.engine.mailWorker.drain();
  await firstFew.promise;
  await dying.close();
  await sending;

  const sink = await openSink({ port: dying.port });
  server.advance({ minutes: 5 });
  await server.engine.mailWorker.drain();
  expect([...dying.recipients(), ...sink.recipients()].sort()).toEqual(everybody.sort());
});

test('slow mail server: registering does not wait for it', async () => {
  const mayAccept = Promise.withResolvers<void>();
  const inHand = Promise.withResolvers<void>();
  const sink = await openSink({
    beforeAccepting: () => {
      inHand.resolve();
      return mayAccept.promise;
    },
  });
  const server = await startServer({ SMTP_URL: `smtp://127.0.0.1:${sink.port}` });
  server.engine.mailWorker.start();
  const everybody = people(10);
  await register(server, everybody[0]!);
  await inHand.promise;
  // All the worker's hands are full by now, and the rest is answered nevertheless.
  for (const email of everybody.slice(1)) expect((await register(server, email)).status).toBe(201);
  expect(sink.received).toEqual([]);
  mayAccept.resolve();
  await expect.poll(() => sink.recipients().sort(), { timeout: 5_000 }).toEqual(everybody.sort());
  await sleep(100);
  expect(sink.received.length).toBe(10);
});

test('a recipient that is refused for good, and one that is put off, delay nobody else', async () => {
  let putOff = true;
  const sink = await openSink({
    refuse: (recipient) => {
      if (recipient === 'gone@example.com') return { code: 550, text: 'no such user' };
      return recipient === 'busy@example.com' && putOff ? { code: 451, text: 'try again later' } : undefined;
    },
  });
  const server = await startServer({ SMTP_URL: `smtp://127.0.0.1:${sink.port}` });
  for (const email of ['gone@example.com', 'busy@example.com', ...people(6)]) {
    expect((await register(server, email)).status).toBe(201);
  }
  await server.engine.mailWorker.drain();
  expect(sink.recipients().sort()).toEqual(people(6));
  expect((await server.engine.stores.outbox.backlog(server.now())).waiting).toBe(1);

  putOff = false;
  server.advance({ minutes: 1 });
  await server.engine.mailWorker.drain();
  expect(sink.recipients().sort()).toEqual(['busy@example.com', ...people(6)]);
  expect((await server.engine.stores.outbox.backlog(server.now())).waiting).toBe(0);
});
