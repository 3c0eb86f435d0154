import { createStandardClient } from '@tegata/client';
import { expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { goodPassword, registered } from '../standard/people.ts';
import { email, openLoggedIn, openPage, statusOf } from './people.ts';
import { openTestBrowser, until } from './tabs.ts';

const refreshCall = 'POST /api/v1/auth/refresh';
const meCall = 'GET /api/v1/me';

test('log in, call, log out: results, and a state that everybody can watch', async () => {
  const server = await startServer();
  await registered(server, email);
  const { auth } = openPage(server, openTestBrowser(server));
  const seen: string[] = [];
  auth.subscribe(() => seen.push(statusOf({ auth })));
  expect(auth.getState()).toEqual({ status: 'loading' });
  expect(await auth.start()).toEqual({ status: 'logged_out' });
  const loggedIn = await auth.login({ email, password: goodPassword });
  expect(loggedIn).toMatchObject({ ok: true, value: { email, status: 'active' } });
  expect(auth.getState()).toMatchObject({ status: 'logged_in', user: { email } });
  const sessions = await auth.listSessions();
  expect(sessions).toMatchObject({ ok: true, value: { items: [{ current: true }], pagination: { total_items: 1 } } });
  expect(await auth.logout()).toEqual({ ok: true, value: undefined });
  expect(await auth.listSessions()).toMatchObject({ ok: false, failure: { code: 'logged_out', reason: 'logged_out' } });
  expect(seen).toEqual(['logged_out', 'logged_in', 'logged_out: logged_out']);
});

test('whoever calls while nobody is logged in asks the server nothing', async () => {
  const server = await startServer();
  const browser = openTestBrowser(server);
  const { auth } = openPage(server, browser);
  await auth.start();
  const before = browser.requests.length;
  expect(await auth.me()).toMatchObject({ ok: false, failure: { code: 'logged_out' } });
  expect(await auth.accessToken()).toMatchObject({ ok: false, failure: { code: 'logged_out' } });
  expect(browser.requests.length).toBe(before);
});

test('after a reload the cookie gets a new access token: one refresh and one me, however often start is called', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const first = await openLoggedIn(server, browser);
  first.auth.close();
  const { auth } = openPage(server, browser);
  browser.requests.length = 0;
  await Promise.all([auth.start(), auth.start(), auth.start()]);
  expect(auth.getState()).toMatchObject({ status: 'logged_in', user: { email } });
  expect(browser.requests).toEqual([refreshCall, meCall]);
});

test('an access token that has ended is refreshed before the call, and one that the server refuses once after it', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const { auth } = await openLoggedIn(server, browser);
  browser.requests.length = 0;
  server.advance({ minutes: 16 });
  expect((await auth.me()).ok).toBe(true);
  expect(browser.requests).toEqual([refreshCall, meCall]);

  // A clock that runs behind does not know that the token has ended.
  const behind = openPage(server, browser);
  const slow = { ...behind.environment, now: () => Date.UTC(2030, 0, 15, 9, 0, 0) };
  const late = createStandardClient({ baseUrl: server.url, fetch: behind.fetch, environment: slow });
  await late.start();
  server.advance({ minutes: 16 });
  browser.requests.length = 0;
  expect((await late.me()).ok).toBe(true);
  expect(browser.requests).toEqual([meCall, refreshCall, meCall]);
  late.close();
});

test('twenty calls at once with an ended token make one refresh', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const { auth } = await openLoggedIn(server, browser);
  server.advance({ minutes: 16 });
  browser.requests.length = 0;
  const results = await Promise.all(Array.from({ length: 20 }, () => auth.me()));
  expect(results.every(({ ok }) => ok)).toBe(true);
  expect(browser.count(refreshCall)).toBe(1);
});

test('while somebody looks, the token is renewed before it ends; in a hidden tab it is not, until somebody looks again', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const tab = await openLoggedIn(server, browser);
  browser.requests.length = 0;
  await browser.pass({ minutes: 10 });
  expect(browser.requests).toEqual([]);
  await browser.pass({ minutes: 4 });
  await until(() => browser.count(refreshCall) === 1, 'a refresh ahead of time');

  tab.hide();
  await browser.pass({ minutes: 30 });
  expect(browser.count(refreshCall)).toBe(1);
  tab.comeBack();
  await until(() => browser.count(refreshCall) === 2, 'a refresh on return');
  expect(statusOf(tab)).toBe('logged_in');
});

