import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { isPostgresUrl, problemOfDatabaseUrl } from '../config/database-url.ts';
import { readEnvironment } from '../config/env.ts';
import { defaultRedisPrefix, parseRedisUrl, problemOfRedisPrefix } from '../stores/redis/redis-url.ts';
import type { SessionsInRedis } from '../stores/redis/session-transfer.ts';
import { sqlitePath } from '../stores/sql/sqlite.ts';
import { TransferError } from '../stores/sql/transfer/sides.ts';
import { type Moved, transfer as moveEverything, type SessionsMoved } from '../stores/sql/transfer/transfer.ts';
import { type Command, UsageError } from './command.ts';

export const transfer: Command = {
  lines: [
    ['transfer --from URL --to URL', 'Move everything to another database; people stay logged in. Stop the server first.'],
    ['transfer … --redis URL', 'The live sessions go to Redis, under TEGATA_REDIS_PREFIX, and not into the database.'],
    ['transfer … --dry-run', 'Say what would be moved, and write nothing.'],
  ],
  run: async (args) => {
    const { from, to, redis, dryRun } = parse(args, readEnvironment());
    const startedAt = performance.now();
    let sessionsTo: SessionsInRedis | undefined;
    try {
      sessionsTo = redis && (await openRedis(redis));
      const report = (text: string) => console.error(text);
      const { tables: moved, sessions } = await moveEverything({ from, to, dryRun, report, sessionsTo });
      console.log(dryRun ? plan(moved) : result(moved));
      if (sessionsTo && sessions) console.log(ofSessions(sessions, sessionsTo.name, dryRun));
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
      console.log(
        `\n${rows} rows are the same on both sides (${seconds.toFixed(1)} s).\n\n${nextSteps(from, redis !== undefined)}`,
      );
      return 0;
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      console.error(error.message);
      return 1;
    } finally {
      await sessionsTo?.close();
    }
  },
};

/** Loaded by those who use it. */
const openRedis = async (options: { url: string; prefix: string }): Promise<SessionsInRedis> =>
  (await import('../stores/redis/session-transfer.ts')).openSessionsInRedis(options);

type Call = { from: string; to: string; redis: { url: string; prefix: string } | undefined; dryRun: boolean };

/** @throws UsageError that says what to give, and repeats no address: it may hold a password. */
export const parse = (args: string[], environment: Readonly<Record<string, string | undefined>>): Call => {
  const { from, to, redis: url, 'dry-run': dryRun = false } = read(args);
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
  return { from: from!, to: to!, redis: url === undefined ? undefined : parseRedis(url, environment), dryRun };
};

const parseRedis = (url: string, { TEGATA_REDIS_PREFIX: prefix }: Readonly<Record<string, string | undefined>>) => {
  try {
    parseRedisUrl(url);
  } catch (error) {
    throw new UsageError((error as Error).message.replace('REDIS_URL', '--redis'));
  }
  const problem = problemOfRedisPrefix(prefix || defaultRedisPrefix);
  if (problem) throw new UsageError(problem);
  return { url, prefix: prefix || defaultRedisPrefix };
};

const read = (args: string[]) => {
  try {
    const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;
    return parseArgs({ args, options: { from: text, to: text, redis: text, 'dry-run': flag } }).values;
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

const ofSessions = ({ live, there, notLive }: SessionsMoved, name: string, dryRun: boolean): string => {
  const known = there > 0 ? ` (${there} were there already)` : '';
  const past = notLive > 0 ? `; ${notLive} that had ended or expired are left behind` : '';
  return `sessions: ${live} live ones ${dryRun ? 'would go to' : 'are in'} ${name}${known}${past}.`;
};

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

const nextSteps = (from: string, toRedis: boolean): string => {
  const file = isPostgresUrl(from) ? undefined : join(dirname(sqlitePath(from)), 'secret');
  const secret =
    file !== undefined && existsSync(file)
      ? `The secret of a server that was never given one is in ${file}: set TEGATA_SECRET to what stands there.`
      : 'Set TEGATA_SECRET to what the old server had.';
  return [
    'Start the server with DATABASE_URL set to the new address, and with the same TEGATA_SECRET: with another one nobody stays',
    `logged in, and the mails in hand cannot be read. ${secret}`,
    ...(toRedis ? ['Set REDIS_URL and TEGATA_SESSION_STORE=redis too, and TEGATA_REDIS_PREFIX as it was for this command.'] : []),
    'Keep the old database until the new server has served for a while; do not start the old server on it again.',
  ].join('\n');
};
