import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { readEnvironment } from '../config/env.ts';
import { workerCount } from '../workers/worker-count.ts';
import { type Command, refuseArguments } from './command.ts';

export const serve: Command = {
  lines: [['serve', 'Start the server (Ctrl-C finishes what is in hand, then stops).']],
  run: async (args) => {
    refuseArguments(args);
    // A mistake in this setting is told together with all others, by the process that reads them.
    const count = workerCount(readEnvironment().TEGATA_WORKERS, availableParallelism()) ?? 1;
    if (count === 1 || cluster.isWorker) return (await import('./serve-process.ts')).serveProcess();
    const { supervise } = await import('../workers/supervise.ts');
    return supervise({ count, print: (text) => console.log(text) });
  },
};
