import { describe, expect, test } from 'vitest';
import { execute } from '../database.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { startServer } from '../server.ts';
import { rows } from '../standard/stored.ts';
import { decodeToken, tampered } from '../standard/tokens.ts';
import { ada, challenge, challengeRefused, inJapanese, loggedIn, me, registered, startBearer, tokenRefused } from './people.ts';

describe('who am I?', () => {
  test('S1.8 S1.38 S1.39 S1.40 a token in the Authorization header is answered with its user', async () => {
    const server = await startBearer();
    const { userId, token } = await registered(server);
    const answer = await me(server, token);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ id: userId, name: 'Ada Lovelace', email: ada, created_at: '2030-01-15T09:00:00.000Z' });
    expect(answer.cookies).toEqual([]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('the scheme is a word in any case', async () => {
    const server = await startBearer();
    const { token } = await registered(server);
    for (const scheme of ['bearer', 'BEARER', 'Bearer ']) {
      expect((await me(server, undefined, { headers: { authorization: `${scheme} ${token}` } })).status).toBe(200);
    }
  });

  test('without the header, authentication is required; a cookie does not stand in for it', async () => {
    const server = await startBearer();
    const { token } = await registered(server);
    for (const options of [{}, { cookie: `access_token=${token}; token=${token}` }]) {
      const answer = await me(server, undefined, options);
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({ error: 'Authentication required' });
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
    }
    expect((await server.call('GET', `/api/me?token=${token}&access_token=${token}`)).status).toBe(401);
  });

  test('a header of another form is told so', async () => {
    const server = await startBearer();
    const { token } = await registered(server);
    for (const authorization of [
      'Bearer',
      token,
      `Basic ${token}`,
      `Token ${token}`,
      `Bearer ${token} ${token}`,
      'Bearer a,b',
      `Bearer${token}`,
    ]) {
      const answer = await me(server, undefined, { headers: { authorization } });
      expect(answer.status, authorization).toBe(401);
      expect(answer.body).toEqual({ error: 'Invalid authorization header format' });
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
    }
  });

  test('two headers are not a choice', async () => {
    const server = await startBearer();
    const { token } = await registered(server);
    const header = `Authorization: Bearer ${token}`;
    const [answer] = await sendRaw(server, rawRequest('GET /api/me', [header, header]));
    expect(answer?.status).toBe(401);
  });

  test('in Japanese to whoever reads it', async () => {
    const server = await startBearer();
    const answer = await me(server, undefined, { headers: inJapanese });
    expect(answer.body).toEqual({ error: '認証が必要です' });
  });
});

describe('a token is refused, with one text for all of it', () => {
  const expectRefused = async (server: Awaited<ReturnType<typeof startBearer>>, token: string) => {
    const answer = await me(server, token);
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual(tokenRefused);
    expect(answer.headers.get('www-authenticate')).toBe(challengeRefused);
  };

  test('S1.39 when it is forged, cut, or of another kind', async () => {
    const server = await startBearer();
    const { token } = await registered(server);
    const [header, claims] = token.split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    for (const forged of [tampered(token), `${header}.${claims}.`, `${none}.${claims}.`, 'x', 'a.b.c', `${token}.x`]) {
      await expectRefused(server, forged);
    }
  });

  test('S1.50 one second after its hour, and not one before', async () => {
    const server = await startBearer();
    const { token } = await registered(server);
    server.advance({ seconds: 3599 });
    expect((await me(server, token)).status).toBe(200);
    server.advance({ seconds: 1 });
    await expectRefused(server, token);
  });

  test('S1.50 TEGATA_BEARER_TTL is its lifetime, and TEGATA_ACCESS_TTL is not', async () => {
    const server = await startBearer({ TEGATA_BEARER_TTL: '2h', TEGATA_ACCESS_TTL: '1m' });
    const { token } = await registered(server);
    server.advance({ minutes: 119 });
    expect((await me(server, token)).status).toBe(200);
    server.advance({ minutes: 1 });
    await expectRefused(server, token);
  });

  test('S1.24 from the moment that the row in active_users is gone', async () => {
    const server = await startBearer();
    const { userId, token } = await registered(server);
    const second = await loggedIn(server);
    expect((await me(server, token)).status).toBe(200);
    execute(server, 'delete from active_users where user_id = ?', userId);
    await expectRefused(server, token);
    await expectRefused(server, second.token);
  });

  test('S1.24 when an operator suspends the user, and when the user is gone', async () => {
    const server = await startBearer();
    const { userId, token } = await registered(server);
    await server.engine.auth.setUserStatus({ userId, status: 'suspended' });
    await expectRefused(server, token);
    const other = await registered(server, { email: 'eve@example.com' });
    await server.engine.stores.users.delete(other.userId);
    await expectRefused(server, other.token);
  });
});

describe('the session behind the token', () => {
  test('S1.13 ends with it: nothing could prolong it', async () => {
    const server = await startBearer();
    const { token } = await registered(server);
    await loggedIn(server);
    const { exp } = decodeToken(token).claims as unknown as { exp: number };
    expect(rows(server, 'select expires_at, idle_seconds, generation from sessions')).toEqual(
      Array(2).fill({ expires_at: exp * 1000, idle_seconds: 3600, generation: 0 }),
    );
  });

  test('the eleventh log-in ends the session that was used least recently', async () => {
    const server = await startBearer();
    const first = await registered(server);
    const tokens: string[] = [];
    for (let each = 0; each < 10; each += 1) {
      server.advance({ seconds: 1 });
      tokens.push((await loggedIn(server)).token);
    }
    expect((await me(server, first.token)).body).toEqual(tokenRefused);
    for (const token of tokens) expect((await me(server, token)).status).toBe(200);
  });

  test('belongs to the one user base: a user made here logs in through the standard door, and is listed there', async () => {
    const server = await startServer({ TEGATA_CONTRACTS: 'standard,bearer' });
    const { token } = await registered(server);
    const body = { email: ada, password: 'correct horse battery' };
    const inOther = await server.call('POST', '/api/v1/auth/login', { body });
    expect(inOther.status).toBe(200);
    const sessions = await server.call('GET', '/api/v1/auth/sessions', { token: inOther.body.data.access_token });
    expect(sessions.body.data).toHaveLength(2);
    await server.call('POST', '/api/v1/auth/logout-all', { token: inOther.body.data.access_token });
    expect((await me(server, token)).body).toEqual(tokenRefused);
  });
});
