import type { BrowserContext, Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { goodPassword, registered } from '../standard/people.ts';
import { type PageServer, startApplication } from './application.ts';
import { openBrowser } from './browser.ts';

// The client in a real browser: its cookies, its locks, its channels, its idea of a frozen tab.

const email = 'ada@example.com';
const refreshPath = '/api/v1/auth/refresh';

const openTabs = async (context: BrowserContext, server: PageServer, count: number): Promise<Page[]> => {
  const tabs: Page[] = [];
  for (let index = 0; index < count; index += 1) {
    const page = await context.newPage();
    await page.goto(`${server.url}/page`);
    tabs.push(page);
  }
  return tabs;
};

const known = (page: Page) => page.waitForFunction(() => window.auth.getState().status !== 'loading');
const status = (page: Page) => page.evaluate(() => window.auth.getState().status);
const me = (page: Page) => page.evaluate(async () => (await window.auth.me()).ok);

/** Five tabs of somebody who is logged in. */
const fiveTabs = async () => {
  const server = await startApplication('plain.ts');
  await registered(server, email);
  const context = await openBrowser();
  onTestFinished(() => context.close());
  const tabs = await openTabs(context, server, 5);
  await Promise.all(tabs.map(known));
  const loggedIn = await (tabs[0] as Page).evaluate(
    async ([address, password]) => (await window.auth.login({ email: address, password })).ok,
    [email, goodPassword] as const,
  );
  expect(loggedIn).toBe(true);
  await Promise.all(tabs.map((tab) => tab.waitForFunction(() => window.auth.getState().status === 'logged_in')));
  server.requests.length = 0;
  return { server, context, tabs };
};

test('five tabs refresh at once, the first answers are lost: one lineage, and nobody is signed out', async () => {
  const { server, context, tabs } = await fiveTabs();
  for (const lost of [0, 1, 3, 6]) {
    server.advance({ minutes: 20 });
    server.requests.length = 0;
    let left = lost;
    server.network.fault = (path) => {
      if (path !== refreshPath || left === 0) return 'none';
      left -= 1;
      return 'lost';
    };
    const results = await Promise.all(tabs.map(me));
    expect(left).toBe(0);
    expect(await Promise.all(tabs.map(status))).toEqual(Array(5).fill('logged_in'));
    if (lost === 0) {
      expect(results).toEqual(Array(5).fill(true));
      expect(server.requests.filter((request) => request === `POST ${refreshPath}`)).toHaveLength(1);
    }
  }
  expect(await Promise.all(tabs.map(me))).toEqual(Array(5).fill(true));
  // A reload finds the session too.
  const [reloaded] = await openTabs(context, server, 1);
  await known(reloaded as Page);
  expect(await status(reloaded as Page)).toBe('logged_in');
});

test('a tab that is frozen while it holds the lock is overtaken, and is logged in when it thaws', async () => {
  const { server, context, tabs } = await fiveTabs();
  const [frozen, ...others] = tabs as [Page, ...Page[]];
  server.advance({ minutes: 20 });
  let arrived = () => {};
  const refreshArrived = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let first = true;
  server.network.fault = (path) => {
    if (path !== refreshPath || !first) return 'none';
    first = false;
    arrived();
    return answered;
  };
  const asleep = me(frozen);
  await refreshArrived;
  const locks = await (others[0] as Page).evaluate(async () => (await navigator.locks.query()).held?.map(({ name }) => name));
  expect(locks).toEqual(['tegata:standard@']);
  // Stopped at its next statement, as a debugger does it: no timer, no message, no answer is looked at.
  const devtools = await context.newCDPSession(frozen);
  await devtools.send('Debugger.enable');
  await devtools.send('Debugger.pause');
  const poke = frozen.evaluate(() => 1);
  expect(await Promise.all(others.map(me))).toEqual(Array(4).fill(true));
  answer();
  await devtools.send('Debugger.resume');
  expect(await poke).toBe(1);
  expect(await asleep).toBe(true);
  server.advance({ minutes: 20 });
  expect(await Promise.all(tabs.map(me))).toEqual(Array(5).fill(true));
});

test('a log-out in one tab is shown in the others within a second, with the reason', async () => {
  const { tabs } = await fiveTabs();
  const [leaving, ...others] = tabs as [Page, ...Page[]];
  const at = await leaving.evaluate(async () => {
    const now = Date.now();
    await window.auth.logout();
    return now;
  });
  for (const other of others) {
    await other.waitForFunction(() => window.auth.getState().status === 'logged_out');
    const change = await other.evaluate(() => window.changes.at(-1));
    expect(change).toMatchObject({ status: 'logged_out', reason: 'logged_out' });
    expect((change?.at ?? Number.POSITIVE_INFINITY) - at).toBeLessThan(1000);
  }
});

test('no token is where a script of the page, or of an extension’s storage viewer, would find it later', async () => {
  const { tabs, context } = await fiveTabs();
  const [tab] = tabs as [Page];
  const left = await tab.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  expect(left).toBe('[{},{},""]');
  const cookies = await context.cookies();
  const refresh = cookies.find(({ name }) => name === 'refresh_token');
  expect(refresh).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict', path: '/api/v1/auth' });
});
