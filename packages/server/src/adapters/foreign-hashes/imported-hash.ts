// What an import is given as a password hash, translated into the one kind of text that is stored: PHC strings, bcrypt's own
// notation, or either wrapped. The notations of the libraries that made them are known here and nowhere else.

import { fail, ok, type Result } from '@tegata/core';
import { type FirebaseScrypt, keyStreamOf } from './firebase-scrypt.ts';
import { phcText, type ReadHash } from './foreign-hash.ts';
import { readHash } from './read-hash.ts';
import { readWrapped } from './wrapped-hash.ts';

export type ImportedHash =
  /** Stored as it is. */
  | { kind: 'kept'; hash: string }
  /** Wrapped first, which costs a hash. */
  | { kind: 'weak'; read: ReadHash };

export type HashProblem = { code: 'hash_unknown' } | { code: 'hash_too_costly' } | { code: 'firebase_parameters_missing' };

/** Of Node's own functions and of Firebase, which have no notation. `salt` and `hash` are base64. */
export type StructuredHash =
  | { algorithm: 'scrypt'; N: number; r: number; p: number; salt: string; hash: string }
  | { algorithm: 'pbkdf2-sha1' | 'pbkdf2-sha256' | 'pbkdf2-sha512'; iterations: number; salt: string; hash: string }
  | { algorithm: 'firebase-scrypt'; salt: string; hash: string };

export const readImportedHash = (
  given: string | StructuredHash,
  firebase: FirebaseScrypt | undefined,
): Result<ImportedHash, HashProblem> => {
  if (typeof given === 'object' && given.algorithm === 'firebase-scrypt' && !firebase) return fail('firebase_parameters_missing');
  const text = typeof given === 'string' ? translated(given) : structured(given, firebase);
  const wrapped = text === undefined ? undefined : readWrapped(text);
  if (text !== undefined && wrapped) {
    return readHash(wrapped.outer)?.cost === 'too_costly' ? fail('hash_too_costly') : ok({ kind: 'kept', hash: text });
  }
  const read = text === undefined ? undefined : readHash(text);
  if (text === undefined || !read || read.digest.length === 0) return fail('hash_unknown');
  if (read.cost === 'too_costly') return fail('hash_too_costly');
  return ok(read.cost === 'weak' ? { kind: 'weak', read } : { kind: 'kept', hash: text });
};

const phc = (id: string, parameters: Record<string, number>, salt: Buffer, digest: Buffer): string =>
  phcText({ id, version: undefined, parameters: { ...parameters, l: digest.length }, salt, digest });

/** Standard and URL-safe alphabets, and passlib's, which has a dot in the place of the plus. */
const base64 = (text: string): Buffer | undefined =>
  /^[A-Za-z0-9+/._-]*={0,2}$/.test(text) ? Buffer.from(text.replaceAll('.', '+'), 'base64') : undefined;

const logarithm = (n: number): number => (Number.isInteger(Math.log2(n)) ? Math.log2(n) : 0);

const structured = (given: StructuredHash, firebase: FirebaseScrypt | undefined): string | undefined => {
  const salt = base64(given.salt);
  const hash = base64(given.hash);
  if (!salt || !hash) return undefined;
  if (given.algorithm === 'scrypt') return phc('scrypt', { ln: logarithm(given.N), r: given.r, p: given.p }, salt, hash);
  if (given.algorithm !== 'firebase-scrypt') return phc(given.algorithm, { i: given.iterations }, salt, hash);
  const stream = firebase && keyStreamOf(hash, firebase.signerKey);
  if (!firebase || !stream) return undefined;
  const whole = Buffer.concat([salt, firebase.saltSeparator]);
  return phc('firebase-scrypt', { ln: firebase.memCost, r: firebase.rounds }, whole, stream);
};

type Notation = { pattern: RegExp; text: (parts: string[]) => string | undefined };

const fastByLength: Record<number, string> = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' };

const notations: readonly Notation[] = [
  // Django's names before what others write: `argon2$argon2id$…`, `bcrypt$$2b$…`.
  { pattern: /^argon2(\$argon2.+)$/, text: ([rest = '']) => rest },
  { pattern: /^bcrypt\$(\$2.+)$/, text: ([rest = '']) => rest },
  // Django: `pbkdf2_sha256$600000$salt$base64`, the salt as text. Its `pbkdf2_sha1` likewise.
  {
    pattern: /^pbkdf2_(sha1|sha256|sha512)\$(\d{1,9})\$([^$]*)\$([^$]+)$/,
    text: ([name, rounds, salt = '', digest = '']) => withDigest(`pbkdf2-${name}`, { i: Number(rounds) }, salt, base64(digest)),
  },
  // Django: `scrypt$16384$salt$8$1$base64`.
  {
    pattern: /^scrypt\$(\d{1,9})\$([^$]*)\$(\d{1,4})\$(\d{1,4})\$([^$]+)$/,
    text: ([n, salt = '', r, p, digest = '']) =>
      withDigest('scrypt', { ln: logarithm(Number(n)), r: Number(r), p: Number(p) }, salt, base64(digest)),
  },
  // Werkzeug: `pbkdf2:sha256:600000$salt$hex` and `scrypt:32768:8:1$salt$hex`.
  {
    pattern: /^pbkdf2:(sha1|sha256|sha512):(\d{1,9})\$([^$]*)\$((?:[0-9a-f]{2})+)$/,
    text: ([name, rounds, salt = '', digest = '']) =>
      withDigest(`pbkdf2-${name}`, { i: Number(rounds) }, salt, Buffer.from(digest, 'hex')),
  },
  {
    pattern: /^scrypt:(\d{1,9}):(\d{1,4}):(\d{1,4})\$([^$]*)\$((?:[0-9a-f]{2})+)$/,
    text: ([n, r, p, salt = '', digest = '']) =>
      withDigest('scrypt', { ln: logarithm(Number(n)), r: Number(r), p: Number(p) }, salt, Buffer.from(digest, 'hex')),
  },
  // passlib: `$pbkdf2-sha256$29000$salt$digest`, and `$pbkdf2$…` for SHA-1.
  {
    pattern: /^\$pbkdf2(-sha256|-sha512)?\$(\d{1,9})\$([A-Za-z0-9./]*)\$([A-Za-z0-9./]+)$/,
    text: ([name = '-sha1', rounds, salt = '', digest = '']) => {
      const bytes = base64(salt);
      const derived = base64(digest);
      return bytes && derived && phc(`pbkdf2${name}`, { i: Number(rounds) }, bytes, derived);
    },
  },
  // Django's `md5$salt$hex` and `sha1$salt$hex`, and bare digests, told by their length.
  {
    pattern: /^(md5|sha1)\$([^$]*)\$([0-9a-f]{32}|[0-9a-f]{40})$/,
    text: ([name, salt = '', digest = '']) =>
      fastByLength[digest.length] === name ? withDigest(`fast-${name}`, {}, salt, Buffer.from(digest, 'hex')) : undefined,
  },
  {
    pattern: /^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$/i,
    text: ([digest = '']) => withDigest(`fast-${fastByLength[digest.length]}`, {}, '', Buffer.from(digest, 'hex')),
  },
];

const withDigest = (
  id: string,
  parameters: Record<string, number>,
  salt: string,
  digest: Buffer | undefined,
): string | undefined => digest && phc(id, parameters, Buffer.from(salt), digest);

const translated = (given: string): string | undefined => {
  if (given.length > 1024) return undefined;
  for (const { pattern, text } of notations) {
    const match = pattern.exec(given);
    if (match) return text(match.slice(1));
  }
  return given;
};
