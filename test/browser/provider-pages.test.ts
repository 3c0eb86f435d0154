import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { type GithubServer, githubClient, startGithubServer } from '../oauth/github-server.ts';
import { type OpenidServer, openidClient, startOpenidServer } from '../oauth/openid-server.ts';
import { ada, octocat } from '../oauth/people.ts';
import { troubleIn } from './browser.ts';
import { lookAt, settled, sidewaysAt } from './look-at.ts';
import { goodPassword, type PagesServer, startPagesServer } from './pages-server.ts';
import { heading, type Language, type Person, personAt, typeLogIn, words } from './people-at-pages.ts';

// The hosted pages with providers behind them, as people use them: through the provider's own page, on another site, and
// back. Every way it can end is told in words, and leads on.

const application = 'https://app.example.com';

/** The words on the pages, written out so that a changed text is noticed. */
const say = {
  en: {
    google: 'Continue with Google',
    github: 'Continue with GitHub',
    connectGithub: 'Connect GitHub',
    disconnectGoogle: 'Disconnect Google',
    disconnectGithub: 'Disconnect GitHub',
    disconnected: 'Disconnected.',
    services: 'Connected services',
    lastWay: 'This is your only way to log in. Set a password or connect another service first.',
    noPassword: 'This account has no password: you log in with another service. You can add one.',
    addPassword: 'Add the password',
    added: 'From now on you can also log in with your password.',
    failed: 'That did not work',
    denied: 'The other service did not confirm it, or you cancelled there. Nothing was changed.',
    unverified: 'Your e-mail address is not confirmed at the other service yet. Confirm it there, then start again.',
    backToLogIn: 'Back to log in',
    logInAgain: 'Log in again',
  },
  ja: {
    google: 'Googleで続ける',
    github: 'GitHubで続ける',
    connectGithub: 'GitHubと連携する',
    disconnectGoogle: 'Googleとの連携を解除',
    disconnectGithub: 'GitHubとの連携を解除',
    disconnected: '連携を解除しました。',
    services: '連携サービス',
    lastWay: 'ログインする方法がほかにありません。先にパスワードを設定するか、別のサービスと連携してください。',
    noPassword:
      'このアカウントにはパスワードがなく、ほかのサービスを使ってログインしています。パスワードを追加することもできます。',
    addPassword: 'パスワードを追加する',
    added: 'これからは、パスワードでもログインできます。',
    failed: '手続きを完了できませんでした',
    denied: '連携先のサービスで確認が得られなかったか、キャンセルされました。何も変更していません。',
    unverified: '連携先のサービスで、メールアドレスの確認がまだ済んでいません。そちらで確認してから、もう一度お試しください。',
    backToLogIn: 'ログインに戻る',
    logInAgain: 'もう一度ログインする',
  },
} as const satisfies Record<Language, Record<string, string>>;

type House = { server: PagesServer; google: OpenidServer; github: GithubServer; advance: (minutes: number) => void };

/** Providers on another site than the pages: `127.0.0.1` and `localhost` are two, so that coming back is cross-site. */
const startHouse = async (): Promise<House> => {
  const port = await freePort();
  const callback = (provider: string) => `http://localhost:${port}/auth/callback/${provider}`;
  const google = await startOpenidServer({ redirectUris: [callback('google')] });
  const github = await startGithubServer({ redirectUris: [callback('github')] });
  google.people.set('ada', ada);
  github.people.set('octocat', octocat('octocat@example.org'));
  let aheadMs = 0;
  const server = await startPagesServer(
    {
      PORT: String(port),
      TEGATA_ALLOWED_ORIGINS: application,
      GOOGLE_ISSUER: google.issuer,
      GOOGLE_CLIENT_ID: openidClient.id,
      GOOGLE_CLIENT_SECRET: openidClient.secret,
      GITHUB_URL: github.url,
      GITHUB_API_URL: github.apiUrl,
      GITHUB_CLIENT_ID: githubClient.id,
      GITHUB_CLIENT_SECRET: githubClient.secret,
    },
    { endsWith: onTestFinished, clock: () => Date.now() + aheadMs },
  );
  const advance = (minutes: number) => {
    aheadMs += minutes * 60_000;
  };
  return { server, google, github, advance };
};

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** On the provider's own page. */
const allowAtGoogle = async (page: Page, { google }: House, login = 'ada') => {
  await page.locator('input[name=login]').fill(login);
  expect(new URL(page.url()).origin).toBe(google.issuer);
  await page.locator('input[name=password]').fill('whatever');
  await page.locator('button[type=submit]').click();
  await page.locator('input[name=prompt][value=consent]').waitFor({ state: 'attached' });
  await page.locator('button[type=submit]').click();
};
const refuseAtGoogle = (page: Page) => page.locator('a[href$="/abort"]').click();
const atGithub = async (page: Page, { github }: House, choice: 'Authorize' | 'Cancel') => {
  // Our own page has something of that name too.
  await page.waitForURL((url) => url.origin === new URL(github.url).origin);
  await page.getByLabel('Account').waitFor();
  await press(page, choice);
};

