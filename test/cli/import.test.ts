import { createHash, pbkdf2Sync } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
import { runTegata, spawnTegata, temporaryFolder } from '../server-process.ts';
import { logIn, registered } from '../standard/people.ts';

// People who come from another system, and go to another installation: on each database.

vi.setConfig({ testTimeout: 120_000 });

const settingsOf = (server: TestServer) => ({
  TEGATA_DATA_DIR: server.dataDir,
  DATABASE_URL: server.databaseUrl,
  ...(server.redis && { REDIS_URL: server.redis.url, TEGATA_REDIS_PREFIX: server.redis.prefix }),
});

const users = (server: TestServer, ...args: string[]) => runTegata(['users', ...args], settingsOf(server));

/** A file of lines of JSON; a text is a line as it stands. */
const fileOf = async (...lines: unknown[]): Promise<string> => {
  const file = `${await temporaryFolder()}/people.ndjson`;
  await writeFile(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return file;
};

const exported = async (server: TestServer, ...options: string[]) => {
  const { code, stdout } = await users(server, 'export', ...options);
  expect(code).toBe(0);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
};

const outcomes = (report: string) =>
  readFileSync(report, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const goodSalt = 'a salt of a person';
const pbkdf2 = (password: string, rounds: number) =>
  `pbkdf2_sha256$${rounds}$${goodSalt}$${pbkdf2Sync(password, goodSalt, rounds, 32, 'sha256').toString('base64')}`;
const md5 = (password: string) => createHash('md5').update(password).digest('hex');

const firebaseHeader = {
  firebase_scrypt: {
    signer_key: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
    salt_separator: 'Bw==',
    rounds: 8,
    mem_cost: 14,
  },
};
const firebaseHash = {
  algorithm: 'firebase-scrypt',
  salt: '42xEC+ixf3L2lw==',
  hash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
};

describe('import', () => {
  test('people log in with the passwords they had, which are then kept as today, and weak ones never lie open', async () => {
    const server = await startServer();
    const people: [email: string, password: string, hash: unknown][] = [
      ['firebase@example.com', 'user1password', firebaseHash],
      ['django@example.com', 'lètmein too', pbkdf2('lètmein too', 200_000)],
      ['old-django@example.com', 'lètmein', pbkdf2('lètmein', 1000)],
      ['forum@example.com', 'correct horse', md5('correct horse')],
      ['php@example.com', 'pässwörd 🐎', '$2y$04$tegataTegataTegataTeg.SsbkSgov0NVOmwAngPwXAC9EpPOmbxe'],
      [
        'passlib@example.com',
        'password',
        '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
      ],
    ];
    const file = await fileOf(
      firebaseHeader,
      ...people.map(([email, , password_hash]) => ({ email, email_verified: true, password_hash })),
    );
    const imported = await users(server, 'import', file);
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    expect(imported.stdout).toMatch(/^6 imported \(3 with a weak hash, now wrapped in Argon2id\)\n0 there already/);

    const before = await exported(server, '--with-password-hashes');
    expect(JSON.stringify(before)).not.toContain(md5('correct horse'));
    expect(before.filter(({ password_hash }) => password_hash.startsWith('wrapped:'))).toHaveLength(3);

    for (const [email, password] of people) {
      expect((await logIn(server, email, { password: `${password}x` })).status, email).toBe(401);
      expect((await logIn(server, email, { password })).status, email).toBe(200);
      expect((await logIn(server, email, { password })).status, email).toBe(200);
    }
    for (const { password_hash } of await exported(server, '--with-password-hashes')) {
      expect(password_hash).toMatch(/^\$argon2id\$v=19\$/);
    }
  });

  test('lines that cannot be taken are told by number and reason, repeat nothing, and stop nobody else', async () => {
    const server = await startServer();
    const { userId } = await registered(server, 'ada@example.com');
    const anId = '0190a7d0-0000-7000-8000-000000000001';
    const folder = await temporaryFolder();
    const file = await fileOf(
      { email: 'first@example.com', email_verified: true },
      'no json',
      { email: 'no address' },
      { email: 'typo@example.com', emial_verified: true },
      { email: 'hash@example.com', password_hash: 'secret-looking nonsense' },
      { email: 'costly@example.com', password_hash: `$pbkdf2-sha256$i=900000000$c2FsdHNhbHQ$${'A'.repeat(43)}` },
      { email: 'firebase@example.com', password_hash: firebaseHash },
      { email: 'future@example.com', created_at: '9999-01-01T00:00:00Z' },
      { email: 'control@example.com', organization: { name: 'a\u0000b' } },
      '',
      `{"email":"long@example.com","name":"${'x'.repeat(70_000)}"}`,
      { email: 'ada@example.com', name: 'Somebody else' },
      { id: anId, email: 'ada@example.com' },
      { id: userId, email: 'other@example.com' },
      { email: 'second@example.com', emails: [{ email: 'ada@example.com' }] },
      { email: 'FIRST@example.com' },
      { email: 'last@example.com' },
    );
    const report = `${folder}/report.ndjson`;
    const planned = await users(server, 'import', file, '--dry-run');
    expect(await exported(server)).toHaveLength(1);
    const { code, stdout, stderr } = await users(server, 'import', file, '--report', report);
    expect(code).toBe(1);
    const lines = outcomes(report);
    const last = (await exported(server)).find(({ email }) => email === 'last@example.com');
    expect(lines.toSorted((a, b) => a.line - b.line)).toEqual([
      { line: 1, outcome: 'imported', id: expect.any(String) },
      { line: 2, outcome: 'refused', reason: 'no JSON' },
      { line: 3, outcome: 'refused', reason: 'email: no address' },
      { line: 4, outcome: 'refused', reason: 'the line: unknown field emial_verified' },
      { line: 5, outcome: 'refused', reason: expect.stringContaining('password_hash: no format that is known') },
      { line: 6, outcome: 'refused', reason: expect.stringContaining('password_hash: verifying it would take') },
      { line: 7, outcome: 'refused', reason: expect.stringContaining('must come first, in a header line') },
      { line: 8, outcome: 'refused', reason: 'a time is before 1970 or in the future' },
      { line: 9, outcome: 'refused', reason: expect.stringContaining('organization.name') },
      { line: 11, outcome: 'refused', reason: 'longer than 65536 bytes' },
      { line: 12, outcome: 'there_already', id: userId },
      { line: 13, outcome: 'conflict', reason: 'email: another user has it' },
      { line: 14, outcome: 'conflict', reason: 'id: a user with another address has it' },
      { line: 15, outcome: 'conflict', reason: 'emails: somebody has one of them' },
      { line: 16, outcome: 'there_already', id: lines.find(({ line }) => line === 1).id },
      { line: 17, outcome: 'imported', id: last.id },
    ]);
    expect(stderr + readFileSync(report, 'utf8')).not.toMatch(/secret-looking|AAAA/);
    const counted = '2 there already, left as they are\n3 in conflict with somebody else, skipped\n9 refused\n';
    expect(stdout).toContain(`2 imported (0 with a weak hash, now wrapped in Argon2id)\n${counted}`);
    expect(planned.stdout).toContain(
      `2 would be imported (0 with a weak hash, which would be wrapped in Argon2id)\n${counted}Nothing was written.`,
    );
    expect(statSync(report).mode & 0o777).toBe(0o600);
    expect((await exported(server)).find(({ id }) => id === userId).name).toBe('Ada Lovelace');
  });

  test('killed on the way and called again, it ends with the same people as when it was not', async () => {
    const many = Array.from({ length: 6000 }, (_, index) => ({
      id: `0190a7d0-0000-7000-8000-${String(index).padStart(12, '0')}`,
      email: `person-${index}@example.com`,
      email_verified: index % 3 === 0,
      created_at: new Date(Date.UTC(2020, 0, 1) + index * 60_000).toISOString(),
      // Some twice: the earlier line wins, however often the call begins anew.
      ...(index % 1000 === 999 && { email: `person-${index - 900}@example.com` }),
      emails: index % 10 === 0 ? [{ email: `second-${index}@example.com`, verified: true }] : [],
      organization: {
        id: `0190a7d0-0000-7000-9000-${String(index % 7).padStart(12, '0')}`,
        name: 'Royal Society',
        role: 'admin',
      },
      ...(index % 300 === 0 && { password_hash: md5(`password ${index}`) }),
    }));
    const file = await fileOf(...many);
    const [whole, resumed] = [await startServer(), await startServer()];
    expect(await users(whole, 'import', file)).toMatchObject({ code: 1, stdout: expect.stringContaining('5994 imported') });

    const report = `${await temporaryFolder()}/report.ndjson`;
    await writeFile(report, '');
    for (const kilobytes of [30, 120, 250]) {
      const running = spawnTegata(['users', 'import', file, '--report', report], settingsOf(resumed));
      let isOver = false;
      void running.finished.then(() => {
        isOver = true;
      });
      while (!isOver && statSync(report).size < kilobytes * 1024) await turn();
      running.child.kill('SIGKILL');
      expect((await running.finished).signal).toBe('SIGKILL');
    }
    const partly = await exported(resumed);
    expect(partly.length).toBeGreaterThan(0);
    expect(partly.length).toBeLessThan(5994);
    const last = await users(resumed, 'import', file);
    expect(last.stdout).toContain(`${5994 - partly.length} imported`);
    expect(last.stdout).toContain(`${partly.length} there already`);
    expect(await exported(resumed)).toEqual(await exported(whole));
  });
});

test('export and import into an empty installation give the same people, with passwords only where they were asked for', async () => {
  const from = await startServer({ TEGATA_CONTRACTS: 'standard,organization' }, Date.now());
  await registered(from, 'ada@example.com', 'the password of Ada');
  await registered(from, 'grace@example.com');
  await users(from, 'suspend', 'grace@example.com');
  const file = await fileOf({
    email: 'bücher@bücher.example',
    name: '  Jürgen  ',
    locale: 'ja',
    avatar_url: 'https://example.com/j.png',
    status: 'active',
    created_at: '2020-02-29T12:00:00+09:00',
    emails: [{ email: 'second@example.com', verified: true, verified_at: '2021-01-01T00:00:00Z' }],
    organization: { name: 'Royal Society', role: 'owner' },
    connections: [{ provider: 'google', issuer: 'https://accounts.google.com', subject: '1 2', email: 'j@gmail.com' }],
    password_hash: md5('correct horse'),
  });
  expect((await users(from, 'import', file)).code).toBe(0);
  const all = await exported(from, '--with-password-hashes');
  expect(all).toHaveLength(3);
  expect(all.find(({ name }) => name === 'Jürgen')).toMatchObject({
    email: 'bücher@xn--bcher-kva.example',
    email_verified: false,
    status: 'active',
    created_at: '2020-02-29T03:00:00.000Z',
    organization: { name: 'Royal Society', role: 'owner' },
    connections: [{ provider: 'google', issuer: 'https://accounts.google.com', subject: '1 2' }],
  });

  const to = await startServer({}, Date.now());
  const copy = `${await temporaryFolder()}/copy.ndjson`;
  expect(await users(from, 'export', copy, '--with-password-hashes')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('3 users exported, with their'),
  });
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  expect((await users(from, 'export', copy)).code).toBe(2);
  expect((await users(to, 'import', copy)).code).toBe(0);
  const copied = await exported(to, '--with-password-hashes');
  const withoutHashes = (people: Record<string, unknown>[]) => people.map(({ password_hash: _, ...rest }) => rest);
  expect(withoutHashes(copied)).toEqual(withoutHashes(all));
  // A wrapped hash arrives as it left. Those that the test's own server makes are weak, and so are wrapped on the way.
  const hashOf = (people: typeof all, email: string) => people.find((person) => person.email === email).password_hash;
  expect(hashOf(copied, 'bücher@xn--bcher-kva.example')).toBe(hashOf(all, 'bücher@xn--bcher-kva.example'));
  expect(hashOf(copied, 'ada@example.com')).toMatch(/^wrapped:\$argon2id\$v=19\$m=64,/);
  expect((await logIn(to, 'ada@example.com', { password: 'the password of Ada' })).status).toBe(200);
  expect((await logIn(to, 'second@example.com', { password: 'correct horse' })).status).toBe(200);
  expect((await logIn(to, 'grace@example.com')).status).toBe(401);

  expect(await exported(from)).toEqual(withoutHashes(all));
});
