import { expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { goodPassword, registered } from '../standard/people.ts';
import { email, openLoggedIn, openPage, statusOf } from './people.ts';
import { type Fault, openTestBrowser, until } from './tabs.ts';

const refreshCall = 'POST /api/v1/auth/refresh';

test('five tabs that are restored at once need one refresh', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  (await openLoggedIn(server, browser)).auth.close();
  browser.requests.length = 0;
  const tabs = Array.from({ length: 5 }, () => openPage(server, browser));
  await Promise.all(tabs.map(({ auth }) => auth.start()));
  expect(tabs.map(statusOf)).toEqual(Array(5).fill('logged_in'));
  expect(browser.count(refreshCall)).toBe(1);
});

test('five tabs whose tokens end together need one refresh, and it does for all', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const first = await openLoggedIn(server, browser);
  const tabs = [first, ...Array.from({ length: 4 }, () => openPage(server, browser))];
  await Promise.all(tabs.map(({ auth }) => auth.start()));
  server.advance({ minutes: 20 });
  browser.requests.length = 0;
  const results = await Promise.all(tabs.map(({ auth }) => auth.me()));
  expect(results.every(({ ok }) => ok)).toBe(true);
  expect(browser.count(refreshCall)).toBe(1);
  expect(new Set(await Promise.all(tabs.map(async ({ auth }) => JSON.stringify(await auth.accessToken())))).size).toBe(1);
});

test('a log-in in one tab is a log-in in all, with nothing asked; a log-out and a new name too', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const tabs = Array.from({ length: 5 }, () => openPage(server, browser));
  await Promise.all(tabs.map(({ auth }) => auth.start()));
  const [first, ...others] = tabs as [(typeof tabs)[0], ...typeof tabs];
  browser.requests.length = 0;
  await first.auth.login({ email, password: goodPassword });
  await until(() => tabs.every((tab) => statusOf(tab) === 'logged_in'), 'a log-in everywhere');
  expect(browser.requests).toEqual(['POST /api/v1/auth/login']);
  expect((await others[0]?.auth.updateProfile({ name: 'Countess' }))?.ok).toBe(true);
  const nameIn = ({ auth }: (typeof tabs)[0]) => {
    const state = auth.getState();
    return state.status === 'logged_in' && state.user.name;
  };
  await until(() => tabs.every((tab) => nameIn(tab) === 'Countess'), 'a new name everywhere');
  await others[3]?.auth.logout();
  await until(() => tabs.every((tab) => statusOf(tab) === 'logged_out: logged_out'), 'a log-out everywhere');
});

test('a tab that holds the lock and does not move is overtaken, and is still logged in when it moves again', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const first = await openLoggedIn(server, browser);
  const tabs = Array.from({ length: 4 }, () => openPage(server, browser));
  await Promise.all(tabs.map(({ auth }) => auth.start()));
  server.advance({ minutes: 20 });

  // The first one's request is on its way for as long as the tab is frozen.
  let thaw = () => {};
  const frozen = new Promise<void>((resolve) => {
    thaw = resolve;
  });
  let stuck = true;
  browser.network.fault = async (request): Promise<Fault> => {
    if (request !== refreshCall || !stuck) return 'none';
    stuck = false;
    await frozen;
    return 'none';
  };
  const asleep = first.auth.me();
  await until(() => !stuck, 'the frozen request');
  const waiting = Promise.all(tabs.map(({ auth }) => auth.me()));
  await browser.pass({ seconds: 11 });
  const results = await waiting;
  expect(results.every(({ ok }) => ok)).toBe(true);
  thaw();
  expect((await asleep).ok).toBe(true);
  expect([first, ...tabs].map(statusOf)).toEqual(Array(5).fill('logged_in'));
  // And the lock works again.
  server.advance({ minutes: 20 });
  browser.requests.length = 0;
  await Promise.all([first, ...tabs].map(({ auth }) => auth.me()));
  expect(browser.count(refreshCall)).toBe(1);
});

test('a laptop wakes with a lost answer in its past: two tabs refresh under one lock, and both stay', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const tabs = [await openLoggedIn(server, browser), openPage(server, browser)];
  await Promise.all(tabs.map(({ auth }) => auth.start()));
  server.advance({ minutes: 20 });
  browser.network.fault = (request) => (request === refreshCall ? 'answer_lost' : 'none');
  expect(await tabs[0]?.auth.me()).toMatchObject({ ok: false, failure: { code: 'network' } });
  server.advance({ minutes: 600 });
  browser.network.fault = () => 'none';
  const results = await Promise.all(tabs.map(({ auth }) => auth.me()));
  expect(results.map(({ ok }) => ok)).toEqual([true, true]);
});

test('without Web Locks and channels tabs refresh side by side, which the server forgives', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  await openLoggedIn(server, browser);
  const bare = () => {
    const tab = browser.openTab();
    const { locks: _, openChannel: __, ...environment } = tab.environment;
    return openPage(server, { ...browser, openTab: () => ({ ...tab, environment }) });
  };
  const tabs = Array.from({ length: 5 }, bare);
  await Promise.all(tabs.map(({ auth }) => auth.start()));
  server.advance({ minutes: 20 });
  await Promise.all(tabs.map(({ auth }) => auth.me()));
  expect(tabs.map(statusOf)).toEqual(Array(5).fill('logged_in'));
});

test('somebody else logs in in another tab: what the first one ordered does not happen to them', async () => {
  const server = await startServer();
  await registered(server, email);
  await registered(server, 'grace@example.com');
  const browser = openTestBrowser(server);
  const ada = await openLoggedIn(server, browser);
  // A tab that hears nothing: its messages are lost.
  const { openChannel: _, ...deaf } = ada.environment;
  const stale = openPage(server, { ...browser, openTab: () => ({ ...ada, environment: deaf }) });
  await stale.auth.start();
  await openLoggedIn(server, browser, 'grace@example.com');
  server.advance({ minutes: 20 });
  expect(await stale.auth.closeAccount({ password: goodPassword })).toMatchObject({
    ok: false,
    failure: { code: 'logged_out', reason: 'another_user' },
  });
  await until(() => statusOf(stale) === 'logged_in', 'the other person');
  expect(stale.auth.getState()).toMatchObject({ user: { email: 'grace@example.com' } });
});

test('a refresh that was under way when somebody logged out does not log them in again', async () => {
  const server = await startServer();
  await registered(server, email);
  const browser = openTestBrowser(server);
  const tab = await openLoggedIn(server, browser);
  server.advance({ minutes: 20 });
  let arrive = () => {};
  const held = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  let onItsWay = false;
  browser.network.fault = async (request): Promise<Fault> => {
    if (request === refreshCall) {
      onItsWay = true;
      await held;
    }
    return 'none';
  };
  const calling = tab.auth.me();
  await until(() => onItsWay, 'the refresh');
  const leaving = tab.auth.logout();
  expect(statusOf(tab)).toBe('logged_out: logged_out');
  arrive();
  expect(await calling).toMatchObject({ ok: false, failure: { code: 'logged_out' } });
  expect((await leaving).ok).toBe(true);
  expect(statusOf(tab)).toBe('logged_out: logged_out');
  // The session is over on the server too.
  const reloaded = openPage(server, browser);
  await reloaded.auth.start();
  expect(statusOf(reloaded)).not.toBe('logged_in');
});
