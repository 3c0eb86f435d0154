import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { RowId } from './rows.ts';

/** What a test measured for one row of the scorecard. Several parts (one for each store, say) may stand in one row. */
export type Figure = {
  row: RowId;
  /** What was tried where, such as `PostgreSQL, two processes`; names the file too, so it must differ within a row. */
  part: string;
  tried: number;
  /** How many of them went wrong; 0 unless the row allows more. */
  failed: number;
  /** Everything else worth knowing, in words: times, seeds, counts of answers. */
  detail: string;
  /** Whether the row's target was reached. The test itself must fail otherwise, except where a figure is published as it is. */
  reached: boolean;
};

export type Recorded = Figure & { date: string; machine: string; short: boolean };

export const resultsFolder = join(import.meta.dirname, 'results');

/** Prints a figure, and with `SCORECARD=write` keeps it for `npm run docs:scorecard`. */
export const figure = (measured: Figure): void => {
  const { row, part, tried, failed, detail, reached } = measured;
  process.stdout.write(
    `  scorecard ${row} (${part}): ${failed} of ${tried} went wrong; ${detail}${reached ? '' : ' — target not reached'}\n`,
  );
  if (process.env.SCORECARD !== 'write') return;
  mkdirSync(resultsFolder, { recursive: true });
  const recorded: Recorded = {
    ...measured,
    date: new Date().toISOString().slice(0, 16),
    machine: `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`,
    short: Boolean(process.env.SHORT),
  };
  const name = `${row}-${part.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.json`;
  writeFileSync(join(resultsFolder, name), `${JSON.stringify(recorded, null, 2)}\n`);
};
