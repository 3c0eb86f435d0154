import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { openClient, registerThrough, type Send } from './hostile-doors.ts';
import { residentMegabytes } from './memory.ts';

// What is too big is refused before anybody works on it: the answer is quick, the memory flat, and no hash begins.

const login = '/api/v1/auth/login';
const head = (line: string, ...headers: string[]): string =>
  [`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
const json = 'Content-Type: application/json';
const whole = (path: string, body: string): string =>
  head(`POST ${path}`, json, `Content-Length: ${Buffer.byteLength(body)}`) + body;

/** Each with the statuses it may end with. A password may be too long for the policy, or for the body it comes in. */
type Oversized = { request: () => string; endless?: string; statuses: number[] };

const megabyte = 'x'.repeat(1_000_000);
const almost = 'x'.repeat(60_000);
const email = 'ada@example.com';
const registration = (change: object): string =>
  JSON.stringify({ email: 'new@example.com', password: 'correct horse battery', name: 'N', ...change });

const oversized: Record<string, Oversized> = {
  '1 GB in chunks': {
    request: () => head(`POST ${login}`, json, 'Transfer-Encoding: chunked'),
    endless: `10000\r\n${'x'.repeat(65_536)}\r\n`,
    statuses: [413],
  },
  '1 GB announced': {
    request: () => head(`POST ${login}`, json, 'Content-Length: 1073741824'),
    endless: 'x'.repeat(65_536),
    statuses: [413],
  },
  '1 GB to a path that is none': {
    request: () => head('POST /nowhere', json, 'Transfer-Encoding: chunked'),
    endless: `10000\r\n${'x'.repeat(65_536)}\r\n`,
    statuses: [413],
  },
  '1 GB with a GET': {
    request: () => head('GET /health/live', 'Transfer-Encoding: chunked'),
    endless: `10000\r\n${'x'.repeat(65_536)}\r\n`,
    // Nobody reads it, so nobody has to refuse it.
    statuses: [200],
  },
  'endless headers': {
    request: () => 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n',
    endless: `X-More: ${'x'.repeat(4_000)}\r\n`,
    statuses: [431],
  },
  'endless chunk extension': {
    request: () => `${head(`POST ${login}`, json, 'Transfer-Encoding: chunked')}2;`,
    endless: 'x'.repeat(8_000),
    statuses: [413, 400],
  },
  'endless trailers': {
    request: () => `${head(`POST ${login}`, json, 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n`,
    endless: `X-More: ${'x'.repeat(4_000)}\r\n`,
    statuses: [431, 400],
  },
  '64 kB header': { request: () => head('GET /health/live', `X-Long: ${'x'.repeat(65_536)}`), statuses: [431] },
  '10,000 cookies': { request: () => head('GET /api/v1/me', `Cookie: ${'access_token=x; '.repeat(10_000)}`), statuses: [431] },
  '2,500 headers': {
    request: () => head('GET /health/live', ...Array.from({ length: 2_500 }, (_, index) => `X-${index}: y`)),
    statuses: [431],
  },
  'as many cookies as fit': { request: () => head('GET /api/v1/me', `Cookie: ${'a=; '.repeat(3_900)}`), statuses: [401] },
  'long URL': { request: () => head(`GET /health/live?${'x'.repeat(65_536)}`), statuses: [431] },
  'long path that fits': { request: () => head(`GET /${'a/'.repeat(7_000)}`), statuses: [404] },
  'long query that fits': { request: () => head(`GET /api/v1/me?${'a&'.repeat(7_000)}`), statuses: [401] },
  '1 MB password': { request: () => whole(login, JSON.stringify({ email, password: megabyte })), statuses: [413] },
  '1 MB e-mail': { request: () => whole(login, JSON.stringify({ email: megabyte, password: 'x' })), statuses: [413] },
  '1 MB token': { request: () => whole('/api/v1/auth/email/verify', JSON.stringify({ token: megabyte })), statuses: [413] },
  '1 MB bearer token': { request: () => head('GET /api/v1/me', `Authorization: Bearer ${megabyte}`), statuses: [431] },
  '1 MB name': { request: () => whole('/api/v1/auth/register', registration({ name: megabyte })), statuses: [413] },
  '60 kB password at log-in': { request: () => whole(login, JSON.stringify({ email, password: almost })), statuses: [400] },
  '60 kB password at register': {
    request: () => whole('/api/v1/auth/register', registration({ password: almost })),
    statuses: [400],
  },
  '4 kB password at register': {
    request: () => whole('/api/v1/auth/register', registration({ password: 'x'.repeat(4_000) })),
    statuses: [400],
  },
  '60 kB e-mail at register': {
    request: () => whole('/api/v1/auth/register', registration({ email: `${almost}@example.com` })),
    statuses: [400],
  },
  '60 kB name': { request: () => whole('/api/v1/auth/register', registration({ name: almost })), statuses: [400] },
  '60 kB token': { request: () => whole('/api/v1/auth/email/verify', JSON.stringify({ token: almost })), statuses: [400] },
  '60 kB refresh token': {
    request: () => whole('/api/v1/auth/refresh', JSON.stringify({ refresh_token: almost })),
    statuses: [400, 401],
  },
  '60 kB reset': {
    request: () =>
      whole('/api/v1/auth/password/reset', JSON.stringify({ token: almost.slice(30_000), password: almost.slice(30_000) })),
    statuses: [400],
  },
  'JSON 100,000 deep': { request: () => whole(login, `{"email":${'['.repeat(100_000)}`), statuses: [413] },
  'JSON 60,000 deep': { request: () => whole(login, `{"email":${'['.repeat(60_000)}`), statuses: [400] },
  'JSON 30,000 deep and closed': {
    request: () => whole(login, `{"email":${'['.repeat(30_000)}${']'.repeat(30_000)},"password":"x"}`),
    statuses: [400],
  },
  '5,000 members': {
    request: () => whole(login, `{${Array.from({ length: 5_000 }, (_, index) => `"${index}":1`).join(',')}}`),
    statuses: [400],
  },
  '64 kB of digits': { request: () => whole(login, `{"email":${'9'.repeat(60_000)},"password":1}`), statuses: [400] },
};

type Ended = { status: number | undefined; ms: number; sentMegabytes: number };

/** Until an answer or the end of the connection comes; what is endless is sent on for as long as anybody takes it. */
const send = (url: string, { request, endless }: Oversized): Promise<Ended> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const text = request();
    const socket = connect({ host: hostname, port: Number(port) });
    let began = 0;
    let sent = 0;
    const end = (status: number | undefined) => {
      socket.destroy();
      resolve({ status, ms: performance.now() - began, sentMegabytes: sent / 1e6 });
    };
    const more = () => {
      while (endless && sent < 1_073_741_824 && socket.writable) {
        sent += endless.length;
        if (!socket.write(endless)) return;
      }
    };
    socket.on('connect', () => {
      began = performance.now();
      sent = text.length;
      socket.write(text);
      more();
    });
    socket.on('drain', more);
    socket.on('data', (data: Buffer) => end(Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString('latin1'))?.[1])));
    socket.on('close', () => end(undefined));
    socket.on('error', () => end(undefined));
  });

const hashes = async (ask: Send): Promise<number> => {
  const { text } = await ask('GET', '/metrics');
  return Number(/^tegata_hashing_completed_total (\d+)/m.exec(text)?.[1]);
};

test('what is too big is refused at once, in flat memory, and without a hash', async () => {
  const server = await startServerProcess({
    TEGATA_DATA_DIR: await temporaryFolder(),
    TEGATA_URL: 'http://localhost:3000',
    TEGATA_CONTRACTS: 'standard,bearer',
  });
  const { send: ask, close } = openClient(server.url, 2);
  await registerThrough(ask, 'Bearer', email);
  const hashed = await hashes(ask);
  expect(hashed).toBeGreaterThan(0);
  // Ordinary use, and a few times over everything first: a server at rest keeps its heap small and grows it when it is used.
  // What is looked for is what comes on top, request by request.
  for (let check = 0; check < 1_000; check += 1) await ask('GET', '/api/v1/me');
  for (let round = 0; round < 3; round += 1) for (const one of Object.values(oversized)) await send(server.url, one);

  const attempts = 5;
  const memory = residentMegabytes(server.child.pid);
  let most = memory;
  const wrong: string[] = [];
  const slow: string[] = [];
  let slowest = { name: '', ms: 0 };
  for (const [name, one] of Object.entries(oversized)) {
    const ends: Ended[] = [];
    for (let attempt = 0; attempt < attempts; attempt += 1) ends.push(await send(server.url, one));
    most = Math.max(most, residentMegabytes(server.child.pid));
    // Whoever goes on sending may be cut off before it reads the answer.
    const isRight = (status: number | undefined) =>
      status === undefined ? one.endless !== undefined : one.statuses.includes(status);
    if (!ends.every(({ status }) => isRight(status))) wrong.push(`${name}: ${ends.map(({ status }) => status)}`);
    // The best of five is what the server needs; the others are what this machine was busy with.
    const ms = Math.min(...ends.map((end) => end.ms));
    if (ms > 100) slow.push(`${name}: ${ms.toFixed(0)} ms`);
    if (ms > slowest.ms) slowest = { name, ms };
    expect(Math.max(...ends.map(({ sentMegabytes }) => sentMegabytes)), name).toBeLessThan(1_000);
  }
  const gained = most - memory;
  const hashesMore = (await hashes(ask)) - hashed;
  const failed = wrong.length + slow.length + hashesMore;
  figure({
    row: 'oversize',
    part: 'one process',
    tried: Object.keys(oversized).length * attempts,
    failed,
    detail: `${Object.keys(oversized).length} kinds; the slowest refusal ${slowest.ms.toFixed(0)} ms (${slowest.name}); memory ${gained.toFixed(0)} MB above ${memory.toFixed(0)} at most; ${hashesMore} hashes`,
    reached: failed === 0 && gained <= 50,
  });
  expect(wrong).toEqual([]);
  expect(slow).toEqual([]);
  expect(hashesMore).toBe(0);
  expect(gained).toBeLessThanOrEqual(50);
  expect((await ask('GET', '/health/ready')).status).toBe(200);
  close();
});
