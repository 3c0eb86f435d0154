import { describe, expect, test } from 'vitest';
import type { CallOptions, TestServer } from '../server.ts';
import { rows } from '../standard/stored.ts';
import {
  asBrowser,
  asBrowserLater,
  failure,
  inEnglish,
  loggedIn,
  logOut,
  me,
  type Person,
  refresh,
  refreshed,
  refreshWith,
  registered,
  startOrganization,
} from './people.ts';

const publicUrl = 'https://auth.example.com';
const csrfInvalid = failure('CSRF_TOKEN_INVALID', 'CSRFトークンが無効です');

const start = async () => {
  const server = await startOrganization({ TEGATA_URL: publicUrl, TEGATA_ALLOWED_ORIGINS: 'https://app.example.com' });
  const person = await registered(server, 'ada@example.com');
  const other = await loggedIn(server, 'ada@example.com');
  const stranger = await registered(server, 'eve@example.com');
  return { server, person, other, stranger };
};

const nothingHappened = (server: TestServer) =>
  expect(rows(server, 'select generation, ended_at from sessions')).toEqual(Array(3).fill({ generation: 0, ended_at: null }));

/** The session's cookies with whatever CSRF cookie and header. */
const sent = (person: Person, csrf: { cookie?: string | undefined; header?: string | undefined }): CallOptions => ({
  cookie: [person.accessCookie, person.refreshCookie, ...(csrf.cookie === undefined ? [] : [`csrf_token=${csrf.cookie}`])].join(
    '; ',
  ),
  headers: csrf.header === undefined ? {} : { 'x-csrf-token': csrf.header },
});
const pair = (value: string) => ({ cookie: value, header: value });

const forged = `${'A'.repeat(22)}.${'A'.repeat(43)}`;
const tampered = (token: string) => (token.startsWith('A') ? 'B' : 'A') + token.slice(1);

type People = { person: Person; other: Person; stranger: Person };

/** What a forged request could bring along. */
const attempts: Record<string, (people: People) => CallOptions> = {
  'neither header nor cookie': ({ person }) => sent(person, {}),
  'the cookie without the header': ({ person }) => sent(person, { cookie: person.csrfToken }),
  'the header without the cookie': ({ person }) => sent(person, { header: person.csrfToken }),
  'an empty header': ({ person }) => sent(person, { cookie: person.csrfToken, header: '' }),
  'an empty pair': ({ person }) => sent(person, pair('')),
  'a header that differs': ({ person }) => sent(person, { cookie: person.csrfToken, header: tampered(person.csrfToken) }),
  'a cookie that differs': ({ person }) => sent(person, { cookie: tampered(person.csrfToken), header: person.csrfToken }),
  'an equal pair of somebody’s own making': ({ person }) => sent(person, pair('abc')),
  'an equal pair of the right form': ({ person }) => sent(person, pair(forged)),
  'a tampered pair': ({ person }) => sent(person, pair(tampered(person.csrfToken))),
  'the pair of another session of the same person': ({ person, other }) => sent(person, pair(other.csrfToken)),
  'the pair of a stranger’s session': ({ person, stranger }) => sent(person, pair(stranger.csrfToken)),
  'the right pair beside a tossed cookie': ({ person }) => ({
    ...sent(person, pair(person.csrfToken)),
    cookie: `${asBrowser(person).cookie}; csrf_token=tossed`,
  }),
  'cookies of two people mixed together': ({ person, stranger }) => ({
    cookie: [stranger.accessCookie, person.refreshCookie, person.csrfCookie].join('; '),
    headers: { 'x-csrf-token': person.csrfToken },
  }),
  'the refresh cookie alone': ({ person }) => ({ cookie: person.refreshCookie }),
};

// Every unsafe call whose credential can be a cookie.
describe.each([
  ['logout', logOut],
  ['refresh', refresh],
] as const)('%s by cookie', (_, call) => {
  test('V46 S2.119 S2.120 S2.191 without the session’s own pair is 403, and nothing happens', async () => {
    const { server, ...people } = await start();
    for (const [attempt, options] of Object.entries(attempts)) {
      const answer = await call(server, options(people));
      expect({ attempt, status: answer.status, body: answer.body }).toEqual({ attempt, status: 403, body: csrfInvalid });
      expect(answer.cookies).toEqual([]);
      nothingHappened(server);
    }
  });

  test('in English, by Accept-Language', async () => {
    const { server, person } = await start();
    const answer = await call(server, { cookie: asBrowser(person).cookie, headers: inEnglish });
    expect(answer.body).toEqual(failure('CSRF_TOKEN_INVALID', 'The CSRF token is not valid'));
  });

  test('with the right pair works, from our own pages and from programs', async () => {
    for (const headers of [
      {},
      { origin: publicUrl },
      { origin: 'https://app.example.com' },
      { 'sec-fetch-site': 'same-origin' },
    ]) {
      const { server, person } = await start();
      const options = asBrowser(person);
      const answer = await call(server, { ...options, headers: { ...options.headers, ...(headers as Record<string, string>) } });
      expect({ headers, status: answer.status }).toEqual({ headers, status: 200 });
    }
  });

  test('with the right pair from another site’s page is 403 PERMISSION_DENIED, and nothing happens', async () => {
    const { server, person } = await start();
    const options = asBrowser(person);
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'https://auth.example.com.evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const answer = await call(server, { ...options, headers: { ...options.headers, ...(headers as Record<string, string>) } });
      expect({ headers, status: answer.status, body: answer.body }).toEqual({
        headers,
        status: 403,
        body: failure('PERMISSION_DENIED', 'このリソースにアクセスする権限がありません'),
      });
    }
    nothingHappened(server);
  });

  test('without the access cookie, once the browser has dropped it, the pair is asked for all the same', async () => {
    const { server, person } = await start();
    server.advance({ minutes: 20 });
    expect((await call(server, { cookie: asBrowserLater(person).cookie })).body).toEqual(csrfInvalid);
    expect((await call(server, asBrowserLater(person))).status).toBe(200);
  });

  test('the pair of an earlier refresh still goes with the session', async () => {
    const { server, person } = await start();
    const next = await refreshed(server, asBrowser(person));
    expect(next.csrfToken).not.toBe(person.csrfToken);
    const options = { cookie: [next.refreshCookie, person.csrfCookie].join('; '), headers: { 'x-csrf-token': person.csrfToken } };
    expect((await call(server, options)).status).toBe(200);
  });

  test('the pair of a session that ended is worth nothing for the next one', async () => {
    const { server, person } = await start();
    await logOut(server, { token: person.accessToken });
    const next = await loggedIn(server, 'ada@example.com');
    expect((await call(server, sent(next, pair(person.csrfToken)))).body).toEqual(csrfInvalid);
  });
});

test('credentials that no browser adds by itself need no pair: the header at logout, the body at refresh', async () => {
  const { server, person, other } = await start();
  const { cookie } = asBrowser(person);
  expect((await refreshWith(server, person.refreshToken, { cookie: cookie as string })).status).toBe(200);
  expect((await logOut(server, { token: other.accessToken, cookie: cookie as string })).status).toBe(200);
});

test('reading needs no pair, and neither do calls that need no login', async () => {
  const { server, person } = await start();
  const cookie = asBrowser(person).cookie as string;
  expect((await me(server, { cookie })).status).toBe(200);
  await loggedIn(server, 'ada@example.com', { cookie });
  const body = { email: 'ada@example.com' };
  expect((await server.call('POST', '/api/auth/password-reset/request', { body, cookie })).status).toBe(200);
});
