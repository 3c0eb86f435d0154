import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Recorded, resultsFolder } from '../test/scorecard/figure.ts';
import { type RowId, rows } from '../test/scorecard/rows.ts';

// `npm run docs:scorecard`: renders docs/scorecard.md from what `SCORECARD=write npm run test:faults` and `test:attack` measured.

const recorded = readdirSync(resultsFolder)
  .filter((name) => name.endsWith('.json'))
  .map((name): Recorded => JSON.parse(readFileSync(join(resultsFolder, name), 'utf8')));

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const line = ({ part, tried, failed, detail, date, short }: Recorded) =>
  `${part}: ${failed} of ${tried.toLocaleString('en-US')} went wrong; ${detail} (${date.slice(0, 10)}${short ? ', short form' : ''})`;
const result = (parts: Recorded[]): string => {
  if (parts.length === 0) return 'not measured';
  return parts.every(({ reached }) => reached) ? 'reached' : '**not reached**';
};

const table = Object.entries(rows).map(([id, { title, method, target }]) => {
  const parts = recorded.filter(({ row }) => row === (id as RowId)).sort((left, right) => left.part.localeCompare(right.part));
  return `| ${cell(title)} | ${cell(method)} | ${cell(target)} | ${parts.map((part) => cell(line(part))).join('<br>')} | ${result(parts)} |`;
});

const machines = [...new Set(recorded.map(({ machine }) => machine.replace(/, load .*/, '')))].sort();

writeFileSync(
  join(import.meta.dirname, '..', 'docs', 'scorecard.md'),
  `# Scorecard

What the suites of faults and attacks measured, row by row. Made by \`npm run docs:scorecard\` from the figures in \`test/scorecard/results\`, which \`SCORECARD=write npm run test:faults\` and
\`SCORECARD=write npm run test:attack\` write; continuous integration runs every row in a shorter form (\`SHORT=1\`). "0 of N" bounds the true rate at about 3/N with 95 % confidence.

Measured on: ${machines.join('; ') || 'nothing yet'}. Everything on loopback, real servers, no mocks.

| what | how | target | measured | result |
|---|---|---|---|---|
${table.join('\n')}
`,
);
