import { createClient, createCookieClient, createOrganizationClient, type TokenKeeper } from '@tegata/client';
import { expect, onTestFinished, test } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
import { goodPassword, registered } from '../standard/people.ts';
import { email, openPage, statusOf } from './people.ts';
import { openTestBrowser, type TestBrowser, until } from './tabs.ts';

// The other two contracts in a browser, and programs without a cookie jar.

const openOrganization = (server: TestServer, browser: TestBrowser) => {
  const tab = browser.openTab();
  const auth = createOrganizationClient({ baseUrl: server.url, language: 'en', ...tab });
  onTestFinished(() => auth.close());
  return { ...tab, auth };
};
const openCookie = (server: TestServer, browser: TestBrowser) => {
  const tab = browser.openTab();
  const auth = createCookieClient({ baseUrl: server.url, ...tab });
  onTestFinished(() => auth.close());
  return { ...tab, auth };
};
const ada = { email, password: goodPassword, name: 'Ada', organizationName: 'Analytical Engines' };

test('organization: register logs in, me knows the organization, every tab follows (S2.126 to S2.134)', async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'organization' });
  const browser = openTestBrowser(server);
  const tabs = [openOrganization(server, browser), openOrganization(server, browser)] as const;
  const [first, second] = tabs;
  await Promise.all(tabs.map(({ auth }) => auth.start()));
  // S2.128: without a token nobody is asked.
  expect(browser.requests).toEqual([]);
  const registeredAs = await first.auth.register(ada);
  expect(registeredAs).toMatchObject({ ok: true, value: { email, role: 'user' } });
  await until(() => second.auth.getState().status === 'logged_in', 'the other tab');
  expect(await second.auth.me()).toMatchObject({ ok: true, value: { organization: { name: 'Analytical Engines' } } });
  expect(await first.auth.refreshToken()).toEqual({ ok: true, value: undefined });
  expect(await second.auth.logout()).toMatchObject({ ok: true });
  await until(() => first.auth.getState().status === 'logged_out', 'the other tab');
  expect(await first.auth.login({ email, password: 'not the one' })).toMatchObject({ failure: { code: 'INVALID_CREDENTIALS' } });
  expect((await first.auth.login({ email, password: goodPassword, rememberMe: true })).ok).toBe(true);
});

test('organization: after a reload the cookies are enough, and an ended token is refreshed with the CSRF token', async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'organization' });
  const browser = openTestBrowser(server);
  await openOrganization(server, browser).auth.register(ada);
  browser.requests.length = 0;
  const reloaded = openOrganization(server, browser);
  expect(await reloaded.auth.start()).toMatchObject({
    status: 'logged_in',
    user: { organization: { name: 'Analytical Engines' } },
  });
  expect(browser.requests).toEqual(['GET /api/auth/me']);
  server.advance({ minutes: 16 });
  expect((await reloaded.auth.me()).ok).toBe(true);
  expect(browser.count('POST /api/auth/refresh')).toBe(1);
  server.advance({ days: 8 });
  expect(await reloaded.auth.me()).toMatchObject({ failure: { code: 'logged_out', reason: 'session_expired' } });
});

test('organization: a failed me signs nobody out unless the session is over (S2.129), a failed log-out does (S2.132)', async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'organization' });
  const browser = openTestBrowser(server);
  const { auth } = openOrganization(server, browser);
  await auth.register(ada);
  browser.network.fault = () => 'bad_gateway';
  expect(await auth.me()).toMatchObject({ failure: { code: 'unavailable' } });
  expect(auth.getState().status).toBe('logged_in');
  expect(await auth.logout()).toMatchObject({ ok: false, failure: { code: 'unavailable' } });
  expect(auth.getState()).toEqual({ status: 'logged_out', reason: 'logged_out' });
});

