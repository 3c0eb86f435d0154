import { argon2Format } from './argon2.ts';
import { bcryptFormat } from './bcrypt.ts';
import { fastDigestFormat } from './fast-digest.ts';
import { firebaseScryptFormat } from './firebase-scrypt.ts';
import type { HashFormat, ReadHash } from './foreign-hash.ts';
import { pbkdf2Format } from './pbkdf2.ts';
import { scryptFormat } from './scrypt.ts';

const formats: readonly HashFormat[] = [
  argon2Format,
  bcryptFormat,
  scryptFormat,
  pbkdf2Format,
  firebaseScryptFormat,
  fastDigestFormat,
];

/** Undefined when no format knows it. */
export const readHash = (hash: string): ReadHash | undefined => formats.find(({ matches }) => matches(hash))?.read(hash);
