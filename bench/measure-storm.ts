import type { Latencies, Measured } from './load.ts';
import { hashesAlonePerSecond, type Running, startTegata } from './processes.ts';
import { type Prepared, preparedStore } from './stores.ts';
import { median } from './table.ts';
import { details, lanes, load, only, rows, started, stop, tell } from './workbench.ts';

// A storm of log-ins: what it does to everybody else, and how soon those hear it that found no place.

const checksPerSecond = 200;

const latencies = (measured: Measured): Latencies => {
  only(200, measured);
  return measured.latencies[200] as Latencies;
};

export const measureStorm = async (): Promise<void> => {
  tell('the storm');
  const store = await preparedStore('sqlite');
  const tegata = await started(
    startTegata({ ...store.settings, TEGATA_RATE_LIMITS: 'off', TEGATA_HASH_CONCURRENCY: String(lanes) }),
  );
  const { peopleFile } = store;
  const capacity = await hashesAlonePerSecond(lanes, 2);
  const stormPerSecond = Math.round(4 * capacity);
  const checking = (seconds: number) => load(tegata, { kind: 'me', peopleFile, perSecond: checksPerSecond, seconds });
  const logIns = { kind: 'log-in', peopleFile, seconds: 5 } as const;
  const idle: Latencies[] = [];
  const storm: Latencies[] = [];
  const flood: Latencies[] = [];
  const refused: Latencies[] = [];
  const answered: Measured['statuses'][] = [];
  // Both kinds of requests have been seen before: what is measured is the storm, and not the compiler.
  await checking(2);
  await load(tegata, { ...logIns, connections: 4, seconds: 1 });
  for (let round = 0; round < 3; round += 1) {
    idle.push(latencies(await checking(4)));
    const inFlight = load(tegata, { ...logIns, connections: 32 });
    storm.push(latencies(await checking(4)));
    answered.push((await inFlight).statuses);
    const arriving = load(tegata, { ...logIns, connections: 200, perSecond: stormPerSecond });
    flood.push(latencies(await checking(4)));
    const { latencies: answers, statuses, withoutRetryAfter } = await arriving;
    if (!answers[503]) throw new Error('four times the capacity, and nobody was refused');
    if (withoutRetryAfter > 0) throw new Error(`${withoutRetryAfter} refusals without Retry-After`);
    refused.push(answers[503]);
    answered.push(statuses);
  }
  details.storm = { capacity, idle, with32InFlight: storm, with4TimesTheCapacity: flood, refused, answered };
  details['storm over time'] = await picture(tegata, store, stormPerSecond);
  await stop(tegata);

  const p99 = (list: Latencies[]) => median(list.map((one) => one.p99));
  const p50 = (list: Latencies[]) => median(list.map((one) => one.p50));
  const timesIdle = (list: Latencies[]) => median(list.map((one, round) => one.p99 / (idle[round]?.p99 ?? 1)));
  const worse = { unit: 'ms', limit: p99(idle), limitIs: 'idle', floor: 5, aim: 2, lessIsBetter: true };
  const [few, many] = ['with 32 log-ins in flight', 'with 4 x the hash capacity'];
  rows.push({ id: 'storm-idle-p50', name: 'session check p50, idle', unit: 'ms', figure: p50(idle) });
  rows.push({ id: 'storm-few-p50', name: `  ${few}`, unit: 'ms', figure: p50(storm) });
  rows.push({ id: 'storm-many-p50', name: `  ${many}`, unit: 'ms', figure: p50(flood) });
  rows.push({ id: 'storm-idle-p99', name: 'session check p99, idle', unit: 'ms', figure: p99(idle) });
  rows.push({ id: 'storm-few-p99', name: `  ${few}`, ...worse, figure: p99(storm), ratio: timesIdle(storm) });
  rows.push({ id: 'storm-many-p99', name: `  ${many}`, ...worse, figure: p99(flood), ratio: timesIdle(flood) });
  rows.push({
    id: 'storm-refused',
    name: 'refused log-ins, p99',
    unit: 'ms',
    figure: p99(refused),
    floor: 100,
    lessIsBetter: true,
  });
};

const sliceMs = 100;

/** Four seconds of calm, four of storm, four after it; the median and the worst check of each tenth of a second. */
const picture = async (tegata: Running, { peopleFile }: Prepared, stormPerSecond: number) => {
  const beginsAt = Date.now();
  const checks = load(tegata, { kind: 'me', peopleFile, perSecond: checksPerSecond, seconds: 12, timeline: 200 });
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const logIns = { kind: 'log-in', peopleFile, connections: 200, seconds: 4 } as const;
  const storm = await load(tegata, { ...logIns, perSecond: stormPerSecond, timeline: 503 });
  const slices = ({ timeline }: Measured) => {
    const bySlice: number[][] = [];
    for (const [dueAt, took] of timeline) {
      const slice = Math.floor((dueAt - beginsAt) / sliceMs);
      bySlice[slice] ??= [];
      bySlice[slice].push(took);
    }
    return [...bySlice].flatMap((list, at) =>
      list?.length ? [{ atMs: at * sliceMs, median: median(list), worst: Math.max(...list) }] : [],
    );
  };
  return { stormPerSecond, checks: slices(await checks), refused: slices(storm), answered: storm.statuses };
};
