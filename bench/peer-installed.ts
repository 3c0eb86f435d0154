import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('./peer/', import.meta.url));
const manifest = `${folder}node_modules/better-auth/package.json`;

/** Its version; installs it where it is not, since nothing else here needs it. Undefined, and said, where that is impossible. */
export const peerVersion = (): string | undefined => {
  try {
    if (!existsSync(manifest)) execFileSync('npm', ['ci', '--prefix', folder], { stdio: 'inherit', timeout: 180_000 });
    return JSON.parse(readFileSync(manifest, 'utf8')).version;
  } catch (error) {
    console.log(`! better-auth could not be installed, so its rows are missing: ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  }
};
