import { createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { CallOptions } from '../server.ts';
import { added, asBrowser, type Person, signedIn, signedUp, startTasksServer, type TasksServer } from './people.ts';

const origin = 'https://tasks.example.com';
const ada = 'ada@example.com';

/** Every unsafe call of the application, on a task that is there. */
const unsafe = [
  ['POST /tasks', async () => ({ method: 'POST', path: '/tasks', body: { title: 'Forged' }, done: 201 })],
  [
    'PATCH /tasks/{id}',
    async (server: TasksServer, person: Person) => ({
      method: 'PATCH',
      path: `/tasks/${await added(server, person)}`,
      body: { title: 'Forged' },
      done: 200,
    }),
  ],
  [
    'DELETE /tasks/{id}',
    async (server: TasksServer, person: Person) => ({
      method: 'DELETE',
      path: `/tasks/${await added(server, person)}`,
      body: undefined,
      done: 204,
    }),
  ],
] as const;

test.each(unsafe)('%s with a cookie needs the CSRF token of its session, and changes nothing without', async (_, callOf) => {
  const server = await startTasksServer({ TEGATA_URL: origin });
  const person = await signedUp(server, ada);
  const { method, path, body, done } = await callOf(server, person);
  const other = await signedIn(server, ada);
  const stranger = await signedUp(server, 'mallory@example.com');
  const before = server.rows('select * from tasks');

  const { accessCookie, csrfCookie, csrfToken } = person;
  const pair = (token: string, cookie = `csrf_token=${token}`): CallOptions => ({
    cookie: `${accessCookie}; ${cookie}`,
    headers: { 'x-csrf-token': token },
  });
  const own = asBrowser(person);
  const fromSite = (headers: Record<string, string>): CallOptions => ({ ...own, headers: { ...own.headers, ...headers } });
  const madeUp = randomBytes(16).toString('base64url');
  const signature = createHmac('sha256', 'a guess').update(madeUp).digest('base64url');
  const flipped = csrfToken.slice(0, -2) + (csrfToken.at(-2) === 'A' ? 'B' : 'A') + csrfToken.slice(-1);

  const refusals: Record<string, [CallOptions, string]> = {
    'no header': [{ cookie: `${accessCookie}; ${csrfCookie}` }, 'CSRF token missing'],
    'an empty header': [{ ...own, headers: { 'x-csrf-token': '' } }, 'CSRF token missing'],
    'no cookie': [{ cookie: accessCookie, headers: { 'x-csrf-token': csrfToken } }, 'CSRF token missing'],
    'two cookies': [pair(csrfToken, `${csrfCookie}; ${csrfCookie}`), 'CSRF token missing'],
    'a header that is another': [{ ...own, headers: { 'x-csrf-token': other.csrfToken } }, 'CSRF token mismatch'],
    'the pair of another session of the same person': [pair(other.csrfToken), 'CSRF token mismatch'],
    'the pair of a stranger': [pair(stranger.csrfToken), 'CSRF token mismatch'],
    'a forged equal pair': [pair('forged'), 'CSRF token mismatch'],
    'a forged equal pair of the right form': [pair(`${madeUp}.${signature}`), 'CSRF token mismatch'],
    'a tampered pair': [pair(flipped), 'CSRF token mismatch'],
    'the pair and a page of another site': [fromSite({ origin: 'https://evil.example' }), 'Request from a foreign origin'],
    'the pair and a sibling domain': [fromSite({ origin: 'https://www.example.com' }), 'Request from a foreign origin'],
    'the pair and no origin to tell': [fromSite({ origin: 'null' }), 'Request from a foreign origin'],
    'the pair, cross-site': [fromSite({ 'sec-fetch-site': 'cross-site' }), 'Request from a foreign origin'],
    'the pair, same site but not origin': [fromSite({ 'sec-fetch-site': 'same-site' }), 'Request from a foreign origin'],
  };
  for (const [what, [options, error]] of Object.entries(refusals)) {
    const answer = await server.call(method, path, { ...options, body });
    expect({ what, status: answer.status, body: answer.body }).toEqual({
      what,
      status: 403,
      body: { error, error_type: 'forbidden' },
    });
  }
  expect(server.rows('select * from tasks')).toEqual(before);

  const allowed = await server.call(method, path, { ...fromSite({ origin, 'sec-fetch-site': 'same-origin' }), body });
  expect(allowed.status).toBe(done);
});

test.each(unsafe)('%s with a Bearer token needs no CSRF token', async (_, callOf) => {
  const server = await startTasksServer();
  const person = await signedUp(server, ada);
  const { method, path, body, done } = await callOf(server, person);
  expect((await server.call(method, path, { token: person.accessToken, body })).status).toBe(done);
});

test('reading needs no CSRF token', async () => {
  const server = await startTasksServer();
  const person = await signedUp(server, ada);
  const id = await added(server, person);
  for (const path of ['/tasks', `/tasks/${id}`]) {
    expect((await server.call('GET', path, { cookie: person.accessCookie })).status).toBe(200);
  }
});
