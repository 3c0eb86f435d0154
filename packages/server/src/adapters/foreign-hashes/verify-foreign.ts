import { timingSafeEqual } from 'node:crypto';
import { readHash } from './read-hash.ts';

/**
 * Undefined when `hash` is none that can be verified, be it for its form or for its cost. Weak ones are stored wrapped and
 * never as they are: whoever finds one in the database put it there by another way than an import.
 */
export const verifyForeign = async (password: string, hash: string): Promise<boolean | undefined> => {
  const read = readHash(hash);
  if (read?.cost !== 'fair' || read.digest.length === 0) return undefined;
  try {
    const derived = await read.derive(password);
    return derived.length === read.digest.length && timingSafeEqual(derived, read.digest);
  } catch {
    // Parameters that are well-formed may still contradict each other.
    return undefined;
  }
};
