import { execFileSync } from 'node:child_process';

/** What a process has in memory, in megabytes. */
export const residentMegabytes = (pid: number | undefined): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;

/** Megabytes gained with each step, by least squares. */
export const slope = (samples: readonly number[]): number => {
  const middle = (samples.length - 1) / 2;
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const squares = samples.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  return samples.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0) / squares;
};