test('why somebody was signed out is told: from another device', async () => {
  const server = await startServer();
  await registered(server, email);
  const here = await openLoggedIn(server, openTestBrowser(server));
  const elsewhere = await openLoggedIn(server, openTestBrowser(server));
  const sessions = await elsewhere.auth.listSessions();
  const other = sessions.ok ? sessions.value.items.find(({ current }) => !current) : undefined;
  expect(await elsewhere.auth.revokeSession(other?.id ?? '')).toMatchObject({ ok: true });
  expect(await here.auth.me()).toMatchObject({ ok: false, failure: { code: 'logged_out', reason: 'session_revoked' } });
  expect(here.auth.getState()).toEqual({ status: 'logged_out', reason: 'session_revoked' });
  expect(statusOf(elsewhere)).toBe('logged_in');
});

test('a password that was changed elsewhere is the reason after a reload too', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  await openLoggedIn(server, browser);
  const elsewhere = await openLoggedIn(server, openTestBrowser(server));
  const changed = await elsewhere.auth.changePassword({ currentPassword: goodPassword, newPassword: 'another horse battery' });
  expect(changed.ok).toBe(true);
  const reloaded = openPage(server, browser);
  await reloaded.auth.start();
  expect(reloaded.auth.getState()).toEqual({ status: 'logged_out', reason: 'password_changed' });
  // The one who changed it is still in.
  expect(statusOf(elsewhere)).toBe('logged_in');
});

test('a wrong password is told as one: nobody is signed out, and it counts once', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const tab = await openLoggedIn(server, browser);
  browser.requests.length = 0;
  const changed = await tab.auth.changePassword({ currentPassword: 'not the one', newPassword: 'another horse battery' });
  expect(changed).toMatchObject({ ok: false, failure: { code: 'UNAUTHORIZED', reason: 'wrong_password', status: 401 } });
  expect(await tab.auth.closeAccount({ password: 'not the one' })).toMatchObject({
    ok: false,
    failure: { reason: 'wrong_password' },
  });
  expect(browser.requests).toEqual(['POST /api/v1/auth/password/change', 'DELETE /api/v1/me']);
  expect(statusOf(tab)).toBe('logged_in');
  const closed = await tab.auth.closeAccount({ password: goodPassword });
  expect(closed.ok).toBe(true);
  expect(statusOf(tab)).toBe('logged_out: account_closed');
});

test('what the form got wrong comes by field; a lock comes with its end; a limit with the seconds to wait', async () => {
  const server = await startServer();
  await registered(server, email);
  const { auth } = openPage(server, openTestBrowser(server));
  const short = await auth.register({ email: 'grace@example.com', password: 'short', name: 'Grace' });
  expect(short).toMatchObject({ ok: false, failure: { code: 'VALIDATION_ERROR', fields: { password: expect.any(String) } } });
  expect(await auth.register({ email, password: goodPassword, name: 'Ada' })).toMatchObject({ failure: { code: 'CONFLICT' } });
  for (let time = 0; time < 5; time += 1) await auth.login({ email, password: 'not the one' });
  const locked = await auth.login({ email, password: goodPassword });
  expect(locked).toMatchObject({ failure: { code: 'ACCOUNT_LOCKED', lockedUntil: expect.stringMatching(/^2030-/) } });

  const limited = await startServer({ TEGATA_RATE_LIMITS: 'on' });
  const eager = openPage(limited, openTestBrowser(limited));
  let last = await eager.auth.login({ email, password: 'a' });
  for (let time = 0; time < 15; time += 1) last = await eager.auth.login({ email: `p${time}@example.com`, password: 'a' });
  expect(last).toMatchObject({ failure: { code: 'rate_limited', status: 429, retryAfterSeconds: expect.any(Number) } });
});

test('messages come in the language that is asked for', async () => {
  const server = await startServer();
  let language = 'ja';
  const auth = createStandardClient({ baseUrl: server.url, language: () => language });
  const inJapanese = await auth.login({ email, password: 'a' });
  language = 'en';
  const inEnglish = await auth.login({ email, password: 'a' });
  expect(inEnglish).toMatchObject({ failure: { message: 'invalid credentials' } });
  expect(inJapanese.ok ? '' : inJapanese.failure.message).toMatch(/[\u3040-\u30ff\u4e00-\u9fff]/);
});

test('an answer that is not the contract’s counts as no answer of the server', async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'cookie' });
  const { auth } = openPage(server, openTestBrowser(server));
  expect(await auth.forgotPassword({ email })).toMatchObject({ ok: false, failure: { code: 'unavailable', status: 404 } });
});
