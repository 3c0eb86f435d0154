import { execFileSync } from 'node:child_process';

/** The processes that a process started and that still run. */
export const childrenOf = (pid: number): number[] => {
  const lines = execFileSync('ps', ['-A', '-o', 'ppid=,pid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([parent, , state]) => Number(parent) === pid && !state?.startsWith('Z'))
    .map(([, child]) => Number(child));
};

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
