import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { sessionCheckChart, stormChart } from './charts.ts';
import { newestGrowth, newestResult, type Result } from './results-file.ts';
import { type Row, shown, verdict } from './table.ts';

// Writes the tables and pictures of docs/performance.md from the newest results. `npm run docs:performance`; a test checks
// that the page is current.

const docs = new URL('../docs/', import.meta.url);
const page = new URL('performance.md', docs);

const reached = { aim: 'aim', floor: 'floor', BELOW: '**below the floor**', '': '' } as const;

const line = (row: Row): string => {
  const { name, unit, figure, limit, limitIs = 'limit', ratio, floor, aim, absolute, lessIsBetter } = row;
  const of = absolute || ratio === undefined ? '' : ' ×';
  const bounds = [floor, aim].map((bound) => (bound === undefined ? '' : `${lessIsBetter ? '≤' : '≥'} ${shown(bound)}${of}`));
  const beside = limit === undefined ? '' : `${limitIs}: ${shown(limit)}`;
  const cells = [name.trim(), `${shown(figure)} ${unit}`, beside, ratio === undefined ? '' : `${shown(ratio)} ×`, ...bounds];
  return `| ${[...cells, reached[verdict(row) as keyof typeof reached]].join(' | ')} |`;
};

/** A name that begins with spaces goes on with the one before. */
const named = (rows: readonly Row[]): Row[] => {
  let whole = '';
  return rows.map((row) => {
    const goesOn = row.name.startsWith(' ');
    if (!goesOn) whole = row.name.replace(/, idle$/, '');
    return { ...row, name: goesOn ? `${whole}, ${row.name.trim()}` : row.name };
  });
};

const table = (rows: readonly Row[]): string => {
  if (rows.length === 0) return 'Not measured yet: `npm run bench`.';
  const head = ['| | measured | beside | ratio | floor | aim | reached |', '|---|---|---|---|---|---|---|'];
  return [...head, ...named(rows).map(line)].join('\n');
};

const machineLine = ({ date, machine, peer, people, hashConcurrency }: Result): string =>
  [
    `Measured on ${date.slice(0, 10)}: ${machine.cores} × ${machine.model}, Node ${machine.node.slice(1)}, ${machine.platform}`,
    `load before the run ${machine.loadBefore.toFixed(1)}`,
    `${people.toLocaleString('en')} people logged in`,
    `${hashConcurrency} ${hashConcurrency === 1 ? 'hash' : 'hashes'} at once`,
    ...(peer ? [peer] : []),
  ].join('; ');

const busy = ({ machine }: Result): string =>
  machine.loadBefore > 0.7
    ? '\n\n**The machine was busy with other work.** The figures are lower than it can do, and latencies higher; the ratios were taken side by side.'
    : '';

const stormPicture = `![Session checks before, during and after a storm of log-ins: the median and the worst of each tenth of a second, on a\nlogarithmic scale, and how long a refusal took](images/log-in-storm.svg)\n\n`;

export const withResults = (text: string): string => {
  const result = newestResult();
  const growth = newestGrowth();
  const starting = (...beginnings: string[]) =>
    table(result.rows.filter(({ id = '' }) => beginnings.some((beginning) => id.startsWith(beginning))));
  const parts: Record<string, string> = {
    machine: `${machineLine(result)}.${busy(result)}`,
    requests: `![Session checks a second on each store: Tegata, the limit, and better-auth](images/session-checks.svg)\n\n${starting('me-', 'refresh-')}`,
    'log-ins': `${stormChart(result) ? stormPicture : ''}${starting('log-in', 'storm')}`,
    process: starting('start', 'memory'),
    verifier: starting('verify'),
    'scale-out': starting('scale-out'),
    growth: growth
      ? table(
          [growth.sqlite, growth.postgres]
            .flatMap((one) => one?.rows ?? [])
            .map((row) => ({ limitIs: `${growth.people.few} people`, ...row })),
        )
      : 'Not measured yet: `npm run bench:growth`.',
  };
  return text.replace(
    /(<!-- results: ([\w-]+) -->\n)[\s\S]*?(<!-- \/results -->)/g,
    (_, before: string, name: string, after: string) => `${before}${parts[name] ?? ''}\n${after}`,
  );
};

if (import.meta.main) {
  const images = new URL('images/', docs);
  mkdirSync(images, { recursive: true });
  const result = newestResult();
  writeFileSync(new URL('session-checks.svg', images), sessionCheckChart(result));
  const storm = stormChart(result);
  if (storm) writeFileSync(new URL('log-in-storm.svg', images), storm);
  writeFileSync(page, withResults(readFileSync(page, 'utf8')));
}
