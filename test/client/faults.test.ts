import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { goodPassword, registered } from '../standard/people.ts';
import { email, type OpenTab, openLoggedIn, openPage, statusOf } from './people.ts';
import { type Fault, openTestBrowser, until } from './tabs.ts';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 15);

const faults: readonly Fault[] = ['none', 'request_lost', 'answer_lost', 'body_lost', 'bad_gateway', 'captive_portal'];

test(
  'whatever the network does to several tabs, nobody is signed out, and when it is over all of them work',
  async () => {
    const server = await startServer();
    await registered(server, email);
    const step = fc.record({
      faults: fc.array(fc.constantFrom(...faults), { minLength: 1, maxLength: 8 }),
      tabs: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1 }),
      minutes: fc.constantFrom(0, 1, 16, 60, 600),
    });
    let signedOut = 0;
    let calls = 0;
    let failed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const browser = openTestBrowser(server);
        const tabs: OpenTab[] = [
          await openLoggedIn(server, browser),
          ...Array.from({ length: 3 }, () => openPage(server, browser)),
        ];
        await Promise.all(tabs.map(({ auth }) => auth.start()));
        for (const { faults: planned, tabs: called, minutes } of steps) {
          server.advance({ minutes });
          const queue = [...planned];
          browser.network.fault = () => queue.shift() ?? 'none';
          const results = await Promise.all(called.map((index) => (tabs[index] as OpenTab).auth.me()));
          calls += results.length;
          failed += results.filter(({ ok }) => !ok).length;
          for (const result of results) {
            if (!result.ok) expect(['network', 'unavailable']).toContain(result.failure.code);
          }
          signedOut += tabs.filter((tab) => statusOf(tab) !== 'logged_in').length;
        }
        browser.network.fault = () => 'none';
        const results = await Promise.all(tabs.map(({ auth }) => auth.me()));
        expect(results.every(({ ok }) => ok)).toBe(true);
        await tabs[0]?.auth.logout();
        for (const { auth } of tabs) auth.close();
      }),
      { numRuns },
    );
    process.stdout.write(`  client under faults: ${calls} calls, ${failed} failed, ${signedOut} sign-outs\n`);
    expect({ signedOut }).toEqual({ signedOut: 0 });
    // The faults were real.
    expect(failed).toBeGreaterThan(0);
    expect(calls).toBeGreaterThan(failed);
  },
  20_000 + numRuns * 3000,
);

test('a server that says 500, 503 or 429 signs nobody out', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const tab = await openLoggedIn(server, browser);
  server.advance({ minutes: 20 });
  for (const [fault, code] of [
    ['bad_gateway', 'unavailable'],
    ['captive_portal', 'unavailable'],
    ['request_lost', 'network'],
  ] as const) {
    browser.network.fault = () => fault;
    expect(await tab.auth.me()).toMatchObject({ ok: false, failure: { code } });
    expect(statusOf(tab)).toBe('logged_in');
  }
});

test('a page that opens while the server is away neither says in nor out, tries again by itself, and finds its session', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  (await openLoggedIn(server, browser)).auth.close();
  browser.network.fault = () => 'bad_gateway';
  const tab = openPage(server, browser);
  expect(await tab.auth.start()).toMatchObject({
    status: 'loading',
    failure: { code: 'unavailable' },
    retryAt: expect.any(Number),
  });
  await browser.pass({ seconds: 3 });
  await until(() => {
    const state = tab.auth.getState();
    return state.status === 'loading' && (state.retryAt ?? 0) > server.now();
  }, 'a second try');
  browser.network.fault = () => 'none';
  await browser.pass({ seconds: 6 });
  await until(() => statusOf(tab) === 'logged_in', 'the session');
});

test('a log-out without a network is a log-out here and now, and reaches the server with the next page', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const tabs = [await openLoggedIn(server, browser), openPage(server, browser)];
  await Promise.all(tabs.map(({ auth }) => auth.start()));
  browser.network.fault = () => 'request_lost';
  expect(await tabs[0]?.auth.logout()).toMatchObject({ ok: false, failure: { code: 'network' } });
  await until(() => tabs.every((tab) => statusOf(tab) === 'logged_out: logged_out'), 'a log-out everywhere');

  // The cookie, which no script can delete, is still there: without more, a reload would be logged in again.
  expect(browser.cookies.has('refresh_token')).toBe(true);
  browser.network.fault = () => 'none';
  browser.requests.length = 0;
  const reloaded = openPage(server, browser);
  await reloaded.auth.start();
  expect(statusOf(reloaded)).toBe('logged_out');
  expect(browser.requests).toEqual(['POST /api/v1/auth/logout']);
  expect(browser.cookies.has('refresh_token')).toBe(false);
  expect(browser.storage.size).toBe(0);
  expect((await reloaded.auth.login({ email, password: goodPassword })).ok).toBe(true);
});

test('nothing that opens a door is in storage, and no token is in the address of a call', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const tab = await openLoggedIn(server, browser);
  server.advance({ minutes: 20 });
  await tab.auth.me();
  const token = await tab.auth.accessToken();
  expect(token.ok).toBe(true);
  expect([...browser.storage]).toEqual([]);
  await tab.auth.logout();
  expect(JSON.stringify([...browser.storage])).not.toContain('ey');
});