/** With an eye on our pages alone: the provider's own are the provider's. */
const personIn = async (house: House, path: string, options: Parameters<typeof personAt>[2] = {}): Promise<Person> => {
  const person = await personAt(house.server, path, options);
  return { ...person, trouble: troubleIn(person.page, [house.google.issuer, house.github.url]) };
};

const loggedInThroughGoogle = async (house: House): Promise<Person> => {
  const person = await personIn(house, '/auth/log-in');
  await press(person.page, say.en.google);
  await allowAtGoogle(person.page, house);
  await heading(person.page, words.en.profile).waitFor();
  return person;
};

const open = async (page: Page, section: 'connections' | 'password' | 'delete') => {
  await page.goto(`/auth/account/${section}`);
  await settled(page);
};

/** The alert on the page where a log-in through a provider ends when it does not work. */
const endOf = async (page: Page, language: Language = 'en') => {
  await heading(page, say[language].failed).waitFor();
  return page.getByRole('alert').textContent();
};

const views = [
  ['in English on a desktop', 'en', { width: 1100, height: 780 }, 'desktop'],
  ['in Japanese on a phone', 'ja', { width: 360, height: 740 }, 'phone'],
] as const;

describe.each(views)('%s', (_view, language, viewport, device) => {
  const t = say[language];
  /** No violation in either theme, and nothing beside the smallest screen. */
  const expectGood = async (page: Page, name: string) => {
    await settled(page);
    expect(await lookAt(page, `provider-${name}`, device)).toEqual([]);
    expect(await sidewaysAt(page, 320), name).toBeLessThanOrEqual(0);
    await page.setViewportSize(viewport);
    expect(await page.locator('html').getAttribute('lang')).toBe(language);
  };

  test('somebody new comes through a provider, connects a second one, sets a password, and can then do without both (S3.66)', async () => {
    const house = await startHouse();
    const { page, trouble } = await personIn(house, '/auth/register', { language, viewport });
    await page.getByRole('button', { name: t.github, exact: true }).waitFor();
    await expectGood(page, 'register');
    await press(page, t.google);
    await allowAtGoogle(page, house);
    await heading(page, words[language].profile).waitFor();
    expect(await page.getByLabel(words[language].name, { exact: true }).inputValue()).toBe('Ada Lovelace');
    expect(page.url()).toBe(`${house.server.url}/auth/account`);

    // Still the document that the provider led back to.
    await page.getByRole('link', { name: t.services, exact: true }).click();
    await page.getByRole('button', { name: t.disconnectGoogle, exact: true }).waitFor();
    expect(await page.locator('.list li').allTextContents()).toEqual([expect.stringContaining('ada@example.com')]);
    await press(page, t.disconnectGoogle);
    await page.getByText(t.lastWay).waitFor();
    await expectGood(page, 'last-way-in');
    expect(await page.locator('.list li').count()).toBe(1);

    await press(page, t.connectGithub);
    await atGithub(page, house, 'Authorize');
    await page.getByRole('button', { name: t.disconnectGithub, exact: true }).waitFor();
    expect(page.url()).toBe(`${house.server.url}/auth/account/connections`);
    expect(await page.locator('.list li').allTextContents()).toEqual([
      expect.stringContaining('ada@example.com'),
      expect.stringContaining('octocat@example.org'),
    ]);
    await expectGood(page, 'connections');

    await open(page, 'password');
    await page.getByText(t.noPassword).waitFor();
    expect(await page.getByLabel(words[language].currentPassword, { exact: true }).count()).toBe(0);
    await expectGood(page, 'first-password');
    await page.getByLabel(words[language].newPassword, { exact: true }).fill(goodPassword);
    await press(page, t.addPassword);
    await page.getByText(t.added).waitFor();
    const logIn = await house.server.call('POST', '/api/v1/auth/login', { email: ada.email, password: goodPassword });
    expect(logIn.status).toBe(200);

    await open(page, 'connections');
    for (const provider of [t.disconnectGoogle, t.disconnectGithub]) {
      await press(page, provider);
      await page.getByRole('button', { name: provider, exact: true }).waitFor({ state: 'detached' });
      await page.getByText(t.disconnected).waitFor();
    }
    expect(trouble).toEqual([]);
  });

  test('who cancels at the provider is told so, and still gets where they wanted on the second try', async () => {
    const house = await startHouse();
    const path = `/auth/log-in?${new URLSearchParams({ return_to: '/auth/account/sessions' })}`;
    const { page, trouble } = await personIn(house, path, { language, viewport });
    await press(page, t.google);
    await refuseAtGoogle(page);
    expect(await endOf(page, language)).toBe(t.denied);
    expect(page.url()).toBe(`${house.server.url}/auth/callback/google`);
    await expectGood(page, 'denied');
    await page.getByRole('link', { name: t.backToLogIn, exact: true }).click();
    await press(page, t.github);
    await atGithub(page, house, 'Cancel');
    expect(await endOf(page, language)).toBe(t.denied);
    await page.getByRole('link', { name: t.backToLogIn, exact: true }).click();
    await press(page, t.github);
    await atGithub(page, house, 'Authorize');
    await heading(page, words[language].devices).waitFor();
    expect(page.url()).toBe(`${house.server.url}/auth/account/sessions`);
    expect(trouble).toEqual([]);
  });

  test('an address that the provider has not confirmed opens no account, and its owner is told to confirm it first', async () => {
    const house = await startHouse();
    house.google.people.set('ada', { ...ada, email_verified: false });
    const { page } = await personIn(house, '/auth/log-in', { language, viewport });
    await press(page, t.google);
    await allowAtGoogle(page, house);
    expect(await endOf(page, language)).toBe(t.unverified);
    await expectGood(page, 'address-unverified');
    // Confirmed over there, and the second try works.
    house.google.people.set('ada', ada);
    await page.getByRole('link', { name: t.backToLogIn, exact: true }).click();
    await press(page, t.google);
    await heading(page, words[language].profile).waitFor();
  });
});

