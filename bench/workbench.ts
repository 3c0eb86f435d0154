import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashingConcurrency } from '../packages/server/src/adapters/hashing-lane.ts';
import type { Measured, Plan } from './load.ts';
import { type Running, runLoad } from './processes.ts';
import { median, type Row } from './table.ts';

// What every measurement shares: the numbers of a run, the folder, what is running, and the rows that it has come to.

/** `npm run bench -- quick`: to see whether it still works; its figures mean nothing, and are not written. */
export const isQuick = process.argv.includes('quick');

export const people = isQuick ? 600 : 10_000;
export const rounds = isQuick ? 1 : 5;
const seconds = isQuick ? 0.3 : 2;
export const secret = 'Bench-only-0123456789-abcdefghijklmnopqr';
export const lanes = Number(process.env.TEGATA_HASH_CONCURRENCY ?? hashingConcurrency(availableParallelism(), 4));

export const folder = mkdtempSync(join(tmpdir(), 'tegata-bench-'));
export const rows: Row[] = [];
export const details: Record<string, unknown> = {};

const running: Running[] = [];

export const started = async <Server extends Running>(starting: Promise<Server>): Promise<Server> => {
  const server = await starting;
  running.push(server);
  return server;
};

export const stop = async (server: Running): Promise<void> => {
  running.splice(running.indexOf(server), 1);
  await server.stop();
};

export const cleanUp = async (): Promise<void> => {
  for (const server of [...running]) await stop(server);
  rmSync(folder, { recursive: true, force: true });
};

export const load = (server: Running, plan: Partial<Plan> & Pick<Plan, 'kind' | 'peopleFile'>): Promise<Measured> =>
  runLoad({ port: server.port, peopleFrom: 0, peopleCount: people, connections: 32, seconds, ...plan });

/** Every answer must be the expected one: a fast refusal is no result. */
export const only = (status: number, measured: Measured): number => {
  if (measured.statuses[status] === measured.answers && measured.answers > 0) return measured.perSecond;
  throw new Error(`expected only ${status}, got ${JSON.stringify(measured.statuses)}`);
};

/** What is going on, for whoever waits. */
export const tell = (text: string): void => {
  console.log(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${text}`);
};

/** Compared round by round, since both sides of a round had the same weather. */
export const medianRatio = (figures: readonly number[], others: readonly number[]): number =>
  median(figures.map((one, round) => one / (others[round] ?? Number.NaN)));
