import { join } from 'node:path';
import { bareStartMs, startTegata } from './processes.ts';
import { preparedStore } from './stores.ts';
import { median } from './table.ts';
import { details, folder, rounds, rows, started, stop, tell } from './workbench.ts';

export const measureStart = async (): Promise<void> => {
  tell('starting');
  const { settings } = await preparedStore('sqlite');
  const figures: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const server = await started(startTegata(settings));
    await stop(server);
    const bare = await bareStartMs(join(folder, 'tegata_sqlite.db'));
    if (round > 0) figures.push(server.startMs);
    if (round > 0) limits.push(bare);
  }
  details.start = { Tegata: figures, 'Node and the database': limits };
  const [figure, limit] = [median(figures), median(limits)];
  rows.push({
    id: 'start',
    name: 'start',
    unit: 'ms',
    figure,
    limit: limit,
    limitIs: 'Node and the database',
    ratio: figure / limit,
    absolute: true,
    floor: 1500,
    aim: 600,
    lessIsBetter: true,
  });
};
