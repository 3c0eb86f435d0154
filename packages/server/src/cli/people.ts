import { once } from 'node:events';
import { closeSync, createReadStream, existsSync, openSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { recommendedParameters } from '../adapters/password-hasher.ts';
import type { Config } from '../config/config.ts';
import { isPostgresUrl } from '../config/database-url.ts';
import { readEnvironment } from '../config/env.ts';
import { parseConfig } from '../config/parse-config.ts';
import { type Counts, importUsers, type Outcome } from '../people/import-users.ts';
import { writeUserLine } from '../people/user-line.ts';
import type { SqlDatabase } from '../stores/sql/database.ts';
import { migrateToLatest } from '../stores/sql/migrate.ts';
import { readPeople } from '../stores/sql/read-people.ts';
import { openDatabase } from '../stores/sql/sql-stores.ts';
import { sqlitePath } from '../stores/sql/sqlite.ts';
import { UsageError } from './command.ts';
import { printable } from './existing-engine.ts';

// `users import` and `users export`: everybody at once, on the database itself. The server may run beside them.

export const importPeople = async (args: string[]): Promise<number> => {
  const { file, values } = parse(args, { 'dry-run': { type: 'boolean' }, report: { type: 'string' } });
  if (file === undefined) throw new UsageError('Name one file, or - for standard input.');
  if (file !== '-' && !existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  const dryRun = values['dry-run'] === true;
  return withDatabase(async ({ db }, config) => {
    const report = typeof values.report === 'string' ? openReport(values.report) : undefined;
    const startedAt = performance.now();
    const told = createTold();
    try {
      const counts = await importUsers({
        chunks: file === '-' ? process.stdin : createReadStream(file),
        db,
        clock: Date.now,
        dryRun,
        argon2: recommendedParameters.argon2,
        concurrency: config.hashConcurrency,
        report: (outcome) => {
          report?.write(outcome);
          told(outcome);
        },
        ...(dryRun && { remembered: onDisk() }),
      });
      console.log(summary(counts, { dryRun, seconds: (performance.now() - startedAt) / 1000 }));
      return counts.refused + counts.conflict > 0 ? 1 : 0;
    } finally {
      report?.close();
    }
  });
};

export const exportPeople = async (args: string[]): Promise<number> => {
  const { file, values } = parse(args, { 'with-password-hashes': { type: 'boolean' } });
  if (file !== undefined && existsSync(file)) throw new UsageError(`${file} exists already.`);
  const withHashes = values['with-password-hashes'] === true;
  return withDatabase(async ({ db }) => {
    const out = file === undefined ? toStandardOutput() : toFile(file);
    let people = 0;
    try {
      for await (const page of readPeople(db, 500)) {
        people += page.length;
        const lines = page.map(({ rows, passwordHash }) => writeUserLine(rows, withHashes ? passwordHash : undefined));
        await out.write(`${lines.join('\n')}\n`);
      }
    } finally {
      out.close();
    }
    console.error(
      `${people} users exported${withHashes ? ', with their password hashes: keep the file as you keep the database' : ', without passwords'}.`,
    );
    return 0;
  });
};

const parse = (args: string[], options: NonNullable<Parameters<typeof parseArgs>[0]>['options'] & object) => {
  try {
    const { positionals, values } = parseArgs({ args, options, allowPositionals: true });
    const [file, ...others] = positionals;
    if (others.length > 0) throw new UsageError('Name one file.');
    return { file, values };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
};

/** The database that the settings name, brought up to date. A new SQLite file is made by the server or `tegata migrate`. */
const withDatabase = async (work: (database: SqlDatabase, config: Config) => Promise<number>): Promise<number> => {
  const config = parseConfig(readEnvironment());
  const file = isPostgresUrl(config.databaseUrl) ? undefined : sqlitePath(config.databaseUrl);
  if (file !== undefined && !existsSync(file)) {
    console.error(
      `There is no database at ${file}. Are DATABASE_URL and TEGATA_DATA_DIR the server's? \`tegata migrate\` makes a new one.`,
    );
    return 1;
  }
  // A named statement keeps the plan of its first calls, which was right for the empty tables of then. Without statistics, as in the
  // first minute of an import, 30 000 people took three times as long with it.
  const database = await openDatabase(config.databaseUrl, { ...config.postgres, statements: 'unnamed' });
  try {
    await migrateToLatest(database);
    return await work(database, config);
  } finally {
    await database.close();
  }
};

/** Added to, because a repeated call goes on. Neither hashes nor addresses are in it. */
const openReport = (path: string) => {
  const file = openSync(path, 'a', 0o600);
  return {
    write: (outcome: Outcome) => void writeSync(file, `${JSON.stringify(outcome)}\n`),
    close: () => closeSync(file),
  };
};

const mostTold = 20;

const createTold = () => {
  let told = 0;
  return (outcome: Outcome) => {
    if (outcome.outcome !== 'refused' && outcome.outcome !== 'conflict') return;
    told += 1;
    if (told <= mostTold) console.error(`line ${outcome.line}: ${outcome.outcome}: ${printable(outcome.reason)}`);
    if (told === mostTold) console.error('… and so on: --report FILE has every line.');
  };
};

/** A temporary table of SQLite's, which grows on the disk and not in memory, and is gone with the process. */
const onDisk = () => {
  const database = new DatabaseSync('');
  database.exec('create table seen (key text primary key, user_id text) without rowid');
  const find = database.prepare('select user_id from seen where key = ?');
  const add = database.prepare('insert or ignore into seen (key, user_id) values (?, ?)');
  return {
    get: (key: string) => find.get(key)?.user_id as string | undefined,
    set: (key: string, userId: string) => void add.run(key, userId),
  };
};

const summary = (
  { imported, there_already, conflict, refused, wrapped }: Counts,
  { dryRun, seconds }: { dryRun: boolean; seconds: number },
): string =>
  [
    `${imported} ${dryRun ? 'would be imported' : 'imported'} (${wrapped} with a weak hash, ${dryRun ? 'which would be' : 'now'} wrapped in Argon2id)`,
    `${there_already} there already, left as they are`,
    `${conflict} in conflict with somebody else, skipped`,
    `${refused} refused`,
    ...(dryRun ? ['Nothing was written.'] : [`${seconds.toFixed(1)} s`]),
  ].join('\n');

type Output = { write: (text: string) => Promise<void>; close: () => void };

const toFile = (path: string): Output => {
  const file = openSync(path, 'wx', 0o600);
  return { write: async (text) => void writeSync(file, text), close: () => closeSync(file) };
};

const toStandardOutput = (): Output => ({
  write: async (text) => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  close: () => {},
});
