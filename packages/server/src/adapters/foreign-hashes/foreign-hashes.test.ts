import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PasswordHash } from '@tegata/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHashingLane } from '../hashing-lane.ts';
import { createPasswordHasher } from '../password-hasher.ts';
import type { FirebaseScrypt } from './firebase-scrypt.ts';
import { readImportedHash, type StructuredHash } from './imported-hash.ts';
import { readHash } from './read-hash.ts';
import { wrapHash } from './wrapped-hash.ts';

const cheap = { argon2: { memoryKiB: 8, passes: 1 }, bcryptCost: 4 };
const lane = createHashingLane({ concurrency: 2, maxQueued: 10_000, deadlineMs: 60_000 });
const hasher = createPasswordHasher({ algorithm: 'argon2id', lane }, cheap);

const base64 = (text: string) => Buffer.from(text).toString('base64');
const fromHex = (hex: string) => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex').toString('base64');

/** What is stored of it, as an import would. */
const stored = async (given: string | StructuredHash, firebase?: FirebaseScrypt): Promise<PasswordHash> => {
  const imported = readImportedHash(given, firebase);
  if (!imported.ok) throw new Error(imported.failure.code);
  const { value } = imported;
  return value.kind === 'kept' ? (value.hash as PasswordHash) : wrapHash(value.read, cheap.argon2);
};

type Vector = { source: string; password: string; given: string | StructuredHash; isWeak?: boolean; firebase?: FirebaseScrypt };

/** The example of Firebase's own tool, github.com/firebase/scrypt. */
const firebase: FirebaseScrypt = {
  signerKey: Buffer.from('jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==', 'base64'),
  saltSeparator: Buffer.from('Bw==', 'base64'),
  rounds: 8,
  memCost: 14,
};
const firebaseHash: StructuredHash = {
  algorithm: 'firebase-scrypt',
  salt: '42xEC+ixf3L2lw==',
  hash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
};

const vectors: Vector[] = [
  { source: 'firebase/scrypt', password: 'user1password', given: firebaseHash, firebase },
  {
    source: 'RFC 7914, section 12',
    password: 'pleaseletmein',
    given: {
      algorithm: 'scrypt',
      N: 16384,
      r: 8,
      p: 1,
      salt: base64('SodiumChloride'),
      hash: fromHex(`7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2
        d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887`),
    },
  },
  {
    source: 'RFC 7914, section 12',
    password: 'password',
    given: {
      algorithm: 'scrypt',
      N: 1024,
      r: 8,
      p: 16,
      salt: base64('NaCl'),
      hash: fromHex(`fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162
        2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640`),
    },
    isWeak: true,
  },
  {
    source: 'the documentation of passlib',
    password: 'password',
    given: '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
  },
  {
    source: "Django's tests",
    password: 'lètmein',
    given: 'scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==',
    isWeak: true,
  },
  {
    source: "Django's tests",
    password: 'lètmein',
    given: 'pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=',
    isWeak: true,
  },
  {
    source: 'RFC 7914, section 11',
    password: 'Password',
    given: {
      algorithm: 'pbkdf2-sha256',
      iterations: 80_000,
      salt: base64('NaCl'),
      hash: fromHex(`4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56
        a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d`),
    },
    isWeak: true,
  },
  {
    source: 'RFC 6070',
    password: 'passwordPASSWORDpassword',
    given: {
      algorithm: 'pbkdf2-sha1',
      iterations: 4096,
      salt: base64('saltSALTsaltSALTsaltSALTsaltSALTsalt'),
      hash: fromHex('3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038'),
    },
    isWeak: true,
  },
  // Made with Python's hashlib.
  {
    source: 'hashlib, as Werkzeug writes it',
    password: 'correct horse',
    given:
      'pbkdf2:sha512:210000$seasalt-of-eight$7298df8c9778307bcac74ddc72b8290c3d7df910e5ffbe48931c5a2fee5b37f0c67e943b823649230035554b8a9ab85ba20c7ba1453620ab94130250fb7cbd9a',
  },
  {
    source: 'hashlib, as passlib writes it',
    password: 'correct horse',
    given: '$pbkdf2-sha256$600000$c2Vhc2FsdC1vZi1laWdodA$.NEFJdzY0HqdWaz84Jw32O8ifhSx4F9mVePfzQdymVU',
  },
  {
    source: 'hashlib, as Werkzeug writes it',
    password: 'correct horse',
    given:
      'scrypt:32768:8:1$seasalt-of-eight$ab8d0a7ee9b4c8ec3dcfc19c5504564d387faa73d049133eb17a2f007c27075452c1340710d0727d7a76f1a87daf427d1dada01a9e5a6a87043b480ee0c2cdcc',
  },
  { source: 'hashlib', password: 'correct horse', given: '3cb4e732631f47e6eb961f34554b7cde', isWeak: true },
  { source: 'hashlib', password: 'correct horse', given: '2f9e53523b62abc141a2b4d6019d23cba835dbd0', isWeak: true },
  {
    source: 'hashlib',
    password: 'correct horse',
    given: '4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631',
    isWeak: true,
  },
  {
    source: 'hashlib',
    password: 'correct horse',
    given:
      '56b698defedb5a435b634afe3320bbaf3fdcd920b6c503a446fc7b7a776b298d479d1ba6a8b617808eb0bf579ce9a95d668347bcab7149085ac93cb27995197b',
    isWeak: true,
  },
  {
    source: 'hashlib, as Django writes it',
    password: 'correct horse',
    given: 'sha1$seasalt$55eef163bf2e349b9946e3183eef620dde0247f5',
    isWeak: true,
  },
  {
    source: 'hashlib, as Django writes it',
    password: 'correct horse',
    given: 'md5$seasalt$b614725f4cc025a51ab6a354d12890ab',
    isWeak: true,
  },
  // The vectors of the hasher's own test: libxcrypt and OpenSSL.
  {
    source: 'libxcrypt',
    password: 'pässwörd 🐎',
    given: '$2y$04$tegataTegataTegataTeg.SsbkSgov0NVOmwAngPwXAC9EpPOmbxe',
    isWeak: true,
  },
  {
    source: 'libxcrypt, as Django writes it',
    password: 'correct horse',
    given: 'bcrypt$$2b$05$tegataTegataTegataTeg.0HJ5ipxDmpUVWTuFGuTkoIOWiJrNnr2',
    isWeak: true,
  },
  {
    source: 'OpenSSL',
    password: 'correct horse',
    given: '$argon2id$v=19$m=64,t=3,p=1$c2FsdCBvZiBhIHRlc3QhIQ$YzkYwAFTPVcsAb4NsQlriAToyCKpJmfRMZreuU2BlFw',
    isWeak: true,
  },
  {
    source: 'OpenSSL, as Django writes it',
    password: 'correct horse',
    given: 'argon2$argon2i$v=19$m=64,t=2,p=1$c2FsdCBvZiBhIHRlc3QhIQ$T8bATFh98n/l9h1j6GtT1Y3PGLKuJ+LMobUONsHUus0',
    isWeak: true,
  },
];

