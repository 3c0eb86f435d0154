import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../server-process.ts';

// The release before, out of the history of this repository, beside today's: its sources in a folder of its own, with the
// dependencies of today.

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const migrations = 'packages/server/src/stores/sql/migrations';

const git = async (...args: string[]): Promise<string> => (await run('git', ['-C', root, ...args])).stdout.trim();

/**
 * UPGRADE_FROM, or the newest tag; where nothing has been released yet, the last commit before the newest migration came in, so
 * that there is something to migrate.
 * @throws Error that says what to do where the history is not here: an upgrade that was not tried must not look like one that went well.
 */
const earlierCommit = async (): Promise<string> => {
  try {
    const named = process.env.UPGRADE_FROM ?? (await git('describe', '--tags', '--abbrev=0').catch(() => ''));
    if (named) return await git('rev-parse', '--verify', `${named}^{commit}`);
    const newest = (await readdir(join(root, migrations))).sort().at(-1);
    const added = await git('log', '-1', '--diff-filter=A', '--format=%H', '--', `${migrations}/${newest}`);
    // A migration that nobody has committed yet comes after everything.
    return await git('rev-parse', '--verify', added ? `${added}^` : 'HEAD');
  } catch (cause) {
    throw new Error(
      'The release before is taken from git, and is not in the history here. In a shallow clone run `git fetch --unshallow --tags`; ' +
        'UPGRADE_FROM=<tag or commit> names another one.',
      { cause },
    );
  }
};

export type EarlierRelease = {
  commit: string;
  /** Its command line, to be run by Node. */
  tegata: string;
  migrations: string[];
};

/** Gone when the test is over. */
export const earlierRelease = async (): Promise<EarlierRelease> => {
  const commit = await earlierCommit();
  const folder = await temporaryFolder();
  const archive = join(folder, 'sources.tar');
  await git('archive', '--output', archive, commit);
  await run('tar', ['-xf', archive, '-C', folder]);
  await rm(archive);
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@tegata'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@tegata' && !name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(modules, name));
  }
  // Its own packages, not today's.
  for (const name of await readdir(join(folder, 'packages'))) {
    await symlink(join(folder, 'packages', name), join(modules, '@tegata', name));
  }
  return {
    commit: commit.slice(0, 7),
    tegata: join(folder, 'packages/server/src/cli/tegata.ts'),
    migrations: (await readdir(join(folder, migrations))).map((name) => name.replace('.ts', '')).sort(),
  };
};

/** So many people as lines for `tegata users import`: `person-0@example.com` and on, all with the same password. */
export const writePeople = async (file: string, count: number, passwordHash: string): Promise<void> => {
  const line = (number: number) =>
    JSON.stringify({
      email: `person-${number}@example.com`,
      name: `Person ${number}`,
      email_verified: true,
      password_hash: passwordHash,
    });
  await writeFile(file, Array.from({ length: count }, (_, number) => line(number)).join('\n'), { mode: 0o600 });
};
