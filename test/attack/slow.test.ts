import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { logInThrough, openClient, registerThrough, type Send } from './hostile-doors.ts';
import { residentMegabytes } from './memory.ts';

// Connections that do as little as they can, for as long as they can, beside people who want something. Real time passes
// here: what is shown is when the server cuts whom.

const connections = size('CONNECTIONS', { long: 2_000, short: 2_000 });
const people = 8;

type Slow = {
  /** How many of a hundred connections. */
  share: number;
  /** What it says at once. */
  first: string;
  /** What it says again and again, so that it never is quite silent. */
  more?: string;
  reads: boolean;
  /** Seconds after which the server must have ended it; undefined for those who may stay. */
  cutWithin?: number;
};

const login = 'POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const document = 'GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Ten seconds for headers, thirty for a whole request, twenty for an answer that is not taken; looked for every second. */
const kinds: Record<string, Slow> = {
  silent: { share: 20, first: '', reads: true, cutWithin: 15 },
  'slow headers': {
    share: 34,
    first: 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
    more: 'x',
    reads: true,
    cutWithin: 15,
  },
  'slow body': { share: 20, first: `${login}Content-Length: 60000\r\n\r\n{`, more: ' ', reads: true, cutWithin: 36 },
  'slow chunks': {
    share: 10,
    first: `${login}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
    more: '1\r\n \r\n',
    reads: true,
    cutWithin: 36,
  },
  // A thousand answers asked for at once and none read: as much as the server has memory, if it let them.
  greedy: { share: 1, first: document.repeat(1_000), reads: false, cutWithin: 60 },
  // No more than it may ask for. The system's buffers take the answers, and the connection is a kept one.
  'slow read': { share: 3, first: document.repeat(16), reads: false },
  // Between two requests, as browsers do: nothing is wrong with it.
  kept: { share: 12, first: 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n', reads: true },
};

type Opened = { kind: string; socket: Socket; endedAfter: number | undefined };

const open = async (url: string, kind: string, { first, more, reads }: Slow): Promise<Opened> => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const opened: Opened = { kind, socket, endedAfter: undefined };
  let openedAt = performance.now();
  const dripping = more === undefined ? undefined : setInterval(() => socket.writable && socket.write(more), 3_000);
  const end = () => {
    clearInterval(dripping);
    opened.endedAfter ??= (performance.now() - openedAt) / 1000;
  };
  // Whoever does not read does not see the end either, but for a reset.
  socket.on('error', end).on('end', end).on('close', end);
  if (reads) socket.resume();
  else socket.pause();
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('error', () => resolve()));
  openedAt = performance.now();
  if (first !== '') socket.write(first);
  return opened;
};

/** Logs in now and then and checks the session in between, as people do, until told to stop. Counts what did not go well. */
const live = async (send: Send, isOver: () => boolean, pauseMs: number) => {
  const checks: number[] = [];
  let failed = 0;
  let logIns = 0;
  while (!isOver()) {
    const session = await logInThrough(send, 'Bearer', 'ada@example.com').catch(() => undefined);
    logIns += 1;
    if (!session) failed += 1;
    for (let check = 0; check < 10 && session && !isOver(); check += 1) {
      const before = performance.now();
      const { status } = await send('GET', '/api/me', session.header);
      checks.push(performance.now() - before);
      if (status !== 200) failed += 1;
      await sleep(pauseMs);
    }
  }
  return { checks, failed, logIns };
};

const percentile = (values: number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) * share)] ?? 0;

test('2,000 slow and idle connections keep nobody out, and are cut when their time is over', async () => {
  const server = await startServerProcess({
    TEGATA_DATA_DIR: await temporaryFolder(),
    TEGATA_URL: 'http://localhost:3000',
    TEGATA_CONTRACTS: 'standard,bearer',
    TEGATA_MAX_SESSIONS: '1000',
  });
  const { send, close } = openClient(server.url, people);
  await registerThrough(send, 'Bearer', 'ada@example.com');
  const together = async (isOver: () => boolean) => {
    const all = await Promise.all(Array.from({ length: people }, () => live(send, isOver, 100)));
    return {
      checks: all.flatMap(({ checks }) => checks),
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
      logIns: all.reduce((sum, { logIns }) => sum + logIns, 0),
    };
  };
  const until = (ms: number) => {
    const end = performance.now() + ms;
    return () => performance.now() > end;
  };
  const alone = await together(until(4_000));
  const before = residentMegabytes(server.child.pid);

  const opened: Opened[] = [];
  for (const [kind, slow] of Object.entries(kinds)) {
    const count = Math.round((connections * slow.share) / 100);
    for (let first = 0; first < count; first += 100) {
      const some = Array.from({ length: Math.min(100, count - first) }, () => open(server.url, kind, slow));
      opened.push(...(await Promise.all(some)));
    }
  }
  const beside = await together(until(37_000));
  const during = residentMegabytes(server.child.pid);

  // A reset reaches whoever does not read only when it is looked for.
  const greedy = opened.filter(({ kind }) => kind === 'greedy');
  for (const { socket } of greedy) socket.resume();
  await expect.poll(() => greedy.every(({ endedAfter }) => endedAfter !== undefined), { timeout: 20_000 }).toBe(true);
  const tooLong = opened.filter(({ kind, endedAfter = 999 }) => endedAfter > (kinds[kind]?.cutWithin ?? 999));
  const ends = Object.keys(kinds).map((kind) => {
    const ended = opened.filter((one) => one.kind === kind).map(({ endedAfter }) => endedAfter);
    const latest = Math.max(...ended.map((seconds) => seconds ?? 0));
    return `${kind} ${ended.length} ${ended.includes(undefined) ? 'stayed' : `cut within ${latest.toFixed(0)} s`}`;
  });
  const failed = beside.failed + tooLong.length;
  const p99 = percentile(beside.checks, 0.99);
  figure({
    row: 'slow',
    part: 'one process',
    tried: opened.length,
    failed,
    detail: `${ends.join(', ')}; beside them ${beside.logIns} log-ins and ${beside.checks.length} session checks, ${beside.failed} failed; check p50 ${percentile(beside.checks, 0.5).toFixed(0)} ms and p99 ${p99.toFixed(0)} ms, alone ${percentile(alone.checks, 0.5).toFixed(0)} and ${percentile(alone.checks, 0.99).toFixed(0)} ms; memory ${before.toFixed(0)} to ${during.toFixed(0)} MB`,
    reached: failed === 0 && during - before < 250,
  });
  expect(tooLong.map(({ kind, endedAfter }) => `${kind} ${endedAfter}`).slice(0, 5)).toEqual([]);
  expect(alone.failed + beside.failed).toBe(0);
  expect(beside.checks.length).toBeGreaterThan(50);
  expect(during - before).toBeLessThan(250);
  expect(opened.length).toBeGreaterThanOrEqual(connections * 0.99);
  for (const { socket } of opened) socket.destroy();
  close();
  expect((await server.stop()).code).toBe(0);
}, 120_000);
