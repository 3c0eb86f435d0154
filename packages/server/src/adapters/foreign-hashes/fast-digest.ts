import { createHash } from 'node:crypto';
import { digestLength, type HashFormat, readPhc, recipeOf } from './foreign-hash.ts';

// One round of a fast hash, with the salt before the password or none. Billions are tried in a second: it is only ever
// kept wrapped.

const digests: Record<string, string> = {
  'fast-md5': 'md5',
  'fast-sha1': 'sha1',
  'fast-sha256': 'sha256',
  'fast-sha512': 'sha512',
};

export const fastDigestFormat: HashFormat = {
  matches: (hash) => hash.startsWith('$fast-'),
  read: (hash) => {
    const read = readPhc(hash);
    const algorithm = read && digests[read.id];
    const length = read && digestLength(read, 64);
    if (!algorithm || !read || length === undefined) return undefined;
    return {
      recipe: recipeOf({ ...read, parameters: { l: length } }),
      digest: read.digest,
      cost: 'weak',
      derive: async (password) => createHash(algorithm).update(read.salt).update(password).digest(),
    };
  },
};
