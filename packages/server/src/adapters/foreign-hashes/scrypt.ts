import { type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import {
  digestLength,
  type HashFormat,
  mostMemoryKiB,
  type Phc,
  type ReadHash,
  readPhc,
  recipeOf,
  shortestSalt,
} from './foreign-hash.ts';

// scrypt (RFC 7914) as a PHC string, `$scrypt$ln=14,r=8,p=1,l=64$…`: `ln` is the logarithm of N.

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** N times r times p: what Node takes by default, and eight times OWASP's first choice. */
const leastWork = 2 ** 17;
const mostWork = 2 ** 21;

export const scryptFormat: HashFormat = {
  matches: (hash) => hash.startsWith('$scrypt$'),
  read: (hash) => {
    const read = readPhc(hash);
    const length = read && digestLength(read, 128);
    if (!read || length === undefined) return undefined;
    const { ln = 0, r = 0, p = 0 } = read.parameters;
    const derived = deriveScrypt({ ln, r, p, salt: read.salt, length });
    return derived && { recipe: recipeOf({ ...read, parameters: { ln, r, p, l: length } }), digest: read.digest, ...derived };
  },
};

export const deriveScrypt = ({
  ln,
  r,
  p,
  salt,
  length,
}: { ln: number; r: number; p: number; length: number } & Pick<Phc, 'salt'>): Pick<ReadHash, 'cost' | 'derive'> | undefined => {
  if (ln < 1 || r < 1 || p < 1) return undefined;
  const work = 2 ** ln * r * p;
  const memoryKiB = (2 ** ln * r) / 8;
  const isTooCostly = ln > 30 || work > mostWork || memoryKiB > mostMemoryKiB;
  return {
    cost: isTooCostly ? 'too_costly' : work < leastWork || salt.length < shortestSalt ? 'weak' : 'fair',
    derive: (password) => derive(password, salt, length, { N: 2 ** ln, r, p, maxmem: (mostMemoryKiB + 2 ** 16) * 1024 }),
  };
};
