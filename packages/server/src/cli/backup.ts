import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isPostgresUrl } from '../config/database-url.ts';
import { readEnvironment } from '../config/env.ts';
import { parseConfig } from '../config/parse-config.ts';
import { BackupError, backUp, restore as putBack } from '../stores/sql/backup.ts';
import { sqlitePath } from '../stores/sql/sqlite.ts';
import { type Command, UsageError } from './command.ts';

export const backup: Command = {
  lines: [['backup <file>', 'Copy the SQLite database to a new file; the server may run.']],
  run: (args) =>
    withFiles(args, async (file, database, dataDir) => {
      const users = await backUp(database, file);
      const secret = join(dataDir, 'secret');
      console.log(`${users} users are in ${file}.`);
      console.log(
        `Keep TEGATA_SECRET too, in another place${existsSync(secret) ? ` (it is in ${secret})` : ''}: without it everybody has to log in again.`,
      );
    }),
};

export const restore: Command = {
  lines: [['restore <file>', 'Put a backup back in place of the SQLite database. Stop the server first.']],
  run: (args) =>
    withFiles(args, async (file, database) => {
      const { users, aside } = await putBack(file, database, Date.now());
      console.log(`${users} users are in ${database}.${aside ? ` What was there is in ${aside}.` : ''}`);
      console.log('Sessions and passwords are those of the backup: who changed or revoked one since then has to do it again.');
    }),
};

const withFiles = async (
  [file, ...others]: string[],
  work: (file: string, database: string, dataDir: string) => Promise<void>,
): Promise<number> => {
  if (!file || others.length > 0) throw new UsageError('Name one file.');
  const { databaseUrl, dataDir } = parseConfig(readEnvironment());
  try {
    if (isPostgresUrl(databaseUrl)) {
      throw new BackupError(
        'The database is PostgreSQL, which has better ways: pg_dump and pg_restore, or continuous archiving.',
      );
    }
    if (databaseUrl === 'sqlite::memory:') throw new BackupError('A database in memory belongs to its process.');
    await work(resolve(file), resolve(sqlitePath(databaseUrl)), dataDir);
    return 0;
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    console.error(error.message);
    return 1;
  }
};
