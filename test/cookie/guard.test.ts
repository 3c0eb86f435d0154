import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Unavailable } from '@tegata/core';
import { expect, onTestFinished, test } from 'vitest';
import { composeGuards } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { createTegata, type TegataOptions } from '../../packages/server/src/index.ts';
import { decodeToken } from '../standard/tokens.ts';
import { startWithNotes } from './notes.ts';
import {
  ada,
  asBrowser,
  challenge,
  challengeRefused,
  csrfMissing,
  failure,
  goodPassword,
  inJapanese,
  invalidAccessToken,
  missingToken,
  signedUp,
  signOut,
  startCookie,
} from './people.ts';

// What an application gets that has Tegata in its own process.

test('S0.56 the guard lets nobody through without a log-in, and answers as the contract does', async () => {
  const { server, notes } = await startWithNotes();
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const answer = await server.call(method, '/notes', method === 'GET' ? {} : { body: 'x' });
    expect([answer.status, answer.body]).toEqual([401, missingToken]);
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toBe('application/json');
  }
  expect(notes).toEqual([]);
});

test('it tells the application who it is and by which session, by cookie and by header', async () => {
  const { server, notes } = await startWithNotes();
  const person = await signedUp(server, ada);
  const eve = await signedUp(server, 'eve@example.com');
  const byCookie = await server.call('POST', '/notes', { ...asBrowser(person), body: 'one' });
  const byHeader = await server.call('POST', '/notes', { token: eve.accessToken, body: 'two' });
  expect([byCookie.status, byHeader.status]).toEqual([200, 200]);
  const sessionOf = (token: string) => decodeToken(token).claims.sid;
  expect(notes).toEqual([
    { userId: person.userId, sessionId: sessionOf(person.accessToken), text: 'one' },
    { userId: eve.userId, sessionId: sessionOf(eve.accessToken), text: 'two' },
  ]);
  expect((await server.call('GET', '/notes', { cookie: person.accessCookie })).body.notes).toHaveLength(1);
});

test('the body of the request is left to the application, also in a refusal', async () => {
  const { server, notes } = await startWithNotes();
  const { accessCookie: cookie } = await signedUp(server, ada);
  const answer = await server.call('POST', '/notes', { cookie, body: 'x'.repeat(100_000) });
  expect([answer.status, answer.body]).toEqual([403, csrfMissing]);
  expect(notes).toEqual([]);
});

test('a bad header is not rescued by a good cookie; an expired token says so; signing out acts at once', async () => {
  const { server } = await startWithNotes();
  const person = await signedUp(server, ada);
  const { cookie } = asBrowser(person);
  const bad = await server.call('GET', '/notes', { cookie, token: 'nonsense' });
  expect([bad.status, bad.body]).toEqual([401, invalidAccessToken]);
  expect(bad.headers.get('www-authenticate')).toBe(challengeRefused);
  const forged = await server.call('POST', '/notes', { cookie: 'access_token=nonsense', body: 'x' });
  expect([forged.status, forged.body]).toEqual([401, invalidAccessToken]);
  const other = await signedUp(server, 'other@example.com');
  await signOut(server, asBrowser(other));
  expect((await server.call('GET', '/notes', asBrowser(other))).body).toEqual(invalidAccessToken);
  server.advance({ minutes: 15 });
  const late = await server.call('GET', '/notes', { cookie });
  expect(late.body).toEqual(failure('unauthorized', 'Access token has expired'));
  const inJapan = await server.call('GET', '/notes', { headers: inJapanese });
  expect(inJapan.body.error).toBe('認証トークンがありません');
});

test('while the database is down the guard answers 503, and what nobody expected is thrown', async () => {
  const { engine } = await startCookie();
  const failing = (error: Error) =>
    composeGuards(parseConfig({}), { ...engine, auth: { ...engine.auth, authenticate: () => Promise.reject(error) } });
  const request = new Request('https://app.example.com/notes', { headers: { authorization: 'Bearer token' } });
  const down = await failing(new Unavailable('no database', { retryAfterSeconds: 2 })).requireUser(request);
  if (down.ok) throw new Error('the guard let somebody through');
  expect(down.response.status).toBe(503);
  expect(down.response.headers.get('retry-after')).toBe('2');
  expect(await down.response.json()).toEqual(failure('service_unavailable', 'Service temporarily unavailable. Please try again'));
  await expect(failing(new Error('a bug')).requireUser(request)).rejects.toThrow('a bug');
});

/** Tegata as a library has it: no port, no server. */
const embedded = async (options: TegataOptions = {}) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tegata-test-'));
  const settings = { TEGATA_CONTRACTS: 'cookie', TEGATA_DATA_DIR: dataDir, LOG_LEVEL: 'silent' };
  const tegata = await createTegata(settings, options);
  onTestFinished(async () => {
    await tegata.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    tegata.fetch(
      new Request(`http://localhost:3000${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    );
  const signedUpHere = async () => {
    const answer = await send('POST', '/auth/signup', { email: ada, password: goodPassword });
    expect(answer.status).toBe(201);
    const { user, csrf_token } = (await answer.json()) as { user: { id: string }; csrf_token: string };
    const cookie = answer.headers
      .getSetCookie()
      .map((set) => set.split(';')[0])
      .join('; ');
    return { userId: user.id, browser: { cookie, 'x-csrf-token': csrf_token } };
  };
  return { tegata, send, signedUpHere };
};

test('createTegata gives a handler and guards for web-standard requests', async () => {
  const { tegata, signedUpHere } = await embedded();
  const { userId, browser } = await signedUpHere();
  const request = new Request('http://localhost:3000/tasks', { method: 'POST', headers: browser, body: 'mine' });
  const caller = await tegata.guards.requireUser(request);
  expect(caller).toMatchObject({ ok: true, user: { id: userId, email: ada, status: 'active' } });
  expect(caller.ok && caller.sessionId).toMatch(/^[0-9a-f-]{36}$/);
  expect(await request.text()).toBe('mine');
});

test('beforeAccountCloses runs once, before the account goes, and only behind the right password', async () => {
  const closing: { userId: string; stillThere: boolean }[] = [];
  const { tegata, send, signedUpHere } = await embedded({
    beforeAccountCloses: async ({ userId }) => {
      const caller = await tegata.guards.requireUser(new Request('http://localhost:3000/', { headers: browser }));
      closing.push({ userId, stillThere: caller.ok });
    },
  });
  const { userId, browser } = await signedUpHere();
  expect((await send('DELETE', '/auth/account', { password: 'not the password' }, browser)).status).toBe(401);
  expect(closing).toEqual([]);
  expect((await send('DELETE', '/auth/account', { password: goodPassword }, browser)).status).toBe(200);
  expect(closing).toEqual([{ userId, stillThere: true }]);
});

test('an application that cannot let go of its rows keeps the account: 500, and the person is still logged in', async () => {
  let failing = true;
  const { tegata, send, signedUpHere } = await embedded({
    beforeAccountCloses: async () => {
      if (failing) throw new Error('the tasks are locked');
    },
  });
  const { browser } = await signedUpHere();
  const answer = await send('DELETE', '/auth/account', { password: goodPassword }, browser);
  expect([answer.status, await answer.json()]).toEqual([500, failure('internal_server_error', 'Internal server error')]);
  expect(answer.headers.getSetCookie()).toEqual([]);
  const caller = await tegata.guards.requireUser(new Request('http://localhost:3000/', { headers: browser }));
  expect(caller.ok).toBe(true);
  failing = false;
  expect((await send('DELETE', '/auth/account', { password: goodPassword }, browser)).status).toBe(200);
});
