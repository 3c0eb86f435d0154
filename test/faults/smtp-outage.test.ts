import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { composeEngine } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { type MailSinkOptions, openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { rows } from '../database.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { startServer } from '../server.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { register, verifyEmail } from '../standard/people.ts';
import { percentile } from './crowd.ts';
import { type Condition, openFaultyLine } from './faulty-line.ts';
import { seededRandom } from './seeded-random.ts';

// A mail server in every kind of trouble, while people register. MAILS sets how many, MAIL_CRASHES how often Tegata itself
// dies around the moment in which its mail is accepted.

const mails = size('MAILS', { long: 200, short: 30 });
const crashes = size('MAIL_CRASHES', { long: 12, short: 4 });

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
  figure({
    row: 'smtp',
    part: 'a poisoned address',
    tried: 8,
    failed: 0,
    detail: 'one address refused for good and one put off: 6 others at once, the one put off a minute later, each once',
    reached: true,
  });
});

type Outage = { name: string; during: Condition; greylisting?: boolean };

const outages: Outage[] = [
  { name: 'refusing', during: 'refusing' },
  { name: 'swallowing', during: 'swallowing' },
  { name: 'greylisting with 421', during: 'whole', greylisting: true },
  { name: 'one byte a second', during: { bytesPerSecond: 1 } },
];

const lastOut = async ({ name, during, greylisting = false }: Outage) => {
  let away = false;
  const later = { code: 421, text: '4.7.0 greylisted, try again later' };
  const sink = await openSink({ refuse: () => (away && greylisting ? later : undefined) });
  const line = await openFaultyLine(sink.port);
  const server = await startServer({ SMTP_URL: `smtp://127.0.0.1:${line.port}` });
  server.engine.mailWorker.start();
  const registering = async (email: string) => {
    const startedAt = performance.now();
    expect((await register(server, email)).status).toBe(201);
    return performance.now() - startedAt;
  };
  const everybody = people(mails);
  const [before, meanwhile]: [number[], number[]] = [[], []];
  for (const email of everybody.slice(0, mails / 2)) before.push(await registering(email));
  // Known to Tegata too: one whose acceptance it does not hear of is sent again, as it must.
  const sent = () => rows(server, 'select id from mail_outbox where sent_at is not null').length;
  await expect.poll(sent, { timeout: 60_000 }).toBe(mails / 2);

  away = true;
  await line.become(during);
  for (const email of everybody.slice(mails / 2)) meanwhile.push(await registering(email));
  // Not before some mail has run into it: a line that says nothing is given up after ten seconds.
  const failures = () => rows(server, 'select last_error from mail_outbox where last_error is not null');
  await expect.poll(() => failures().length, { timeout: 60_000 }).toBeGreaterThan(0);
  expect(sink.received.length).toBe(mails / 2);

  away = false;
  await line.become('whole');
  const backAt = performance.now();
  // Longer than the pause after the few tries that there were, shorter than the life of the links.
  server.advance({ minutes: 10 });
  // And on, for those that fail only now.
  const sentByAndBy = () => {
    server.advance({ seconds: 5 });
    return sent();
  };
  await expect.poll(sentByAndBy, { timeout: 90_000, interval: 200 }).toBe(mails);
  const drainedMs = performance.now() - backAt;
  await sleep(200);
  const lost = everybody.filter((email) => !sink.recipients().includes(email));
  const copies = sink.received.length - mails;
  let dead = 0;
  for (const { raw } of sink.received) if ((await verifyEmail(server, { token: tokenIn(raw) })).status !== 200) dead += 1;
  const failed = lost.length + copies + dead;
  figure({
    row: 'smtp',
    part: name,
    tried: mails,
    failed,
    detail:
      `${lost.length} lost, ${copies} copies, ${dead} dead links; registering p99 ${Math.round(percentile(before, 0.99))} ms before and ` +
      `${Math.round(percentile(meanwhile, 0.99))} ms meanwhile; drained ${(drainedMs / 1000).toFixed(1)} s after its return`,
    reached: failed === 0 && drainedMs <= 120_000,
  });
  expect({ name, lost, copies, dead }).toEqual({ name, lost: [], copies: 0, dead: 0 });
};

test('a mail server that refuses, swallows, greylists or crawls: nobody waits for it, and every mail arrives once with a link that works', async () => {
  await Promise.all(outages.map(lastOut));
});

test(`killed ${crashes} times around the moment in which a mail is accepted: none is lost, and each crash sends at most one twice`, async () => {
  const random = seededRandom(Date.now() % 1_000_000);
  let whenAccepting = () => {};
  const sink = await openSink({ beforeAccepting: async () => whenAccepting() });
  const dataDir = await temporaryFolder();
  const settings = { TEGATA_DATA_DIR: dataDir, SMTP_URL: `smtp://127.0.0.1:${sink.port}`, TEGATA_URL: 'http://localhost:3000' };
  const everybody = people(crashes);
  for (const email of everybody) {
    const server = await startServerProcess(settings);
    const dying = new Promise<void>((resolve) => {
      // Before the answer, on its way, or after it was read.
      whenAccepting = () => void setTimeout(() => resolve(server.kill()), random() * 8);
    });
    const body = JSON.stringify({ email, password: 'correct horse battery', name: 'Ada' });
    const headers = { 'content-type': 'application/json' };
    await fetch(`${server.url}/api/v1/auth/register`, { method: 'POST', headers, body });
    await dying;
  }
  whenAccepting = () => {};
  // What was in hand comes due when its lease ends.
  const engine = await composeEngine(parseConfig({ ...settings, LOG_LEVEL: 'silent' }), { clock: () => Date.now() + 61_000 });
  onTestFinished(engine.close);
  await engine.mailWorker.drain();
  const lost = everybody.filter((email) => !sink.recipients().includes(email));
  const copies = sink.received.length - everybody.length + lost.length;
  figure({
    row: 'smtp',
    part: 'killed after 250',
    tried: crashes,
    failed: lost.length,
    detail: `${crashes} times kill -9 within 8 ms of the acceptance: ${lost.length} lost, ${copies} sent twice (at most one for each crash)`,
    reached: lost.length === 0 && copies <= crashes,
  });
  expect(lost).toEqual([]);
  expect(copies).toBeLessThanOrEqual(crashes);
});

/** The token of the mail's link; quoted-printable breaks long lines with `=`, and writes `=` as `=3D`. */
const tokenIn = (raw: string): string => /token=([\w-]{43})/.exec(raw.replaceAll('=\r\n', '').replaceAll('=3D', '='))?.[1] ?? '';
