import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashingConcurrency } from '../packages/server/src/adapters/hashing-lane.ts';
import type { Latencies, Measured, Plan } from './load.ts';
import { type Person, preparePeople } from './people.ts';
import { bareStartMs, hashesAlonePerSecond, type Running, runLoad, startLimitServer, startTegata } from './processes.ts';
import { median, printTable, type Row } from './table.ts';
import type { VerificationFigures, Verified } from './verification.ts';

// `npm run bench [-- me refresh log-in storm start memory verify]`: what README.md beside this file describes.

const people = 10_000;
const rounds = 5;
const secondsARound = 2;
const connections = 32;
const secret = 'Bench-only-0123456789-abcdefghijklmnopqr';
const lanes = Number(process.env.TEGATA_HASH_CONCURRENCY ?? hashingConcurrency(availableParallelism(), 4));

const wanted = new Set(process.argv.slice(2));
const isWanted = (name: string) => wanted.size === 0 || wanted.has(name);

const folder = mkdtempSync(join(tmpdir(), 'tegata-bench-'));
const dataDir = join(folder, 'data');
const peopleFile = join(folder, 'people.json');
const file = join(dataDir, 'tegata.db');
const limitFile = join(folder, 'limit.db');
const settings = { TEGATA_DATA_DIR: dataDir, TEGATA_SECRET: secret, TEGATA_HASH_CONCURRENCY: String(lanes) };
const unlimited = { ...settings, TEGATA_RATE_LIMITS: 'off' };

const rows: Row[] = [];
const details: Record<string, unknown> = {};
const running: Running[] = [];

const started = async <Server extends Running>(starting: Promise<Server>): Promise<Server> => {
  const server = await starting;
  running.push(server);
  return server;
};
const stop = async (server: Running) => {
  running.splice(running.indexOf(server), 1);
  await server.stop();
};

const load = (server: Running, plan: Partial<Plan> & Pick<Plan, 'kind'>): Promise<Measured> =>
  runLoad({ port: server.port, peopleFile, peopleFrom: 0, peopleCount: people, connections, seconds: secondsARound, ...plan });

/** Every answer must be the expected one: a fast refusal is no result. */
const only = (status: number, measured: Measured): number => {
  if (measured.statuses[status] === measured.answers && measured.answers > 0) return measured.perSecond;
  throw new Error(`expected only ${status}, got ${JSON.stringify(measured.statuses)}`);
};

const compareWithLimit = async (kind: 'me' | 'refresh', tegata: Running, limit: Running) => {
  const figures: number[] = [];
  const limits: number[] = [];
  // Before counting: the code warms up, and every access token is seen once, as most have been in the minutes they live.
  if (kind === 'me') for (const server of [tegata, limit]) only(200, await load(server, { kind, requests: people }));
  // Interleaved, so that both meet the same weather on the machine.
  for (let round = 0; round <= rounds; round += 1) {
    const share = Math.floor(people / (rounds + 1));
    const plan: Partial<Plan> = kind === 'me' ? {} : { peopleFrom: round * share, peopleCount: share };
    const ours = only(200, await load(tegata, { kind, ...plan }));
    const bare = only(200, await load(limit, { kind, ...plan }));
    if (round > 0) figures.push(ours);
    if (round > 0) limits.push(bare);
  }
  details[kind] = { perSecond: figures, limitPerSecond: limits };
  return {
    figure: median(figures),
    limit: median(limits),
    ratio: median(figures.map((one, round) => one / (limits[round] ?? 1))),
  };
};

const measureRequests = async () => {
  const [{ accessToken } = { accessToken: '' }] = JSON.parse(readFileSync(peopleFile, 'utf8')) as Person[];
  const tegata = await started(startTegata(settings));
  const afterStart = tegata.rssMb();
  const limit = await started(startLimitServer(limitFile, secret, accessToken));
  if (isWanted('me') || isWanted('memory')) {
    const { figure, limit: bare, ratio } = await compareWithLimit('me', tegata, limit);
    rows.push({ name: 'session check', unit: 'requests/s', figure, limit: bare, ratio, floor: 0.6, aim: 0.85 });
  }
  const underLoad = tegata.rssMb();
  rows.push({ name: 'memory after start', unit: 'MB', figure: afterStart, floor: 130, aim: 90, lessIsBetter: true });
  rows.push({ name: 'memory under session checks', unit: 'MB', figure: underLoad, floor: 250, aim: 160, lessIsBetter: true });
  if (isWanted('refresh')) {
    const { figure, limit: bare, ratio } = await compareWithLimit('refresh', tegata, limit);
    rows.push({ name: 'refresh', unit: 'requests/s', figure, limit: bare, ratio, floor: 0.6, aim: 0.85 });
  }
  await stop(limit);
  await stop(tegata);
};

const measureLogIn = async (tegata: Running): Promise<number> => {
  const figures: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    figures.push(only(200, await load(tegata, { kind: 'log-in', connections: 4 * lanes, seconds: 3 })));
    limits.push(await hashesAlonePerSecond(lanes, 3));
  }
  details['log-in'] = { perSecond: figures, hashesAlonePerSecond: limits };
  const ratio = median(figures.map((one, round) => one / (limits[round] ?? 1)));
  rows.push({ name: 'log in', unit: 'log-ins/s', figure: median(figures), limit: median(limits), ratio, floor: 0.9, aim: 0.97 });
  return median(limits);
};

