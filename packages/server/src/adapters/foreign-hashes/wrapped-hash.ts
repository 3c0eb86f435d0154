// A weak hash under a strong one: `wrapped:<recipe of the weak hash><Argon2id of its digest>`. The digest itself, which
// could be guessed at with little effort, is nowhere in it; a password becomes the digest by the recipe, and the digest is
// what Argon2id verifies.

import * as argon2 from '@node-rs/argon2';
import type { PasswordHash } from '@tegata/core';
import type { ReadHash } from './foreign-hash.ts';
import { readHash } from './read-hash.ts';

const mark = 'wrapped:';

/** As text, because the library takes what it verifies for UTF-8. */
export const wrappedPassword = (digest: Buffer): string => digest.toString('base64');

export const wrapHash = async (
  { recipe, digest }: Pick<ReadHash, 'recipe' | 'digest'>,
  { memoryKiB, passes }: { memoryKiB: number; passes: number },
): Promise<PasswordHash> => {
  const outer = await argon2.hash(wrappedPassword(digest), {
    memoryCost: memoryKiB,
    timeCost: passes,
    parallelism: 1,
    outputLen: 32,
  });
  return `${mark}${recipe}${outer}` as PasswordHash;
};

/** Undefined when it is no wrapped hash that can be verified. */
export const readWrapped = (hash: string): { inner: ReadHash; outer: string } | undefined => {
  const at = hash.lastIndexOf('$argon2id$');
  if (!hash.startsWith(mark) || at < 0) return undefined;
  const inner = readHash(hash.slice(mark.length, at));
  if (!inner || inner.cost === 'too_costly' || inner.digest.length > 0) return undefined;
  return { inner, outer: hash.slice(at) };
};
