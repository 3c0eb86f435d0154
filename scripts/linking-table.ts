import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LinkingRow, linkingTable } from '@tegata/core';

// The table of `packages/core/src/connections/linking-rules.ts` for people, between two marks in docs/oauth.md.
// `npm run docs:linking` writes it; a test holds it against the code.

const file = join(import.meta.dirname, '../docs/oauth.md');
const [begin, end] = ['<!-- linking table: npm run docs:linking -->\n', '\n<!-- end of the linking table -->'];

const columns: [keyof LinkingRow['when'], string][] = [
  ['loggedIn', 'logged in?'],
  ['connectedTo', 'provider account connected to'],
  ['providerAddress', 'address at the provider'],
  ['localAddress', 'address here'],
  ['status', 'status here'],
  ['ownAddress', 'own address'],
  ['slot', 'slot of the provider'],
];

const inWords = (value: string) => value.replaceAll('_', ' ');
const cell = (pattern: string | readonly string[] | undefined) =>
  pattern === undefined ? '' : [pattern].flat().map(inWords).join(', ');

export const linkingMarkdown = (): string => {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row([...columns.map(([, title]) => title), 'then', 'because']),
    row(Array(columns.length + 2).fill('---')),
    ...linkingTable.map(({ when, decide, because }) =>
      row([...columns.map(([fact]) => cell(when[fact])), `**${inWords(decide)}**`, because]),
    ),
  ].join('\n');
};

/** docs/oauth.md with the table as it is in the code. */
export const withLinkingTable = (markdown: string): string => {
  const [from, to] = [markdown.indexOf(begin), markdown.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/oauth.md has lost the marks of the linking table');
  return markdown.slice(0, from + begin.length) + linkingMarkdown() + markdown.slice(to);
};

if (import.meta.main) writeFileSync(file, withLinkingTable(readFileSync(file, 'utf8')));
