import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { digestLength, type HashFormat, readPhc, recipeOf, shortestSalt } from './foreign-hash.ts';

// PBKDF2 (RFC 8018) as Django, Werkzeug, passlib, ASP.NET, Keycloak and others use it: `$pbkdf2-sha256$i=600000,l=32$…`.

const derive = promisify(pbkdf2);

/** Bytes of one block, and the rounds below which a hash is wrapped: a fifth of what OWASP asks for today. */
const digests: Record<string, { block: number; fewestRounds: number }> = {
  'pbkdf2-sha1': { block: 20, fewestRounds: 260_000 },
  'pbkdf2-sha256': { block: 32, fewestRounds: 120_000 },
  'pbkdf2-sha512': { block: 64, fewestRounds: 42_000 },
};

/** Rounds times blocks. */
const mostRounds = 3_000_000;

export const pbkdf2Format: HashFormat = {
  matches: (hash) => hash.startsWith('$pbkdf2-'),
  read: (hash) => {
    const read = readPhc(hash);
    const digest = read && digests[read.id];
    if (!read || !digest) return undefined;
    const rounds = read.parameters.i ?? 0;
    const length = digestLength(read, 128);
    if (length === undefined || rounds < 1) return undefined;
    const isTooCostly = rounds * Math.ceil(length / digest.block) > mostRounds;
    const isWeak = rounds < digest.fewestRounds || read.salt.length < shortestSalt;
    return {
      recipe: recipeOf({ ...read, parameters: { i: rounds, l: length } }),
      digest: read.digest,
      cost: isTooCostly ? 'too_costly' : isWeak ? 'weak' : 'fair',
      derive: (password) => derive(password, read.salt, rounds, length, read.id.slice('pbkdf2-'.length)),
    };
  },
};
