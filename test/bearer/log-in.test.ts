import { describe, expect, test, vi } from 'vitest';
import { execute } from '../database.ts';
import { recordSql } from '../recorded-sql.ts';
import { startServer } from '../server.ts';
import { rows } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import {
  ada,
  challenge,
  goodPassword,
  inJapanese,
  loggedIn,
  logIn,
  me,
  registered,
  startBearer,
  wrongCredentials,
} from './people.ts';

describe('somebody logs in', () => {
  test('S1.6 S1.33 S1.36 S1.37 and gets the same shape as at registration, with another token', async () => {
    const server = await startBearer();
    const atRegistration = await registered(server);
    server.advance({ minutes: 5 });
    const answer = await logIn(server);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ user: atRegistration.answer.body.user, token: expect.any(String) });
    expect(answer.body.token).not.toBe(atRegistration.token);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(decodeToken(answer.body.token).claims).toMatchObject({
      sub: atRegistration.userId,
      email: ada,
      iat: server.now() / 1000,
      exp: server.now() / 1000 + 3600,
    });
    expect((await me(server, atRegistration.token)).status).toBe(200);
  });

  test('S1.13 S1.52 no cookie is set, and one that is sent changes nothing', async () => {
    const server = await startBearer();
    await registered(server);
    const cookie = 'access_token=stale; refresh_token=stale; tegata_device=stale; csrf_token=stale';
    const answer = await logIn(server, {}, { cookie });
    expect(answer.status).toBe(200);
    expect(answer.cookies).toEqual([]);
    expect(Object.keys(answer.body)).toEqual(['user', 'token']);
  });

  test('the address may be typed with capitals and blanks around it', async () => {
    const server = await startBearer();
    await registered(server);
    expect((await logIn(server, { email: '  ADA@Example.com ' })).status).toBe(200);
  });

  test('S1.34 one JOIN of the four tables reads the user', async () => {
    const server = await startBearer();
    await registered(server);
    const statements = await recordSql(() => loggedIn(server));
    const ofUsers = statements.filter((sql) =>
      /^select.*("users"|"active_users"|"user_emails"|"password_credentials")/.test(sql),
    );
    // The lock on the user reads nothing but the id.
    const reads = ofUsers.filter((sql) => !sql.startsWith('select "id" from "users"'));
    // Once to look, and once more in the transaction that starts the session, in case something changed meanwhile.
    expect(reads).toHaveLength(2);
    expect(new Set(reads).size).toBe(1);
    for (const table of ['users', 'active_users', 'user_emails', 'password_credentials']) {
      expect(reads[0]).toMatch(new RegExp(`(from|join) "${table}"`));
    }
  });

  test('S1.34 for an address that nobody has, the JOIN is all that is read', async () => {
    const server = await startBearer();
    const statements = await recordSql(() => logIn(server));
    expect(statements.filter((sql) => sql.includes('"password_credentials"'))).toHaveLength(1);
  });
});