describe('a hash from elsewhere lets the right password in, and nothing near it', () => {
  test.each(vectors)('$source: $given', async ({ password, given, isWeak = false, firebase }) => {
    const hash = await stored(given, firebase);
    expect(hash.startsWith('wrapped:')).toBe(isWeak);
    expect(await hasher.verify(password, hash)).toBe(true);
    for (const wrong of [`${password}x`, password.slice(1)]) {
      expect(await hasher.verify(wrong, hash), wrong).toBe(false);
    }
    expect(hasher.needsRehash(hash)).toBe(true);
    // What was exported is imported as it was.
    expect(readImportedHash(hash, undefined)).toEqual({ ok: true, value: { kind: 'kept', hash } });
  });

  test('the published vectors of bcrypt and Argon2 verify wrapped too', async () => {
    // biome-ignore lint/style/noProcessEnv: the folder of public test vectors is a matter of the test run, not of the server.
    const { CORPORA_DIR } = process.env;
    // biome-ignore lint/suspicious/noConsole: a corpus that is missing must not go unnoticed.
    if (!CORPORA_DIR) return console.warn('CORPORA_DIR is not set: the vectors above stand in for the known answers.');
    const read = (name: string) => JSON.parse(readFileSync(join(CORPORA_DIR, 'password-hash-kats', name), 'utf8')).vectors;
    const bcrypts: { password: string; hash: string }[] = read('bcrypt.json')
      .filter(({ valid }: { valid: boolean }) => valid)
      .map(({ password_hex, hash }: Record<string, string>) => ({
        password: Buffer.from(password_hex!, 'hex').toString('utf8'),
        bytes: password_hex,
        hash,
      }))
      .filter(
        ({ password, bytes }: Record<string, string>) =>
          Buffer.from(password!).toString('hex') === bytes && !password!.includes('\0'),
      );
    const argon2s: { password: string; hash: string }[] = read('argon2.json')
      .filter(({ m_kib }: { m_kib: number }) => m_kib <= 65_536)
      .map(({ password, encoded }: Record<string, string>) => ({ password, hash: encoded }));
    expect(bcrypts.length).toBeGreaterThan(10);
    expect(argon2s.length).toBeGreaterThan(10);
    const wrong: string[] = [];
    for (const { password, hash } of [...bcrypts, ...argon2s]) {
      const readable = readHash(hash);
      const wrapped = readable && (await wrapHash(readable, cheap.argon2));
      if (!wrapped || !(await hasher.verify(password, wrapped)) || (await hasher.verify(`${password}x`.slice(1), wrapped)))
        wrong.push(hash);
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});

test('nothing of a weak digest is in what is stored', async () => {
  for (const { given } of vectors.filter(({ isWeak }) => isWeak)) {
    const imported = readImportedHash(given, firebase);
    if (!imported.ok || imported.value.kind !== 'weak') throw new Error('not weak');
    const { digest } = imported.value.read;
    const hash = await wrapHash(imported.value.read, cheap.argon2);
    for (const text of [digest.toString('base64').replaceAll('=', ''), digest.toString('hex'), digest.toString('latin1')]) {
      expect(hash).not.toContain(text);
    }
  }
});

test("the signer key of a Firebase project is not kept, and another project's key lets nobody in", async () => {
  const hash = await stored(firebaseHash, firebase);
  expect(hash).not.toContain(firebase.signerKey.toString('base64').slice(0, 20));
  const another = { ...firebase, signerKey: Buffer.alloc(64, 7) };
  expect(await hasher.verify('user1password', await stored(firebaseHash, another))).toBe(false);
  expect(readImportedHash(firebaseHash, { ...firebase, signerKey: Buffer.alloc(32) })).toMatchObject({
    failure: { code: 'hash_unknown' },
  });
  expect(readImportedHash(firebaseHash, undefined)).toMatchObject({ failure: { code: 'firebase_parameters_missing' } });
});

test('a weak hash that got into the database without an import lets nobody in', async () => {
  const weak = readImportedHash('5f4dcc3b5aa765d61d8327deb882cf99', undefined);
  if (!weak.ok || weak.value.kind !== 'weak') throw new Error('not weak');
  const { recipe, digest } = weak.value.read;
  expect(await hasher.verify('password', `${recipe}${digest.toString('base64').replaceAll('=', '')}` as PasswordHash)).toBe(
    false,
  );
});

test('hashes that would take seconds or gigabytes are refused by the import, and not computed by a log-in', async () => {
  const tail = `$${'c2FsdHNhbHRzYWx0'}$${'A'.repeat(43)}`;
  for (const costly of [
    `$argon2id$v=19$m=4194304,t=1,p=1${tail}`,
    `$argon2d$v=19$m=65536,t=1000000,p=1${tail}`,
    `$scrypt$ln=22,r=8,p=1${tail}`,
    `$scrypt$ln=30,r=1000000,p=1000000${tail}`,
    `$scrypt$ln=1000000000,r=8,p=1${tail}`,
    `$pbkdf2-sha256$i=999999999${tail}`,
    `$firebase-scrypt$ln=20,r=8${tail}`,
    `$2b$31$${'a'.repeat(53)}`,
    'scrypt:536870912:8:1$salt$00112233445566778899aabbccddeeff',
    'pbkdf2_sha256$900000000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  ]) {
    expect(readImportedHash(costly, undefined), costly).toEqual({ ok: false, failure: { code: 'hash_too_costly' } });
    expect(await hasher.verify('password', costly as PasswordHash)).toBe(false);
    expect(await hasher.verify('password', `wrapped:${costly.slice(0, -43)}${hasher.dummyHash}` as PasswordHash)).toBe(false);
  }
});

test('what is no hash at all is refused, and whatever stands in the column is "no", never an error', async () => {
  const good = await Promise.all(vectors.filter(({ isWeak }) => isWeak).map(({ given }) => stored(given, firebase)));
  for (const nonsense of [
    '',
    'password',
    'md5$salt$0011',
    '$2x$10$abc',
    'sha512_crypt',
    '{SSHA}abc',
    'wrapped:',
    `wrapped:${'$fast-md5$l=16$$'}`,
  ]) {
    expect(readImportedHash(nonsense, firebase), nonsense).toEqual({ ok: false, failure: { code: 'hash_unknown' } });
  }
  const pieces = fc.constantFrom(
    ...good,
    'wrapped:',
    '$scrypt$',
    '$pbkdf2-sha256$',
    'ln=4,r=1,p=1',
    'ln=0,r=0,p=0',
    'i=1,l=16',
    'l=999',
    '$c2FsdA',
    '$',
    'A'.repeat(43),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 6 }).map((parts) => parts.join('')),
        fc
          .tuple(fc.constantFrom(...good), fc.nat(150), fc.string({ maxLength: 2 }))
          .map(([hash, at, text]) => hash.slice(0, at) + text),
      ),
      async (hash) => {
        fc.pre(!good.includes(hash as PasswordHash));
        readImportedHash(hash, firebase);
        expect(await hasher.verify('no password of these', hash as PasswordHash)).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});
