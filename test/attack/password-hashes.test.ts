import { expect, test } from 'vitest';
import { readImportedHash } from '../../packages/server/src/adapters/foreign-hashes/imported-hash.ts';
import { wrapHash } from '../../packages/server/src/adapters/foreign-hashes/wrapped-hash.ts';
import { readCorpus } from '../corpora.ts';
import { execute } from '../database.ts';
import { figure } from '../scorecard/figure.ts';
import { startServer } from '../server.ts';
import { logIn, registered } from '../standard/people.ts';

// Password hashes that others have made, stored as an import stores them, and tried where it counts: at the log-in.

type Vector = { password: string; hash: string; matches: boolean };

const cheap = { memoryKiB: 64, passes: 1 };

/** Made with OpenSSL and libxcrypt, and what is none. */
const ours: Vector[] = [
  ...['correct horse', 'correct horsf'].flatMap((password): Vector[] =>
    [
      '$argon2id$v=19$m=64,t=3,p=1$c2FsdCBvZiBhIHRlc3QhIQ$YzkYwAFTPVcsAb4NsQlriAToyCKpJmfRMZreuU2BlFw',
      '$argon2i$v=19$m=64,t=2,p=1$c2FsdCBvZiBhIHRlc3QhIQ$T8bATFh98n/l9h1j6GtT1Y3PGLKuJ+LMobUONsHUus0',
      '$2b$05$tegataTegataTegataTeg.0HJ5ipxDmpUVWTuFGuTkoIOWiJrNnr2',
    ].map((hash) => ({ password, hash, matches: password === 'correct horse' })),
  ),
  ...[
    '',
    'x',
    '$',
    '$$$$',
    '$2b$',
    '$2b$99$tegataTegataTegataTeg.0HJ5ipxDmpUVWTuFGuTkoIOWiJrNnr2',
    '$2b$05$short',
    '$2b$05$!!!ataTegataTegataTeg.0HJ5ipxDmpUVWTuFGuTkoIOWiJrNnr2',
    '$2x$05$tegataTegataTegataTeg.0HJ5ipxDmpUVWTuFGuTkoIOWiJrNnr2',
    '$argon2id$',
    '$argon2id$v=19$m=0,t=0,p=0$c2FsdA$aGFzaA',
    '$argon2id$v=19$m=64,t=3,p=1$$',
    '$argon2id$v=19$m=99999999999,t=99999,p=1$c2FsdCBvZiBhIHRlc3QhIQ$YzkYwAFTPVcsAb4NsQlriAToyCKpJmfRMZreuU2BlFw',
    '$argon2id$v=19$m=64,t=3,p=1$c2FsdCBvZiBhIHRlc3QhIQ$YzkYwAFTPVcsAb4NsQlriAToyCKpJmfRMZreuU2BlF',
    '$argon2id$v=1$m=-1,t=3,p=1$c2FsdCBvZiBhIHRlc3QhIQ$x',
    'wrapped:',
    'wrapped:$argon2id$',
    'pbkdf2_sha256$0$$',
    'scrypt:1:1:1$x$x',
    '{"hash":"x"}',
    'correct horse',
    '\u0000',
    'a'.repeat(10_000),
  ].map((hash): Vector => ({ password: 'correct horse', hash, matches: false })),
];

const read = (file: string): Record<string, never>[] => {
  const text = readCorpus(`password-hash-kats/${file}`, 'hashes of our own stand for the public ones');
  if (text === undefined) return [];
  const parsed = JSON.parse(text);
  return parsed.vectors ?? parsed;
};

const publicOnes = (): Vector[] => [
  ...read('bcrypt.json').flatMap(({ password_hex, hash, valid }) => {
    const bytes = Buffer.from(password_hex ?? '', 'hex');
    const password = bytes.toString('utf8');
    // A text in JSON can be this password, and it is one that is taken at a log-in; bcrypt's own limits are tried elsewhere.
    const expressible = Buffer.from(password).equals(bytes) && password !== '' && !password.includes('\0') && bytes.length <= 72;
    return expressible ? [{ password, hash: String(hash), matches: Boolean(valid) }] : [];
  }),
  // What costs more than 64 MiB would take the test longer than it is worth.
  ...read('argon2.json')
    .filter(({ m_kib }) => Number(m_kib) <= 65_536)
    .map(({ password, encoded }) => ({ password: String(password), hash: String(encoded), matches: true })),
  ...read('argon2-malformed-encodings.json').map(({ encoded }) => ({
    password: 'password',
    hash: String(encoded),
    matches: false,
  })),
];

/** What an import makes of it; what it refuses is stored as it is, as a broken copy of a database would hold it. */
const stored = async (hash: string): Promise<string> => {
  const imported = readImportedHash(hash, undefined);
  if (!imported.ok) return hash;
  return imported.value.kind === 'kept' ? imported.value.hash : wrapHash(imported.value.read, cheap);
};

test('each lets in who has its password, and what is malformed is a wrong password', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const wrong: string[] = [];
  const vectors = [...publicOnes(), ...ours];
  const counts = { right: 0, refused: 0 };
  for (const { password, hash, matches } of vectors) {
    const kept = await stored(hash);
    if (kept.includes('\0')) continue;
    execute(server, 'update password_credentials set password_hash = ? where user_id = ?', kept, userId);
    execute(server, 'delete from lockouts');
    execute(server, 'delete from sessions');
    const { status } = await logIn(server, 'ada@example.com', { password });
    counts[matches ? 'right' : 'refused'] += 1;
    if (status !== (matches ? 200 : 401)) wrong.push(`${hash.slice(0, 60)} → ${status}`);
  }
  figure({
    row: 'hashes',
    part: 'bcrypt and Argon2',
    tried: vectors.length,
    failed: wrong.length,
    detail: `${counts.right} log in, ${counts.refused} wrong or malformed ones are 401`,
    reached: wrong.length === 0,
  });
  expect(wrong).toEqual([]);
});