describe('a refused log-in', () => {
  test('S1.24 S1.35 says the same of an unknown address, a wrong password and every inactive account', async () => {
    const server = await startServer({ TEGATA_CONTRACTS: 'standard,bearer' });
    await registered(server);
    const pending = { email: 'pending@example.com', password: goodPassword, name: 'Pending' };
    expect((await server.call('POST', '/api/v1/auth/register', { body: pending })).status).toBe(201);
    const inactive = ['suspended', 'deactivated'] as const;
    for (const status of inactive) {
      const { userId } = await registered(server, { email: `${status}@example.com` });
      await server.engine.auth.setUserStatus({ userId, status });
    }
    const attempts = [
      { email: 'nobody@example.com' },
      { email: 'not an address' },
      { password: 'wrong horse battery' },
      { email: 'pending@example.com' },
      ...inactive.map((status) => ({ email: `${status}@example.com` })),
    ];
    const hashed = vi.spyOn(server.engine.deps.hasher, 'verify');
    for (const attempt of attempts) {
      hashed.mockClear();
      const answer = await logIn(server, attempt);
      expect(answer.status, JSON.stringify(attempt)).toBe(401);
      expect(answer.body).toEqual(wrongCredentials);
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
      expect(answer.cookies).toEqual([]);
      // What is no address at all says so by itself, and costs nothing.
      expect(hashed).toHaveBeenCalledTimes(attempt.email === 'not an address' ? 0 : 1);
    }
  });

  test('S1.24 S1.35 of somebody whose row in active_users is gone, even with the right password', async () => {
    const server = await startBearer();
    const { userId } = await registered(server);
    execute(server, 'delete from active_users where user_id = ?', userId);
    const answer = await logIn(server);
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual(wrongCredentials);
    expect(rows(server, 'select count(*) as n from sessions')).toEqual([{ n: 1 }]);
    execute(server, 'insert into active_users values (?, ?)', userId, server.now());
    expect((await logIn(server)).status).toBe(200);
  });

  test.each([
    ['nothing', { email: undefined, password: undefined }],
    ['no address', { email: undefined }],
    ['an empty address', { email: '' }],
    ['a blank address', { email: '  ' }],
    ['no password', { password: undefined }],
    ['an empty password', { password: '' }],
    ['null', { email: null, password: null }],
    ['a number', { password: 12345678 }],
    ['an object', { email: { $ne: '' } }],
  ])('of %s asks for both', async (_, change) => {
    const server = await startBearer();
    await registered(server);
    const answer = await logIn(server, change);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ error: 'Email and password are required' });
  });

  test('never applies the password policy: short, common, overlong and odd passwords are wrong ones, not invalid ones', async () => {
    const server = await startBearer();
    await registered(server);
    // Another address each time: the lock of one is another test's matter.
    for (const [index, password] of ['x', ' ', 'password', 'x'.repeat(257), 'x'.repeat(60_000), '\0', '\ud83d'].entries()) {
      const answer = await logIn(server, { email: `person${index}@example.com`, password });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual(wrongCredentials);
    }
  });

  test('does not look at the old password either: what was stored before the policy still logs in', async () => {
    const server = await startBearer();
    const { userId } = await registered(server);
    const hash = await server.engine.deps.hasher.hash('pass');
    await server.engine.stores.passwords.set({ id: userId, userId, hash, now: server.now() });
    expect((await logIn(server, { password: 'pass' })).status).toBe(200);
  });
});

describe('the lock', () => {
  const fail = async (server: Awaited<ReturnType<typeof startBearer>>, email = ada, times = 5) => {
    for (let each = 0; each < times; each += 1) {
      expect((await logIn(server, { email, password: 'wrong horse battery' })).status).toBe(401);
    }
  };

  test('after five failures a kind text says how long to wait, and so does Retry-After', async () => {
    const server = await startBearer();
    await registered(server);
    await fail(server);
    const answer = await logIn(server);
    expect(answer.status).toBe(403);
    expect(answer.body).toEqual({ error: 'Too many failed login attempts. Please try again in 15 minutes' });
    expect(answer.headers.get('retry-after')).toBe('900');
    expect(answer.cookies).toEqual([]);

    server.advance({ minutes: 14, seconds: 1 });
    const later = await logIn(server);
    expect(later.body).toEqual({ error: 'Too many failed login attempts. Please try again in 1 minute' });
    expect(later.headers.get('retry-after')).toBe('59');
    const inHerLanguage = await logIn(server, {}, { headers: inJapanese });
    expect(inHerLanguage.body).toEqual({ error: 'ログインの失敗が続きました。1分後に再試行してください' });

    server.advance({ seconds: 59 });
    expect((await logIn(server)).status).toBe(200);
  });

  test('an unknown address locks the same way', async () => {
    const server = await startBearer();
    await fail(server, 'nobody@example.com');
    const answer = await logIn(server, { email: 'nobody@example.com' });
    expect(answer.status).toBe(403);
    expect(answer.body).toEqual({ error: 'Too many failed login attempts. Please try again in 15 minutes' });
  });

  test('does not touch tokens that are out already', async () => {
    const server = await startBearer();
    const { token } = await registered(server);
    await fail(server);
    expect((await me(server, token)).status).toBe(200);
  });
});
