import { describe, expect, test } from 'vitest';
import { execute } from '../database.ts';
import { recordSql } from '../recorded-sql.ts';
import { sessionsInRedis } from '../redis-sessions.ts';
import type { TestServer } from '../server.ts';
import { allBytes, count, rows } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import { ada, goodPassword, inJapanese, logIn, me, register, registered, startBearer } from './people.ts';

const uuid = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const tables = ['users', 'active_users', 'user_emails', 'password_credentials'];
const counts = (server: TestServer, names = tables) => Object.fromEntries(names.map((table) => [table, count(server, table)]));
const eachTable = (n: number, names = tables) => Object.fromEntries(names.map((table) => [table, n]));

describe('somebody registers', () => {
  test('S1.5 S1.25 S1.32 and gets the user and one token that works at once', async () => {
    const server = await startBearer();
    const answer = await register(server);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      user: { id: expect.stringMatching(uuid), name: 'Ada Lovelace', email: ada, created_at: '2030-01-15T09:00:00.000Z' },
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await me(server, answer.body.token)).body).toEqual(answer.body.user);
  });

  test('S1.13 S1.52 without a cookie, and without anything that could be refreshed', async () => {
    const server = await startBearer();
    const { answer, token } = await registered(server);
    expect(answer.cookies).toEqual([]);
    expect(Object.keys(answer.body)).toEqual(['user', 'token']);
    expect(decodeToken(token).header.typ).toBe('at+jwt');
    expect(JSON.stringify(answer.body).match(/[\w-]+\.[\w-]+\.[\w-]{20,}/g)).toEqual([token]);
  });

  test('S1.7 S1.50 the token has the common claims and the address, and lives for one hour', async () => {
    const server = await startBearer();
    const { token, userId } = await registered(server);
    const at = server.now() / 1000;
    const { header, claims } = decodeToken(token);
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.any(String) });
    expect(claims).toEqual({
      iss: 'tegata',
      aud: 'tegata-api',
      sub: userId,
      email: ada,
      iat: at,
      exp: at + 3600,
      jti: expect.stringMatching(uuid),
      sid: expect.stringMatching(uuid),
      gen: 0,
    });
  });

  test('S1.16 S1.17 S1.18 S1.21 S1.28 S1.29 S1.30 S1.31 four tables hold the user, active at once', async () => {
    const server = await startBearer();
    const { userId } = await registered(server, { name: '  Ada Lovelace ', email: ' Ada@Example.COM ' });
    const at = server.now();
    expect(rows(server, 'select * from users')).toEqual([
      {
        id: userId,
        name: 'Ada Lovelace',
        avatar_url: null,
        locale: 'en',
        inactive_reason: null,
        created_at: at,
        updated_at: at,
      },
    ]);
    expect(rows(server, 'select * from active_users')).toEqual([{ user_id: userId, activated_at: at }]);
    const owned = { id: expect.stringMatching(uuid), user_id: userId, created_at: at, updated_at: at };
    expect(rows(server, 'select * from user_emails')).toEqual([{ ...owned, email: ada, is_primary: 1, verified_at: null }]);
    expect(rows(server, 'select * from password_credentials')).toEqual([
      { ...owned, password_hash: expect.stringMatching(/^\$argon2id\$/) },
    ]);
  });

  test('S1.3 S1.26 S1.48 the password is an Argon2id hash, and stands nowhere in plain text', async () => {
    const server = await startBearer();
    await registered(server);
    const stored = await allBytes(server);
    expect(stored.includes('$argon2id$')).toBe(true);
    expect(stored.includes(goodPassword)).toBe(false);
  });

  test('S1.27 the four are written in one transaction', async () => {
    const server = await startBearer();
    const statements = await recordSql(() => registered(server));
    const begun = statements.indexOf('begin immediate');
    const committed = statements.indexOf('commit');
    const inserts = tables.map((table) => statements.findIndex((sql) => sql.startsWith(`insert into "${table}"`)));
    for (const position of inserts) {
      expect(position).toBeGreaterThan(begun);
      expect(position).toBeLessThan(committed);
    }
    expect(statements.filter((sql) => sql === 'begin immediate' || sql === 'commit')).toEqual(['begin immediate', 'commit']);
  });

  test.each([...tables, ...(sessionsInRedis ? [] : ['sessions'])])(
    'S1.27 when the row in %s cannot be written, nothing is',
    async (table) => {
      const server = await startBearer();
      execute(server, `create trigger refused before insert on ${table} begin select raise(abort, 'refused'); end`);
      const answer = await register(server);
      expect(answer.status).toBe(500);
      expect(answer.body).toEqual({ error: 'Internal server error' });
      const every = [...tables, 'sessions', 'one_time_tokens', 'mail_outbox'];
      expect(counts(server, every)).toEqual(eachTable(0, every));
      execute(server, 'drop trigger refused');
      expect((await register(server)).status).toBe(201);
    },
  );

  test('S1.9 the address is unverified, and the mail that asks to verify it is not needed for anything', async () => {
    const server = await startBearer();
    const { token } = await registered(server);
    expect((await server.newestMail(ada)).subject).toBe('Confirm your e-mail address');
    server.advance({ minutes: 59 });
    expect((await me(server, token)).status).toBe(200);
    expect((await logIn(server)).status).toBe(200);
  });
});

