import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PostgresServer, startPostgres } from '../test/services/postgres.ts';
import type { Latencies, Measured, Plan } from './load.ts';
import { type Running, runLoad, startTegata } from './processes.ts';
import { seed } from './seed.ts';
import { median, printTable, type Row } from './table.ts';

// `npm run bench:growth [-- sqlite postgres]`: whether a million people make a session check or a refresh slower than a
// thousand do. Described in README.md beside this file. GROWTH_PEOPLE tries it with fewer, and writes no result.

const secret = 'Bench-only-0123456789-abcdefghijklmnopqr';
const sessionsEach = 3;
const few = 1_000;
const many = Number(process.env.GROWTH_PEOPLE ?? 1_000_000);
/** Sessions that are asked for, spread over the whole table: all of the few, and of the many each another person's. */
const asked = { few: few * sessionsEach, many: 9_000 };
const rounds = 7;
const secondsARound = 2;
/** Not more: latency is to say what a request takes, and not how long it stood in line. */
const connections = 4;

type Kind = 'sqlite' | 'postgres';
type Size = 'few' | 'many';
type Filled = { settings: Record<string, string>; peopleFile: string; seconds: number; megabytes: number };
type Round = { few: Latencies; many: Latencies };

const named = process.argv.slice(2);
const wanted = (['sqlite', 'postgres'] as const).filter((kind) => named.length === 0 || named.includes(kind));

const folder = mkdtempSync(join(tmpdir(), 'tegata-growth-'));
const running: Running[] = [];
let postgres: PostgresServer | undefined;

const cleanUp = async () => {
  for (const server of running.splice(0)) await server.stop();
  await postgres?.remove();
  postgres = undefined;
};
// The last word, also where an interrupted load or a server of ours ends before the rest is done.
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cleanUp().finally(() => process.exit(1)));

const fill = async (kind: Kind, size: Size): Promise<Filled> => {
  const name = `${kind}_${size}`;
  const dataDir = join(folder, name);
  const settings: Record<string, string> = { TEGATA_DATA_DIR: dataDir, TEGATA_SECRET: secret };
  if (postgres) {
    await postgres.query(`create database ${name}`);
    settings.DATABASE_URL = postgres.url(name);
  }
  const startedAt = performance.now();
  const people = size === 'few' ? few : many;
  const seeded = await seed(settings, people, asked[size], { sessionsEach });
  // What autovacuum does by itself within minutes; without it the first readers of each page would write it too.
  await postgres?.query('vacuum analyze', name);
  await postgres?.query('checkpoint', name);
  const seconds = (performance.now() - startedAt) / 1000;
  const bytes = postgres
    ? Number((await postgres.query(`select pg_database_size('${name}') as size`))[0]?.size)
    : statSync(join(dataDir, 'tegata.db')).size;
  const peopleFile = join(folder, `${name}.json`);
  writeFileSync(peopleFile, JSON.stringify(seeded), { mode: 0o600 });
  console.log(
    `${kind}: ${people} people and ${people * sessionsEach} sessions in ${seconds.toFixed(0)} s, ${(bytes / 1e6).toFixed(0)} MB`,
  );
  return { settings, peopleFile, seconds, megabytes: bytes / 1e6 };
};

/** Every answer must be 200: a fast refusal is no result. */
const latenciesOf = (measured: Measured): Latencies => {
  const { 200: latencies } = measured.latencies;
  if (latencies && measured.statuses[200] === measured.answers) return latencies;
  throw new Error(`expected only 200, got ${JSON.stringify(measured.statuses)}`);
};

const measure = async (kind: Kind) => {
  if (kind === 'postgres') postgres = await startPostgres({ durable: true });
  const filled = { few: await fill(kind, 'few'), many: await fill(kind, 'many') };
  const servers = { few: await startTegata(filled.few.settings), many: await startTegata(filled.many.settings) };
  running.push(servers.few, servers.many);
  const load = async (size: Size, plan: Partial<Plan> & Pick<Plan, 'kind'>): Promise<Latencies> => {
    const { peopleFile } = filled[size];
    const common = { port: servers[size].port, peopleFile, peopleFrom: 0, peopleCount: asked[size], connections };
    return latenciesOf(await runLoad({ ...common, seconds: secondsARound, ...plan }));
  };
  /** In turn, and in the other order each time, so that both meet the same weather on the machine. */
  const inTurn = async (round: number, of: (size: Size) => ReturnType<typeof load>): Promise<Round> => {
    if (round % 2 === 1) return { few: await of('few'), many: await of('many') };
    const large = await of('many');
    return { few: await of('few'), many: large };
  };
  const figures: { me: Round[]; refresh: Round[] } = { me: [], refresh: [] };
  // Before counting: the code warms up, and every access token is seen once, as most have been in the minutes they live.
  await inTurn(0, (size) => load(size, { kind: 'me', requests: asked[size] }));
  for (let round = 0; round <= rounds; round += 1) {
    const me = await inTurn(round, (size) => load(size, { kind: 'me' }));
    const refresh = await inTurn(round, (size) => {
      const share = Math.floor(asked[size] / (rounds + 1));
      return load(size, { kind: 'refresh', peopleFrom: round * share, peopleCount: share });
    });
    if (round === 0) continue;
    figures.me.push(me);
    figures.refresh.push(refresh);
  }
  const rssMb = { few: servers.few.rssMb(), many: servers.many.rssMb() };
  const seeded = { seconds: filled.many.seconds, megabytes: filled.many.megabytes };
  const rows = (['me', 'refresh'] as const).map((name): Row => {
    const p50 = (size: Size) => median(figures[name].map((round) => round[size].p50));
    const ratio = median(figures[name].map((round) => round.many.p50 / round.few.p50));
    const what = `${name === 'me' ? 'session check' : 'refresh'} p50, ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`;
    return { name: what, unit: 'ms', figure: p50('many'), limit: p50('few'), ratio, floor: 1.3, aim: 1.1, lessIsBetter: true };
  });
  await cleanUp();
  return { date: new Date().toISOString(), loadBefore, seeded, rssMb, rows, rounds: figures };
};

/** The databases are measured in one run or in two: what the other one left in today's file stays there. */
const writeResult = (measured: Record<string, unknown>) => {
  const results = fileURLToPath(new URL('./results/', import.meta.url));
  mkdirSync(results, { recursive: true });
  const file = join(results, `${new Date().toISOString().slice(0, 10)}-growth.json`);
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const machine = {
    cores: availableParallelism(),
    model: cpus()[0]?.model,
    node: process.version,
    platform: process.platform,
  };
  const result = { machine, people: { few, many }, sessionsEach, asked, connections, ...before, ...measured };
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
};

const [loadBefore = 0] = loadavg();
try {
  if (loadBefore > 0.7) console.log(`! The machine is busy (load ${loadBefore.toFixed(1)}): look at ratios only.`);
  const rows: Row[] = [];
  for (const kind of wanted) {
    const measured = await measure(kind);
    rows.push(...measured.rows);
    if (many === 1_000_000) writeResult({ [kind]: measured });
  }
  console.log(`measured: ${many} people; limit: ${few} people`);
  printTable(rows);
} finally {
  await cleanUp();
}