test('an application gets its person back, with the page it asked for, and nothing of the provider in the address', async () => {
  const house = await startHouse();
  const wanted = `${application}/orders?id=7#top`;
  const { page } = await personIn(house, `/auth/register?${new URLSearchParams({ return_to: wanted })}`);
  await page.route(`${application}/**`, (route) => route.fulfill({ body: 'the application', contentType: 'text/plain' }));
  await press(page, say.en.google);
  await allowAtGoogle(page, house);
  await page.getByText('the application').waitFor();
  expect(page.url()).toBe(wanted);
});

test('a provider without an address for the person says what is missing', async () => {
  const house = await startHouse();
  const { emails: _withheld, ...withoutAddress } = octocat('octocat@example.org');
  house.github.people.set('octocat', withoutAddress);
  const { page } = await personIn(house, '/auth/log-in');
  await press(page, say.en.github);
  await atGithub(page, house, 'Authorize');
  expect(await endOf(page)).toBe('The other service gave us no e-mail address. Add one there and confirm it, then start again.');
});

describe('an answer that is not what was asked for logs nobody in, and the page says why and leads on', () => {
  /** The person has allowed it at GitHub, and the address that leads back is kept and not followed. */
  const stoppedOnTheWayBack = async (house: House): Promise<Person & { back: URL }> => {
    const person = await personIn(house, '/auth/log-in');
    await press(person.page, say.en.github);
    await person.page.getByLabel('Account').waitFor();
    return { ...person, back: house.github.visit(person.page.url(), 'octocat') };
  };

  const mismatch = 'The answer does not belong to what was begun in this browser, so we did not use it. Please start again.';
  test.each<[string, (back: URL, house: House) => void, string]>([
    ['another state', ({ searchParams }) => searchParams.set('state', 'x'.repeat(43)), mismatch],
    [
      'no state',
      ({ searchParams }) => searchParams.delete('state'),
      'Part of the answer of the other service is missing, so we did not use it. Please start again.',
    ],
    [
      'another code',
      ({ searchParams }) => searchParams.set('code', 'made-up'),
      'The other service did not recognize its own answer. Please start again.',
    ],
    [
      'another provider',
      (back) => {
        back.pathname = '/auth/callback/google';
      },
      'We cannot see that this was begun in this browser, so we did not use the answer. Please start again.',
    ],
    [
      'nothing at all',
      (back) => {
        back.search = '';
      },
      'We could not finish this with the other service. Please start again.',
    ],
    [
      'a mistake of the provider',
      (back) => {
        back.search = new URLSearchParams({ error: 'invalid_scope', state: back.searchParams.get('state') ?? '' }).toString();
      },
      'The other service reported a mistake. Please start again, and if it happens again, tell the people who run this service.',
    ],
    [
      'an answer after eleven minutes',
      (_back, { advance }) => advance(11),
      'More than ten minutes have passed since you began. Please start again.',
    ],
    [
      'an outage of the provider',
      (_back, { github }) => github.fails('/login/oauth/access_token', 'status 503'),
      'The other service is not answering. Please try again in a moment.',
    ],
  ])('%s', async (_what, tamper, text) => {
    const house = await startHouse();
    const { page, back, trouble } = await stoppedOnTheWayBack(house);
    tamper(back, house);
    await page.goto(back.href);
    expect(await endOf(page)).toBe(text);
    expect(new URL(page.url()).search).toBe('');
    const session = await page.evaluate(async () => (await fetch('/api/v1/auth/refresh', { method: 'POST' })).status);
    expect(session).toBe(401);
    house.github.fails('/login/oauth/access_token', undefined);
    await page.getByRole('link', { name: say.en.backToLogIn, exact: true }).click();
    await press(page, say.en.github);
    await atGithub(page, house, 'Authorize');
    await heading(page, words.en.profile).waitFor();
    expect(trouble).toEqual([]);
  });

  test('in another browser, and a second time in the same one', async () => {
    const house = await startHouse();
    const foreign = 'We cannot see that this was begun in this browser, so we did not use the answer. Please start again.';
    const { page, back } = await stoppedOnTheWayBack(house);
    const { page: elsewhere } = await personIn(house, back.href);
    expect(await endOf(elsewhere)).toBe(foreign);
    await page.goto(back.href);
    await heading(page, words.en.profile).waitFor();
    // Whoever is logged in by now is led back into their account.
    await page.goto(back.href);
    expect(await endOf(page)).toBe(foreign);
    await page.getByRole('link', { name: 'Back to your connected services' }).click();
    await heading(page, say.en.services).waitFor();
  });
});

