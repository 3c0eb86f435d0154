import { startTegata } from './processes.ts';
import { preparedStore } from './stores.ts';
import { median } from './table.ts';
import { details, load, medianRatio, only, people, rounds, rows, started, stop, tell } from './workbench.ts';

// Two processes over PostgreSQL and Redis beside one. The databases and the load generator are on the same machine, so with
// two cores the second process has next to nothing left to run on: what two processes could do with cores of their own is
// computed from the time of the processor that a request costs, with one and with two.

export const measureScaleOut = async (): Promise<void> => {
  tell('two processes');
  const { settings, peopleFile } = await preparedStore('redis');
  // The refresh chains of other rows are over; these people's have not begun.
  const figures = { one: [] as number[], two: [] as number[] };
  const cpuMs = { one: [] as number[], two: [] as number[] };
  const servers = {
    one: await started(startTegata({ ...settings, TEGATA_WORKERS: '1' })),
    two: await started(startTegata({ ...settings, TEGATA_WORKERS: '2' })),
  };
  for (let round = 0; round <= rounds; round += 1) {
    for (const count of ['one', 'two'] as const) {
      const before = servers[count].cpuSeconds();
      const measured = await load(servers[count], { kind: 'me', peopleFile, ...(round === 0 && { requests: 2 * people }) });
      const perSecond = only(200, measured);
      if (round === 0) continue;
      figures[count].push(perSecond);
      cpuMs[count].push(((servers[count].cpuSeconds() - before) * 1000) / measured.answers);
    }
  }
  for (const server of Object.values(servers)) await stop(server);
  details['scale-out'] = { perSecond: figures, cpuMsPerRequest: cpuMs };
  rows.push({
    id: 'scale-out',
    name: 'two processes, session check',
    unit: 'requests/s',
    figure: median(figures.two),
    limit: median(figures.one),
    limitIs: 'one process',
    ratio: medianRatio(figures.two, figures.one),
    floor: 1.5,
    aim: 1.8,
  });
  rows.push({
    id: 'scale-out-cpu',
    name: '  had each a core of its own',
    unit: 'CPU ms/request',
    figure: median(cpuMs.two),
    limit: median(cpuMs.one),
    limitIs: 'one process',
    ratio: 2 * medianRatio(cpuMs.one, cpuMs.two),
    floor: 1.5,
    aim: 1.8,
  });
};
