import { createStandardClient, type StandardClient } from '@tegata/client';
import { onTestFinished } from 'vitest';
import type { TestServer } from '../server.ts';
import { goodPassword } from '../standard/people.ts';
import type { TestBrowser, TestTab } from './tabs.ts';

export const email = 'ada@example.com';

export type OpenTab = TestTab & { auth: StandardClient };

/** A tab with a page that uses the client. Nothing is asked before `start`. */
export const openPage = (server: TestServer, browser: TestBrowser): OpenTab => {
  const tab = browser.openTab();
  const auth = createStandardClient({ baseUrl: server.url, fetch: tab.fetch, environment: tab.environment });
  onTestFinished(() => auth.close());
  return { ...tab, auth };
};

/** Such a tab where somebody who is registered has logged in. */
export const openLoggedIn = async (server: TestServer, browser: TestBrowser, person = email): Promise<OpenTab> => {
  const tab = openPage(server, browser);
  await tab.auth.start();
  const loggedIn = await tab.auth.login({ email: person, password: goodPassword });
  if (!loggedIn.ok) throw new Error(`logging in: ${loggedIn.failure.code}`);
  return tab;
};

export const statusOf = ({ auth }: { auth: Pick<StandardClient, 'getState'> }): string => {
  const state = auth.getState();
  return state.status === 'logged_out' && state.reason ? `logged_out: ${state.reason}` : state.status;
};