test('a provider that is out of reach is told as such at the button, and nothing typed is lost', async () => {
  const house = await startHouse();
  house.google.fails('/.well-known/openid-configuration', 'status 503');
  const { page } = await personIn(house, '/auth/log-in');
  await page.getByLabel(words.en.email, { exact: true }).fill('ada@example.com');
  await press(page, say.en.google);
  await page.getByText('The other service is not answering. Please try again in a moment.').waitFor();
  expect(await page.getByLabel(words.en.email, { exact: true }).inputValue()).toBe('ada@example.com');
  house.google.fails('/.well-known/openid-configuration', undefined);
  // For some seconds nobody asks a provider again that was down.
  house.advance(1);
  await press(page, say.en.google);
  await allowAtGoogle(page, house);
  await heading(page, words.en.profile).waitFor();
});

test('whoever logged in with a password connects a provider to that account, and to no new one', async () => {
  const house = await startHouse();
  await house.server.registered('grace@example.com', 'Grace Hopper');
  const { page } = await personIn(house, '/auth/log-in');
  await typeLogIn(page, 'grace@example.com', goodPassword);
  await heading(page, words.en.profile).waitFor();
  await page.getByRole('link', { name: say.en.services, exact: true }).click();
  await press(page, say.en.connectGithub);
  await atGithub(page, house, 'Authorize');
  await page.getByRole('button', { name: say.en.disconnectGithub, exact: true }).waitFor();
  expect(await page.locator('.who').textContent()).toContain('Grace Hopper');
  // Taken from here by somebody else's hands: told, and nothing is connected there.
  const other = await loggedInThroughGoogle(house);
  await open(other.page, 'connections');
  await press(other.page, say.en.connectGithub);
  await atGithub(other.page, house, 'Authorize');
  expect(await endOf(other.page)).toBe(
    'That account of the other service is connected to somebody else here. Nothing was changed.',
  );
  await other.page.getByRole('link', { name: 'Back to your connected services' }).click();
  await other.page.getByRole('button', { name: say.en.connectGithub, exact: true }).waitFor();
});