describe('a refused registration', () => {
  test('S1.20 of a taken address, however it is spelled, is a conflict', async () => {
    const server = await startBearer();
    await registered(server);
    for (const email of [ada, 'ADA@EXAMPLE.COM', ` ${ada} `]) {
      const answer = await register(server, { email, password: 'another good password' });
      expect(answer.status).toBe(409);
      expect(answer.body).toEqual({ error: 'Email already registered' });
      expect(answer.cookies).toEqual([]);
    }
    expect(counts(server)).toEqual(eachTable(1));
  });

  test('S1.20 of ten at the same time for one address, one is a user and nine are conflicts', async () => {
    const server = await startBearer();
    const answers = await Promise.all(Array.from({ length: 10 }, () => register(server)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
    expect(counts(server)).toEqual(eachTable(1));
  });

  test('with account hints off it still tells a conflict, because the token would tell anyway', async () => {
    const server = await startBearer({ TEGATA_ACCOUNT_HINTS: 'off' });
    await registered(server);
    expect((await register(server)).body).toEqual({ error: 'Email already registered' });
  });

  const invalid: [string, Record<string, unknown>, string][] = [
    ['an address without @', { email: 'ada.example.com' }, 'Invalid email format'],
    ['an empty address', { email: '' }, 'Invalid email format'],
    ['no address', { email: undefined }, 'Invalid email format'],
    ['an address that is a number', { email: 7 }, 'Invalid email format'],
    [
      'an address of 255 octets',
      { email: `ada@${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example` },
      'Invalid email format',
    ],
    ['a password of seven characters', { password: 'short7!' }, 'Password must be at least 8 characters long'],
    ['a password of seven emoji', { password: '😀'.repeat(7) }, 'Password must be at least 8 characters long'],
    ['an empty password', { password: '' }, 'Password must be at least 8 characters long'],
    ['no password', { password: undefined }, 'Password must be at least 8 characters long'],
    ['a password that is a list', { password: [goodPassword] }, 'Password must be at least 8 characters long'],
    ['a password of 257 bytes', { password: 'x'.repeat(257) }, 'Password is too long'],
    ['a password that everybody has', { password: 'password123' }, 'Password is too common'],
    ['the address as password', { password: ada }, 'Password must not be your email address'],
    [
      'half a character in the password',
      { password: 'correct horse \ud83d' },
      'Password contains characters that are not valid text',
    ],
    ['an empty name', { name: '' }, 'Name is required'],
    ['a blank name', { name: ' \t ' }, 'Name is required'],
    ['no name', { name: undefined }, 'Name is required'],
    ['null as name', { name: null }, 'Name is required'],
    ['a name of 101 characters', { name: 'é'.repeat(101) }, 'Name must be at most 100 characters long'],
    ['a line break in the name', { name: 'Ada\r\nBcc: eve@example.com' }, 'Name must not contain control characters'],
  ];

  test.each(invalid)('S1.43 of %s says so', async (_, change, error) => {
    const server = await startBearer();
    const answer = await register(server, change);
    expect(answer.body).toEqual({ error });
    expect(answer.status).toBe(400);
    expect(counts(server)).toEqual(eachTable(0));
  });

  test('for several reasons tells the first: the address, the password, the name; whether it is taken comes after', async () => {
    const server = await startBearer();
    await registered(server);
    const everything = { email: 'nobody', password: 'short', name: '' };
    expect((await register(server, everything)).body).toEqual({ error: 'Invalid email format' });
    const password = await register(server, { ...everything, email: ada });
    expect(password.body).toEqual({ error: 'Password must be at least 8 characters long' });
    expect((await register(server, { name: '' })).body).toEqual({ error: 'Name is required' });
    expect((await register(server)).body).toEqual({ error: 'Email already registered' });
  });

  test('is told in Japanese to whoever reads it', async () => {
    const server = await startBearer();
    const answer = await register(server, { name: '' }, { headers: inJapanese });
    expect(answer.body).toEqual({ error: '名前を入力してください' });
  });
});

test('names of one and of a hundred characters are taken, counted as people count', async () => {
  const server = await startBearer();
  for (const [index, name] of ['A', '🎉'.repeat(100), ` ${'é'.repeat(100)} `].entries()) {
    const { answer } = await registered(server, { name, email: `person${index}@example.com` });
    expect(answer.body.user.name).toBe(name.trim());
  }
});

test('passwords without digits or capitals are good ones, and so are those of examples', async () => {
  const server = await startBearer();
  for (const [index, password] of ['Password123!', 'abcdefgh jklm', 'パスワードは長く', '😀'.repeat(8)].entries()) {
    await registered(server, { password, email: `person${index}@example.com` });
    expect((await logIn(server, { password, email: `person${index}@example.com` })).status).toBe(200);
  }
});

test('S1.19 S1.20 a second address is possible, a second primary one or the same address twice is not', async () => {
  const server = await startBearer();
  const { userId } = await registered(server);
  await registered(server, { email: 'eve@example.com' });
  const add = (id: string, email: string, isPrimary: number) => () =>
    execute(server, `insert into user_emails values ('${id}', '${userId}', '${email}', ${isPrimary}, null, 0, 0)`);
  add('a', 'ada@home.example', 0)();
  expect(add('b', 'ada@work.example', 1)).toThrow(/UNIQUE/);
  expect(add('c', 'eve@example.com', 0)).toThrow(/UNIQUE/);
});

test('S1.22 S1.23 identity, state, address and credential stand apart: a user may exist without a password', async () => {
  const server = await startBearer();
  const { token } = await registered(server);
  execute(server, 'delete from password_credentials');
  expect((await me(server, token)).status).toBe(200);
  const answer = await logIn(server);
  expect(answer.status).toBe(401);
  expect(answer.body).toEqual({ error: 'Invalid email or password' });
});
