import { expect, test } from 'vitest';
import { ada, callback, octocat, startHouse, visit } from '../oauth/people.ts';
import { goodPassword, registered } from '../standard/people.ts';
import { email, openLoggedIn, openPage } from './people.ts';
import { openTestBrowser } from './tabs.ts';

// Who is logged in decides what a code of a provider is good for: a log-in, or one more way into the account.

const start = async () => {
  const house = await startHouse();
  house.google.people.set('ada', ada);
  house.github.people.set('octocat', octocat('octocat@example.org'));
  return { house, browser: openTestBrowser(house.server) };
};

const urlOf = async (begun: Promise<{ ok: true; value: { url: string } } | { ok: false; failure: unknown }>) => {
  const result = await begun;
  if (!result.ok) throw new Error(`beginning: ${JSON.stringify(result.failure)}`);
  return result.value.url;
};

test('whoever logged in after the page was opened adds a provider to their account, and does not get another one', async () => {
  const { house, browser } = await start();
  await registered(house.server, email);
  const { auth } = openPage(house.server, browser);
  expect(await auth.start()).toEqual({ status: 'logged_out' });
  await auth.login({ email, password: goodPassword });
  const url = await urlOf(auth.beginConnection('github', { redirectTo: callback }));
  const finished = await auth.finishConnection('github', await visit(house, 'github', 'octocat', url));
  expect(finished).toMatchObject({ ok: true, value: { user: { email }, isNewUser: false } });
  expect(await auth.listConnections()).toMatchObject({ ok: true, value: { items: [{ provider: 'github' }] } });
});

test('a log-in that was begun by nobody is one, also when somebody has logged in meanwhile', async () => {
  const { house, browser } = await start();
  await registered(house.server, 'eve@example.com');
  const { auth } = openPage(house.server, browser);
  await auth.start();
  const url = await urlOf(auth.beginConnection('google', { redirectTo: callback }));
  const answer = await visit(house, 'google', 'ada', url);
  auth.close();
  (await openLoggedIn(house.server, browser, 'eve@example.com')).auth.close();
  const eve = openPage(house.server, browser);
  expect(await eve.auth.start()).toMatchObject({ status: 'logged_in', user: { email: 'eve@example.com' } });
  expect(await eve.auth.finishConnection('google', answer)).toMatchObject({ ok: true, value: { isNewUser: true } });
  expect(eve.auth.getState()).toMatchObject({ status: 'logged_in', user: { email: ada.email } });
  expect(await eve.auth.me()).toMatchObject({ ok: true, value: { email: ada.email } });
});

test('an adding is never begun as a log-in because the server was out of reach when the page was opened', async () => {
  const { house, browser } = await start();
  await registered(house.server, email);
  (await openLoggedIn(house.server, browser)).auth.close();
  const page = openPage(house.server, browser);
  browser.network.fault = () => 'request_lost';
  expect(await page.auth.start()).toMatchObject({ status: 'loading' });
  browser.network.fault = () => 'none';
  const url = await urlOf(page.auth.beginConnection('github', { redirectTo: callback }));
  const finished = await page.auth.finishConnection('github', await visit(house, 'github', 'octocat', url));
  expect(finished).toMatchObject({ ok: true, value: { user: { email }, isNewUser: false } });
});