describe('somebody without a password', () => {
  test('whose log-in is old logs in again before they type a new one, and comes back to it', async () => {
    const house = await startHouse();
    const { page } = await loggedInThroughGoogle(house);
    house.advance(6);
    await open(page, 'password');
    await page.getByText('To be sure it is you, please log in again first.').waitFor();
    expect(await page.locator('input').count()).toBe(0);
    await press(page, say.en.logInAgain);
    await press(page, say.en.google);
    // The provider still knows who they are, and asks nothing.
    await page.getByLabel(words.en.newPassword, { exact: true }).fill(goodPassword);
    await press(page, say.en.addPassword);
    await page.getByText(say.en.added).waitFor();
    await open(page, 'password');
    await page.getByLabel(words.en.currentPassword, { exact: true }).waitFor();
  });

  test('deletes their account without being asked for one', async () => {
    const house = await startHouse();
    const { page } = await loggedInThroughGoogle(house);
    await open(page, 'delete');
    await page.getByText('You log in with another service, so there is no password to ask for.').waitFor();
    expect(await lookAt(page, 'provider-delete', 'desktop')).toEqual([]);
    await press(page, words.en.deleteButton);
    await page.getByText(words.en.deleted).waitFor();
  });
});

test('a mailed link opened in a tab of its own ends at the account, without a word of trouble', async () => {
  const house = await startHouse();
  const wanted = `${application}/orders`;
  const { page, context } = await personIn(house, `/auth/register?${new URLSearchParams({ return_to: wanted })}`);
  await page.getByLabel(words.en.name, { exact: true }).fill('Grace Hopper');
  await page.getByLabel(words.en.email, { exact: true }).fill('grace@example.com');
  await page.getByLabel(words.en.password, { exact: true }).fill(goodPassword);
  await press(page, words.en.register);
  await heading(page, words.en.checkYourMail).waitFor();
  const tab = await context.newPage();
  const trouble: string[] = [];
  tab.on('pageerror', (error) => trouble.push(error.message));
  await tab.goto(await house.server.mailedLink('grace@example.com', '/auth/verify-email'));
  await press(tab, words.en.confirmAddress);
  await heading(tab, words.en.confirmed).waitFor();
  await tab.getByRole('link', { name: words.en.logIn, exact: true }).click();
  await typeLogIn(tab, 'grace@example.com', goodPassword);
  await heading(tab, words.en.profile).waitFor();
  expect(await tab.locator('.notice, .problem:not(:empty), [role=alert]').count()).toBe(0);
  expect(trouble).toEqual([]);
});
