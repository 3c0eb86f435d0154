import { readdirSync, readFileSync } from 'node:fs';
import type { Row } from './table.ts';

// The newest results, as the page about them and its pictures read them.

export type Slice = { atMs: number; median: number; worst: number };

export type Result = {
  date: string;
  machine: { cores: number; model: string; node: string; platform: string; loadBefore: number };
  peer?: string;
  hashConcurrency: number;
  people: number;
  rows: Row[];
  details: Record<string, unknown> & {
    'storm over time'?: { stormPerSecond: number; checks: Slice[]; refused: Slice[]; answered: Record<string, number> };
  };
};

type Growth = { people: { few: number; many: number } } & Partial<Record<'sqlite' | 'postgres', { rows: Row[] }>>;

const folder = new URL('./results/', import.meta.url);

const newest = (pattern: RegExp): string | undefined => {
  const name = readdirSync(folder)
    .filter((file) => pattern.test(file))
    .sort()
    .at(-1);
  return name && readFileSync(new URL(name, folder), 'utf8');
};

/** @throws Error when nothing was measured yet. */
export const newestResult = (): Result => {
  const text = newest(/^\d{4}-\d\d-\d\d\.json$/);
  if (!text) throw new Error('there are no results: npm run bench');
  return JSON.parse(text);
};

/** Undefined where `npm run bench:growth` has not been run. */
export const newestGrowth = (): Growth | undefined => {
  const text = newest(/-growth\.json$/);
  return text && JSON.parse(text);
};