const measureStorm = async (tegata: Running) => {
  const capacity = await hashesAlonePerSecond(lanes, 2);
  const checking = (seconds: number) => load(tegata, { kind: 'me', perSecond: 200, seconds });
  const logIns = { kind: 'log-in', seconds: 5 } as const;
  const idle: Latencies[] = [];
  const storm: Latencies[] = [];
  const flood: Latencies[] = [];
  const refused: Latencies[] = [];
  const answered: Measured['statuses'][] = [];
  const latencies = (measured: Measured): Latencies => {
    only(200, measured);
    return measured.latencies[200] as Latencies;
  };
  for (let round = 0; round < 3; round += 1) {
    idle.push(latencies(await checking(4)));
    const inFlight = load(tegata, { ...logIns, connections: 32 });
    storm.push(latencies(await checking(4)));
    answered.push((await inFlight).statuses);
    const arriving = load(tegata, { ...logIns, connections: 200, perSecond: Math.round(4 * capacity) });
    flood.push(latencies(await checking(4)));
    const { latencies: answers, statuses, withoutRetryAfter } = await arriving;
    if (!answers[503]) throw new Error('four times the capacity, and nobody was refused');
    if (withoutRetryAfter > 0) throw new Error(`${withoutRetryAfter} refusals without Retry-After`);
    refused.push(answers[503]);
    answered.push(statuses);
  }
  details.storm = { capacity, idle, with32InFlight: storm, with4TimesTheCapacity: flood, refused, answered };
  const p99 = (list: Latencies[]) => median(list.map((one) => one.p99));
  const p50 = (list: Latencies[]) => median(list.map((one) => one.p50));
  const timesIdle = (list: Latencies[]) => median(list.map((one, round) => one.p99 / (idle[round]?.p99 ?? 1)));
  const worse = { unit: 'ms', limit: p99(idle), floor: 5, aim: 2, lessIsBetter: true };
  rows.push({ name: 'session check p50, idle', unit: 'ms', figure: p50(idle) });
  rows.push({ name: '  with 32 log-ins in flight', unit: 'ms', figure: p50(storm) });
  rows.push({ name: '  with 4 x the hash capacity', unit: 'ms', figure: p50(flood) });
  rows.push({ name: 'session check p99, idle', unit: 'ms', figure: p99(idle) });
  rows.push({ name: '  with 32 log-ins in flight', ...worse, figure: p99(storm), ratio: timesIdle(storm) });
  rows.push({ name: '  with 4 x the hash capacity', ...worse, figure: p99(flood), ratio: timesIdle(flood) });
  rows.push({ name: 'refused log-ins, p99', unit: 'ms', figure: p99(refused), floor: 100, lessIsBetter: true });
};

const measureStart = async () => {
  const figures: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const server = await started(startTegata(settings));
    await stop(server);
    const bare = await bareStartMs(file);
    if (round > 0) figures.push(server.startMs);
    if (round > 0) limits.push(bare);
  }
  details.start = { ms: figures, bareMs: limits };
  const [figure, limit] = [median(figures), median(limits)];
  rows.push({
    name: 'start',
    unit: 'ms',
    figure,
    limit,
    ratio: figure / limit,
    absolute: true,
    floor: 1500,
    aim: 600,
    lessIsBetter: true,
  });
};

const measureVerification = () => {
  const script = fileURLToPath(new URL('./verification.ts', import.meta.url));
  const figures: VerificationFigures = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' }));
  details.verification = figures;
  const row = (name: string, { perSecond, limitPerSecond }: Verified, bounds: Partial<Row>): Row => ({
    name,
    unit: 'tokens/s',
    figure: median(perSecond),
    limit: median(limitPerSecond),
    ratio: median(perSecond.map((one, round) => one / (limitPerSecond[round] ?? 1))),
    ...bounds,
  });
  rows.push(row('verifier, token seen before', figures.hot, { floor: 300_000, absolute: true }));
  rows.push(row('verifier, first seen, HS256', figures.coldHs256, { floor: 0.5 }));
  rows.push(row('verifier, first seen, ES256', figures.coldEs256, { floor: 0.5 }));
};

const writeResult = (loadBefore: number) => {
  const now = new Date().toISOString();
  const results = fileURLToPath(new URL('./results/', import.meta.url));
  mkdirSync(results, { recursive: true });
  const cores = availableParallelism();
  const machine = { cores, model: cpus()[0]?.model, node: process.version, platform: process.platform, loadBefore };
  const result = { date: now, machine, hashConcurrency: lanes, people, rows, details };
  writeFileSync(join(results, `${now.slice(0, 10)}.json`), `${JSON.stringify(result, null, 2)}\n`);
};

try {
  const [load1 = 0] = loadavg();
  const cores = availableParallelism();
  console.log(`${cores} x ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, ${lanes} hashes at once`);
  if (load1 > 0.7)
    console.log(`! The machine is busy (load ${load1.toFixed(1)}): look at ratios only, and run it again when it is quiet.`);
  if (['me', 'refresh', 'memory', 'log-in', 'storm', 'start'].some(isWanted)) {
    await preparePeople(settings, people, peopleFile);
    copyFileSync(file, limitFile);
  }

  if (['me', 'refresh', 'memory'].some(isWanted)) await measureRequests();
  if (['log-in', 'storm'].some(isWanted)) {
    const tegata = await started(startTegata(unlimited));
    if (isWanted('log-in')) await measureLogIn(tegata);
    if (isWanted('storm')) await measureStorm(tegata);
    await stop(tegata);
  }
  if (isWanted('start')) await measureStart();
  if (isWanted('verify')) measureVerification();

  printTable(rows);
  // A part of the rows would replace a result that has them all.
  if (wanted.size === 0) writeResult(load1);
} finally {
  for (const server of [...running]) await stop(server);
  rmSync(folder, { recursive: true, force: true });
}
