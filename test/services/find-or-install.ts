// Programs that tests need beside Node: found where Debian or the PATH has them, or else installed from Debian's packages.

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Wanted = {
  /** Such as `redis-server`. */
  program: string;
  debianPackage: string;
  /** Where the package puts it when that is not in the PATH. Asked again after an installation. */
  folders?: () => string[];
};

/**
 * The program's path.
 * @throws Error that says what to install, when it is missing and cannot be installed from here. Nothing is skipped silently.
 */
export const findOrInstall = async (wanted: Wanted): Promise<string> => {
  const found = find(wanted);
  if (found) return found;
  const problem = await install(wanted.debianPackage);
  const installed = find(wanted);
  if (installed) return installed;
  throw new Error(
    `These tests need ${wanted.program}, which is not here. Install it (on Debian: apt-get install ${wanted.debianPackage}) ` +
      `and run them again, or run \`npm run test:quick\`, which needs nothing.${problem ? `\nInstalling it failed: ${problem}` : ''}`,
  );
};

const find = ({ program, folders = () => [] }: Wanted): string | undefined => {
  const places = [...folders(), ...(process.env.PATH ?? '').split(':').filter(Boolean)];
  return places.map((folder) => join(folder, program)).find(isExecutable);
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** What went wrong, if anything did. */
export const install = async (debianPackage: string): Promise<string | undefined> => {
  if (process.getuid?.() !== 0) return 'only root can install packages';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', debianPackage], { env, maxBuffer: 64 * 1024 * 1024 });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
