import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PasswordHash } from '@tegata/core';
import { Unavailable } from '@tegata/core';
import bcrypt from 'bcrypt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHashingLane } from './hashing-lane.ts';
import { createPasswordHasher } from './password-hasher.ts';

const lane = createHashingLane({ concurrency: 2, maxQueued: 10_000, deadlineMs: 60_000 });
const cheap = { argon2: { memoryKiB: 8, passes: 1 }, bcryptCost: 4 };
const argon2id = createPasswordHasher({ algorithm: 'argon2id', lane }, cheap);
const bcryptHasher = createPasswordHasher({ algorithm: 'bcrypt', lane }, cheap);
const hashers = { argon2id, bcrypt: bcryptHasher };
const asHash = (text: string) => text as PasswordHash;

describe.each(['argon2id', 'bcrypt'] as const)('with %s', (algorithm) => {
  const hasher = hashers[algorithm];

  test('the right password verifies, and nothing near it does', async () => {
    const hash = await hasher.hash(' Correct horse 🐎 ');
    expect(await hasher.verify(' Correct horse 🐎 ', hash)).toBe(true);
    for (const wrong of ['', 'Correct horse 🐎', ' correct horse 🐎 ', ' Correct horse 🐎  ', ' Correct horse ?? ']) {
      expect(await hasher.verify(wrong, hash)).toBe(false);
    }
  });

  test('equal passwords have different hashes', async () => {
    expect(await hasher.hash('password of two people')).not.toBe(await hasher.hash('password of two people'));
  });

  test('every byte of a password counts, whatever it is made of', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('a', '\0', 'é', '🐎'), maxLength: 70 }),
        fc.string({ unit: fc.constantFrom('a', '\0', 'é', '🐎'), maxLength: 70 }),
        async (password, other) => {
          const hash = await hasher.hash(password);
          expect(await hasher.verify(password, hash)).toBe(true);
          expect(await hasher.verify(other, hash)).toBe(other === password);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('the dummy hash is of the kind and cost that new hashes have, and no password matches it', async () => {
    const fresh = await hasher.hash('any password');
    const withoutBytes = (hash: string) => hash.replace(/(\$2b\$04|p=1)\$.*/, '$1');
    expect(withoutBytes(hasher.dummyHash)).toBe(withoutBytes(fresh));
    expect(hasher.dummyHash).toHaveLength(fresh.length);
    expect(hasher.needsRehash(hasher.dummyHash)).toBe(false);
    for (const password of ['', 'password', 'any password']) expect(await hasher.verify(password, hasher.dummyHash)).toBe(false);
  });

  test('two servers have different dummy hashes', () => {
    expect(createPasswordHasher({ algorithm, lane }, cheap).dummyHash).not.toBe(hasher.dummyHash);
  });

  test('hashes of the other algorithm verify too, and are due for replacement', async () => {
    const other = algorithm === 'bcrypt' ? argon2id : bcryptHasher;
    const hash = await other.hash('an imported password');
    expect(await hasher.verify('an imported password', hash)).toBe(true);
    expect(await hasher.verify('another password', hash)).toBe(false);
    expect(hasher.needsRehash(hash)).toBe(true);
    expect(hasher.needsRehash(await hasher.hash('a new password'))).toBe(false);
  });

  test('whatever stands in the hash column, the answer is "no" and never an error', async () => {
    const good = [await argon2id.hash('password'), await bcryptHasher.hash('password')];
    const pieces = fc.constantFrom(
      ...good,
      '$argon2id$',
      '$2b$',
      '$2b$99$',
      'v=19$',
      'm=8,t=1,p=1$',
      'm=1,t=1,p=9$',
      'm=4294967295,t=1,p=1$',
      '\0',
    );
    const anything = fc.oneof(
      fc.string({ maxLength: 100 }),
      fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 6 }).map((parts) => parts.join('')),
      fc
        .tuple(fc.constantFrom(...good), fc.nat(100), fc.string({ maxLength: 2 }))
        .map(([hash, at, text]) => hash.slice(0, at) + text),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (hash) => {
        fc.pre(!good.includes(asHash(hash)));
        expect(await hasher.verify('password', asHash(hash))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('with the real cost', () => {
  test('Argon2id hashes are PHC strings with 19 MiB, two passes, one lane and 32 bytes', async () => {
    const hasher = createPasswordHasher({ algorithm: 'argon2id', lane });
    const form = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;
    expect(await hasher.hash('password')).toMatch(form);
    expect(hasher.dummyHash).toMatch(form);
    expect(hasher.maxBytes).toBe(256);
  });

  test('bcrypt hashes have cost 12', async () => {
    const hasher = createPasswordHasher({ algorithm: 'bcrypt', lane });
    expect(await hasher.hash('password')).toMatch(/^\$2b\$12\$[./A-Za-z0-9]{53}$/);
    expect(hasher.dummyHash).toMatch(/^\$2b\$12\$[./A-Za-z0-9]{53}$/);
    expect(hasher.maxBytes).toBe(72);
  });

  test('a hash with older settings is due for replacement', async () => {
    const today = createPasswordHasher({ algorithm: 'argon2id', lane });
    const salted = 'c29tZXNhbHRzb21lc2FsdA';
    const digest = 'A'.repeat(43);
    expect(today.needsRehash(asHash(`$argon2id$v=19$m=19456,t=2,p=1$${salted}$${digest}`))).toBe(false);
    for (const older of [
      '$argon2id$v=19$m=4096,t=2,p=1$',
      '$argon2id$v=19$m=19456,t=1,p=1$',
      '$argon2i$v=19$m=19456,t=2,p=1$',
      '$argon2id$m=19456,t=2,p=1$',
    ]) {
      expect(today.needsRehash(asHash(`${older}${salted}$${digest}`))).toBe(true);
    }
    expect(today.needsRehash(asHash(`$argon2id$v=19$m=19456,t=2,p=1$${salted}$${digest.slice(0, 22)}`))).toBe(true);
    const bcryptToday = createPasswordHasher({ algorithm: 'bcrypt', lane });
    expect(bcryptToday.needsRehash(await bcryptHasher.hash('password'))).toBe(true);
  });
});

describe('what bcrypt would get wrong', () => {
  test('a password over 72 bytes never verifies against a bcrypt hash, though its first 72 bytes are right', async () => {
    const of72 = 'é'.repeat(36);
    const hash = await bcryptHasher.hash(of72);
    expect(hash).toMatch(/^\$2b\$/);
    expect(await bcrypt.compare(`${of72}X`, hash)).toBe(true);
    for (const hasher of Object.values(hashers)) {
      expect(await hasher.verify(of72, hash)).toBe(true);
      expect(await hasher.verify(`${of72}X`, hash)).toBe(false);
    }
  });

  test('a NUL never makes two passwords one', async () => {
    const hash = await bcryptHasher.hash('ab');
    expect(await bcrypt.compare('ab\0ab', hash)).toBe(true);
    expect(await bcryptHasher.verify('ab\0ab', hash)).toBe(false);
    expect(await bcryptHasher.verify('ab\0', hash)).toBe(false);
  });

  test('a password that bcrypt cannot keep whole gets an Argon2id hash and logs in with it', async () => {
    for (const password of ['with\0NUL', 'x'.repeat(73)]) {
      const hash = await bcryptHasher.hash(password);
      expect(hash).toMatch(/^\$argon2id\$/);
      expect(await bcryptHasher.verify(password, hash)).toBe(true);
      expect(await bcryptHasher.verify(password.slice(0, 4), hash)).toBe(false);
    }
  });

  test('PHP names its bcrypt hashes $2y$, and they verify', async () => {
    const hash = (await bcryptHasher.hash('from a PHP site')).replace('$2b$', '$2y$');
    expect(await argon2id.verify('from a PHP site', asHash(hash))).toBe(true);
    expect(await argon2id.verify('from a php site', asHash(hash))).toBe(false);
  });
});

test('a full lane is told as such, not as a wrong password', async () => {
  const narrow = createHashingLane({ concurrency: 1, maxQueued: 0, deadlineMs: 1000 });
  const hasher = createPasswordHasher({ algorithm: 'argon2id', lane: narrow }, cheap);
  const [first, second] = await Promise.allSettled([hasher.hash('password'), hasher.verify('password', hasher.dummyHash)]);
  expect(first.status).toBe('fulfilled');
  expect(second).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) });
});

test('a hash that nobody could have made in earnest, hours of work, is refused without doing it', async () => {
  const tail = `$c29tZXNhbHRzb21lc2FsdA$${'A'.repeat(43)}`;
  for (const hash of [
    `$argon2id$v=19$m=65536,t=1000000,p=1${tail}`,
    `$argon2id$v=19$m=4194304,t=1,p=1${tail}`,
    `$2b$31$${'a'.repeat(53)}`,
  ]) {
    expect(await argon2id.verify('password', asHash(hash))).toBe(false);
  }
});

describe('known answers', () => {
  type Vector = { password: string; hash: string; matches: boolean };

  /** Vectors that a text, as JSON brings it, can express, and that are no exceptions of the rules above. */
  const fromCorpus = (folder: string): Vector[] => {
    const read = (name: string) => JSON.parse(readFileSync(join(folder, 'password-hash-kats', name), 'utf8'));
    const bcryptVectors: { password_utf8?: string; password_hex: string; hash: string; valid: boolean }[] =
      read('bcrypt.json').vectors;
    const argon2Vectors: { password: string; encoded: string; m_kib: number }[] = read('argon2.json').vectors;
    const malformed: { encoded: string }[] = read('argon2-malformed-encodings.json');
    return [
      ...bcryptVectors.flatMap(({ password_hex, hash, valid }) => {
        const bytes = Buffer.from(password_hex, 'hex');
        const password = bytes.toString('utf8');
        const expressible = Buffer.from(password).equals(bytes) && !password.includes('\0');
        return expressible ? [{ password, hash, matches: valid }] : [];
      }),
      // A gibibyte for each of the two largest is more than a test should take.
      ...argon2Vectors
        .filter(({ m_kib }) => m_kib <= 262_144)
        .map(({ password, encoded }) => ({ password, hash: encoded, matches: true })),
      ...malformed.map(({ encoded }) => ({ password: 'password', hash: encoded, matches: false })),
    ];
  };

  // Made with other implementations than the ones in use: OpenSSL's Argon2 and libxcrypt's bcrypt.
  const argon2idOfOpenSsl = '$argon2id$v=19$m=64,t=3,p=1$c2FsdCBvZiBhIHRlc3QhIQ$YzkYwAFTPVcsAb4NsQlriAToyCKpJmfRMZreuU2BlFw';
  const bcryptOfLibxcrypt = '$2b$05$tegataTegataTegataTeg.0HJ5ipxDmpUVWTuFGuTkoIOWiJrNnr2';
  const ours: Vector[] = [
    { password: 'correct horse', hash: argon2idOfOpenSsl, matches: true },
    { password: 'correct horsf', hash: argon2idOfOpenSsl, matches: false },
    {
      password: 'correct horse',
      hash: '$argon2i$v=19$m=64,t=2,p=1$c2FsdCBvZiBhIHRlc3QhIQ$T8bATFh98n/l9h1j6GtT1Y3PGLKuJ+LMobUONsHUus0',
      matches: true,
    },
    { password: 'correct horse', hash: bcryptOfLibxcrypt, matches: true },
    { password: 'correct horsf', hash: bcryptOfLibxcrypt, matches: false },
    { password: 'pässwörd 🐎', hash: '$2y$04$tegataTegataTegataTeg.SsbkSgov0NVOmwAngPwXAC9EpPOmbxe', matches: true },
  ];

  test('verify as the reference implementations say', async () => {
    // biome-ignore lint/style/noProcessEnv: the folder of public test vectors is a matter of the test run, not of the server.
    const { CORPORA_DIR } = process.env;
    // biome-ignore lint/suspicious/noConsole: a corpus that is missing must not go unnoticed.
    if (!CORPORA_DIR) console.warn('CORPORA_DIR is not set: six vectors of our own stand in for the known answers.');
    const vectors = CORPORA_DIR ? fromCorpus(CORPORA_DIR) : ours;
    expect(vectors.length).toBeGreaterThanOrEqual(CORPORA_DIR ? 50 : 6);
    const wrong: Vector[] = [];
    for (const vector of vectors) {
      if ((await argon2id.verify(vector.password, asHash(vector.hash))) !== vector.matches) wrong.push(vector);
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});
