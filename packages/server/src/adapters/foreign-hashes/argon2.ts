import * as argon2 from '@node-rs/argon2';
import { digestLength, type HashFormat, mostMemoryKiB, readPhc, recipeOf, shortestSalt } from './foreign-hash.ts';

// Argon2 in its three kinds and two versions (RFC 9106). Fair ones are verified as they are, by the library; this is what
// an import asks about them, and what the weak ones that it wraps are derived with.

const kinds: Record<string, number> = { argon2d: 0, argon2i: 1, argon2id: 2 };
const versions: Record<number, number> = { 16: 0, 19: 1 };

/** KiB times passes: the cheapest choice that OWASP names, and a second of work. */
const leastWork = 35_840;
const leastMemoryKiB = 7_168;
export const mostArgon2Work = 2 ** 21;

export const argon2Format: HashFormat = {
  matches: (hash) => /^\$argon2(id|i|d)\$/.test(hash),
  read: (hash) => {
    const read = readPhc(hash);
    const length = read && digestLength(read, 128);
    const algorithm = kinds[read?.id ?? ''];
    const version = versions[read?.version ?? 16];
    if (!read || length === undefined || algorithm === undefined || version === undefined) return undefined;
    const { m = 0, t = 0, p = 0 } = read.parameters;
    if (t < 1 || p < 1 || p > 255 || m < 8 * p || read.salt.length < 8) return undefined;
    const isWeak = m * t < leastWork || m < leastMemoryKiB || read.salt.length < shortestSalt;
    return {
      recipe: recipeOf({ ...read, parameters: { m, t, p, l: length } }),
      digest: read.digest,
      cost: m * t > mostArgon2Work || m > mostMemoryKiB ? 'too_costly' : isWeak ? 'weak' : 'fair',
      derive: (password) =>
        argon2.hashRaw(password, {
          algorithm: algorithm as argon2.Algorithm,
          version: version as argon2.Version,
          memoryCost: m,
          timeCost: t,
          parallelism: p,
          outputLen: length,
          salt: read.salt,
        }),
    };
  },
};