test('cookie: the whole life of an account, and calls of the application with the CSRF token', async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'cookie' });
  const browser = openTestBrowser(server);
  const { auth } = openCookie(server, browser);
  await auth.start();
  expect(browser.requests).toEqual([]);
  expect(await auth.register({ email, password: goodPassword })).toMatchObject({ ok: true, value: { email } });
  server.advance({ minutes: 16 });
  // Ended before the call: one refresh ahead of it.
  expect((await auth.fetch('/auth/me')).status).toBe(200);
  const reloaded = openCookie(server, browser);
  expect(await reloaded.auth.start()).toMatchObject({ status: 'logged_in' });
  server.advance({ minutes: 16 });
  // Not known to have ended: refreshed after the 401.
  browser.requests.length = 0;
  expect((await reloaded.auth.fetch('/auth/me')).status).toBe(200);
  expect(browser.requests).toEqual(['GET /auth/me', 'POST /auth/refresh', 'GET /auth/me']);

  expect(await auth.closeAccount({ password: 'not the one' })).toMatchObject({ failure: { code: 'unauthorized' } });
  expect(auth.getState().status).toBe('logged_in');
  const changed = await auth.changePassword({ currentPassword: goodPassword, newPassword: 'another horse battery' });
  expect(changed.ok).toBe(true);
  expect((await auth.closeAccount({ password: 'another horse battery' })).ok).toBe(true);
  await until(() => reloaded.auth.getState().status === 'logged_out', 'the other tab');
  expect(reloaded.auth.getState()).toEqual({ status: 'logged_out', reason: 'account_closed' });
  expect(browser.cookies.has('refresh_token')).toBe(false);
});

const keeperOf = (writes: (string | undefined)[]): TokenKeeper => ({
  get: () => writes.at(-1),
  set: async (token) => {
    // Slow, as a disk or a keychain is.
    await new Promise((resolve) => setImmediate(resolve));
    writes.push(token);
  },
});

test('without a cookie jar the caller keeps the refresh token, and has kept it before the access token is used', async () => {
  const server = await startServer();
  await registered(server, email);
  const writes: (string | undefined)[] = [];
  const order: string[] = [];
  const spying: typeof fetch = async (input, init) => {
    order.push(`${writes.length} kept, ${init?.method} ${new URL(String(input)).pathname}`);
    expect(init).not.toHaveProperty('credentials');
    return fetch(input, init);
  };
  const options = { baseUrl: server.url, fetch: spying, tokenTransport: 'body', refreshTokenKeeper: keeperOf(writes) } as const;
  const first = createClient(options);
  expect((await first.login({ email, password: goodPassword })).ok).toBe(true);
  const second = createClient({ ...options, contract: 'standard' });
  expect(await second.start()).toMatchObject({ status: 'logged_in', user: { email } });
  expect(order).toEqual(['0 kept, POST /api/v1/auth/login', '1 kept, POST /api/v1/auth/refresh', '2 kept, GET /api/v1/me']);
  expect((await second.logout()).ok).toBe(true);
  expect(writes.at(-1)).toBeUndefined();
  expect(await createClient(options).start()).toEqual({ status: 'logged_out' });
  expect(order.length).toBe(4);
});

test('two clients of one server process share nothing: not a token, not a state', async () => {
  const server = await startServer();
  await registered(server, email);
  await registered(server, 'grace@example.com');
  const forPerson = () => createClient({ baseUrl: server.url, tokenTransport: 'body', refreshTokenKeeper: keeperOf([]) });
  const [forAda, forGrace, forNobody] = [forPerson(), forPerson(), forPerson()];
  await Promise.all([forAda.start(), forGrace.start(), forNobody.start()]);
  await forAda.login({ email, password: goodPassword });
  await forGrace.login({ email: 'grace@example.com', password: goodPassword });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await forAda.me()).toMatchObject({ value: { email } });
  expect(await forGrace.me()).toMatchObject({ value: { email: 'grace@example.com' } });
  expect(forNobody.getState().status).toBe('logged_out');
});

test('an organization’s program without a cookie jar', async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'organization' });
  const writes: (string | undefined)[] = [];
  const options = {
    contract: 'organization',
    baseUrl: server.url,
    tokenTransport: 'body',
    refreshTokenKeeper: keeperOf(writes),
  } as const;
  expect((await createClient(options).register(ada)).ok).toBe(true);
  const restarted = createClient(options);
  expect(await restarted.start()).toMatchObject({ status: 'logged_in' });
  expect((await restarted.logout()).ok).toBe(true);
  expect(writes.at(-1)).toBeUndefined();
});

test('the access token goes to the origins that were named, and to nobody else', async () => {
  const server = await startServer();
  const api = await startServer({ TEGATA_DATA_DIR: server.dataDir });
  await registered(server, email);
  const browser = openTestBrowser(server);
  const { auth } = openPage(server, browser);
  await auth.start();
  await auth.login({ email, password: goodPassword });
  expect((await auth.fetch('/api/v1/me')).status).toBe(200);
  await expect(auth.fetch(`${api.url}/api/v1/me`)).rejects.toThrow(/must not get the access token/);
  await expect(auth.fetch('//evil.example/')).rejects.toThrow(TypeError);
  expect(statusOf({ auth })).toBe('logged_in');
});
