/**
 * A copy of a SQLite database while servers write to it, and the way back. The copy is made beside its place and renamed
 * into it: a file with the final name is always whole.
 */
import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { schemaState } from './migrate.ts';
import { openSqlite } from './sqlite.ts';

/** Told to the operator in these words. */
export class BackupError extends Error {
  override name = 'BackupError';
}

const partOf = (file: string): string => `${file}.partial`;

/** Copies the state at one moment of `from` to the new file `to`, readable for its owner alone. Returns how many users it holds. */
export const backUp = async (from: string, to: string): Promise<number> => {
  if (!existsSync(from))
    throw new BackupError(`There is no database at ${from}. Are DATABASE_URL and TEGATA_DATA_DIR the server's?`);
  if (existsSync(to)) throw new BackupError(`${to} exists already: a backup never overwrites. Give another name.`);
  const part = partOf(to);
  rmSync(part, { force: true });
  const source = new DatabaseSync(from, { readOnly: true, timeout: 5_000 });
  try {
    closeSync(openSync(part, 'wx', 0o600));
    // All pages in one step: in several, a busy server would make it begin again and again.
    await backup(source, part, { rate: 2 ** 31 - 1 });
    const users = await examine(part);
    moveIntoPlace(part, to);
    return users;
  } finally {
    source.close();
    rmSync(part, { force: true });
  }
};

/** Puts the backup `from` where the database `to` is, which nobody may have open. Returns the users, and where the old one is now. */
export const restore = async (from: string, to: string, now: number): Promise<{ users: number; aside: string | undefined }> => {
  if (!existsSync(from)) throw new BackupError(`There is no backup at ${from}.`);
  const part = partOf(to);
  rmSync(part, { force: true });
  // An empty machine, which is where most backups are put back, has no data folder yet.
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(part, 'wx', 0o600));
    copyFileSync(from, part);
    const users = await examine(part);
    const aside = existsSync(to) ? await setAside(to, now) : undefined;
    moveIntoPlace(part, to);
    return { users, aside };
  } finally {
    rmSync(part, { force: true });
  }
};

/** @throws BackupError unless it is a whole database of this release or an earlier one. */
const examine = async (file: string): Promise<number> => {
  const users = countUsers(file);
  await refuseNewer(file);
  return users;
};

const countUsers = (file: string): number => {
  const database = new DatabaseSync(file);
  try {
    // As one file, without the two that a write-ahead log keeps beside it.
    database.exec('pragma journal_mode = delete');
    const [check] = database.prepare('pragma quick_check(1)').all();
    if (check?.quick_check !== 'ok') throw new BackupError(`${file} is damaged: ${check?.quick_check}`);
    return Number(database.prepare('select count(*) as users from users').get()?.users);
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`This is no database of Tegata (${(error as Error).message}).`, { cause: error });
  } finally {
    database.close();
  }
};

const refuseNewer = async (file: string): Promise<void> => {
  const { db, close } = await openSqlite(file);
  try {
    const { unknown } = await schemaState(db);
    if (unknown.length > 0) {
      throw new BackupError(`It has the schema of a newer release (${unknown.join(', ')}): use that release.`);
    }
  } finally {
    await close();
  }
};

/** Opened alone first: whoever has it open would go on writing to the file that was moved away. */
const setAside = async (file: string, now: number): Promise<string> => {
  const alone = await openSqlite(file, { isExclusive: true, busyTimeoutMs: 2_000 }).catch((cause: unknown) => {
    throw new BackupError(`${file} is in use: stop every server and tool that has it open, and run the same command again.`, {
      cause,
    });
  });
  await alone.close();
  const aside = `${file}.before-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  renameSync(file, aside);
  for (const rest of ['-wal', '-shm']) rmSync(`${file}${rest}`, { force: true });
  return aside;
};

const moveIntoPlace = (part: string, to: string): void => {
  flush(part);
  renameSync(part, to);
  flush(dirname(to));
};

const flush = (path: string): void => {
  const handle = openSync(path, 'r');
  fsyncSync(handle);
  closeSync(handle);
};
