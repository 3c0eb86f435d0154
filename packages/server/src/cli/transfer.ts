import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { isPostgresUrl, problemOfDatabaseUrl } from '../config/database-url.ts';
import { sqlitePath } from '../stores/sql/sqlite.ts';
import { TransferError } from '../stores/sql/transfer/sides.ts';
import { type Moved, transfer as moveEverything } from '../stores/sql/transfer/transfer.ts';
import { type Command, UsageError } from './command.ts';

export const transfer: Command = {
  lines: [
    ['transfer --from URL --to URL', 'Move everything to another database; people stay logged in. Stop the server first.'],
    ['transfer … --dry-run', 'Say what would be moved, and write nothing.'],
  ],
  run: async (args) => {
    const { from, to, dryRun } = parse(args);
    const startedAt = performance.now();
    try {
      const moved = await moveEverything({ from, to, dryRun, report: (text) => console.error(text) });
      console.log(dryRun ? plan(moved) : result(moved));
      if (dryRun) return 0;
      const different = moved.filter(({ isSame }) => !isSame);
      if (different.length > 0) {
        console.error(
          `${different.map(({ table }) => table).join(', ')}: not the same on both sides. Does somebody write to the target? ` +
            'Keep the source, make the target anew, and run the same command again.',
        );
        return 1;
      }
      const rows = moved.reduce((sum, { source }) => sum + source.rows, 0);
      const seconds = (performance.now() - startedAt) / 1000;
      console.log(`\n${rows} rows are the same on both sides (${seconds.toFixed(1)} s).\n\n${nextSteps(from)}`);
      return 0;
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      console.error(error.message);
      return 1;
    }
  },
};

const parse = (args: string[]): { from: string; to: string; dryRun: boolean } => {
  const { from, to, 'dry-run': dryRun = false } = read(args);
  for (const [name, url] of [
    ['--from', from],
    ['--to', to],
  ] as const) {
    if (url === undefined) throw new UsageError(`${name} is missing: sqlite:<path> or postgres://user:password@host/database.`);
    const problem = problemOfDatabaseUrl(url);
    if (problem) throw new UsageError(`${name}: ${problem}`);
    if (url === 'sqlite::memory:') throw new UsageError(`${name}: a database in memory cannot be moved from or to; give a file.`);
  }
  if (from === to) throw new UsageError('--from and --to name the same database.');
  return { from: from!, to: to!, dryRun };
};

const read = (args: string[]) => {
  try {
    return parseArgs({ args, options: { from: { type: 'string' }, to: { type: 'string' }, 'dry-run': { type: 'boolean' } } })
      .values;
  } catch {
    // Node's own words repeat the argument, which may hold a password.
    throw new UsageError('This is no call of transfer:');
  }
};

const result = (moved: readonly Moved[]): string =>
  grid([
    ['table', 'source', 'target', 'checksum', ''],
    ...moved.map(({ table, source, target, isSame }) => [
      table,
      String(source.rows),
      String(target.rows),
      source.checksum.slice(0, 16),
      isSame ? 'same' : `DIFFERENT (${target.checksum.slice(0, 16)})`,
    ]),
  ]);

const plan = (moved: readonly Moved[]): string =>
  grid([
    ['table', 'source', 'there already'],
    ...moved.map(({ table, source, target }) => [table, String(source.rows), String(target.rows)]),
  ]);

const grid = (lines: string[][]): string => {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

const nextSteps = (from: string): string => {
  const file = isPostgresUrl(from) ? undefined : join(dirname(sqlitePath(from)), 'secret');
  const secret =
    file !== undefined && existsSync(file)
      ? `The secret of a server that was never given one is in ${file}: set TEGATA_SECRET to what stands there.`
      : 'Set TEGATA_SECRET to what the old server had.';
  return [
    'Start the server with DATABASE_URL set to the new address, and with the same TEGATA_SECRET: with another one nobody stays',
    `logged in, and the mails in hand cannot be read. ${secret}`,
    'Keep the old database until the new server has served for a while; do not start the old server on it again.',
  ].join('\n');
};
