import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { goodPassword, type PagesServer, startPagesServer } from './pages-server.ts';
import { heading, loggedInAt, personAt, typeLogIn, words } from './people-at-pages.ts';

// How the pages behave where it counts: without a mouse, before link scanners, when the server is away, for whoever types
// in a hurry, and for whoever was sent here to be sent on to somewhere bad.

const ada = 'ada@example.com';
const say = words.en;
let server: PagesServer;
beforeAll(async () => {
  server = await startPagesServer({ TEGATA_ALLOWED_ORIGINS: 'https://app.example.com' });
  await server.registered(ada);
});

const registerPending = (email: string) =>
  server.call('POST', '/api/v1/auth/register', { email, password: goodPassword, name: 'Ada Lovelace' });

/** How many calls of the API the page makes to that path, from now on. */
const countCalls = (page: Page, path: string): (() => number) => {
  let count = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === path) count += 1;
  });
  return () => count;
};

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: element } = document;
    const label = (element as HTMLInputElement | null)?.labels?.[0]?.innerText;
    return label ?? element?.getAttribute('aria-label') ?? element?.textContent ?? '';
  });

/** Presses Tab until the focus is on what has this name. */
const tabTo = async (page: Page, name: string) => {
  for (let step = 0; step < 20; step += 1) {
    if ((await focused(page)).trim() === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no way to ${name} by keyboard`);
};

test('registering and logging in need no mouse, and the focus is where the reader has to look', async () => {
  const email = 'keys@example.com';
  const { page, trouble } = await personAt(server, '/auth/log-in');
  await heading(page, say.logIn).waitFor();
  await tabTo(page, 'Create an account');
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe('Create your account');

  // Sent too early: the summary takes the focus, and leads to the field.
  await tabTo(page, say.name);
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toContain('3 things need your attention');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe(say.name);
  expect(await page.getByLabel(say.name).getAttribute('aria-invalid')).toBe('true');
  await page.keyboard.type('Ada Lovelace');
  expect(await page.getByLabel(say.name).getAttribute('aria-invalid')).toBeNull();
  await page.keyboard.press('Tab');
  await page.keyboard.type(email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(goodPassword);
  await page.keyboard.press('Tab');
  expect(await focused(page)).toBe('Show password');
  await page.keyboard.press('Space');
  expect(await page.getByLabel(say.password, { exact: true }).getAttribute('type')).toBe('text');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');

  await expect.poll(() => focused(page)).toBe(say.checkYourMail);
  await tabTo(page, say.code);
  await page.keyboard.type(await server.code(email));
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe(say.confirmed);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe(say.logIn);
  // The address came along.
  await tabTo(page, say.password);
  await page.keyboard.type(goodPassword);
  await page.keyboard.press('Enter');
  await heading(page, say.profile).waitFor();
  expect(trouble).toEqual([]);
});

describe('V36 T9 link scanners', () => {
  const links = {
    '/auth/verify-email': {
      arrange: async (email: string) => void (await registerPending(email)),
      click: (page: Page) => page.getByRole('button', { name: say.confirmAddress, exact: true }).click(),
      end: say.confirmed,
    },
    '/auth/reset-password': {
      arrange: async (email: string) => {
        await server.registered(email);
        await server.call('POST', '/api/v1/auth/password/forgot', { email });
      },
      click: async (page: Page) => {
        await page.getByLabel(say.newPassword, { exact: true }).fill('another good password');
        await page.getByRole('button', { name: say.saveNew, exact: true }).click();
      },
      end: say.resetDone,
    },
    '/auth/undo-email': {
      arrange: async (email: string) => {
        await server.registered(email);
        const { page } = await loggedInAt(server, email);
        await page.goto('/auth/account/addresses');
        const second = `second-${email}`;
        await page.getByLabel(say.email, { exact: true }).fill(second);
        await page.getByRole('button', { name: 'Add', exact: true }).click();
        await page.getByLabel(say.code).fill(await server.code(second));
        await page.getByRole('button', { name: 'Confirm', exact: true }).click();
        await page.getByRole('button', { name: `Make ${second} the main address` }).click();
        await page.getByText('The main address was changed.').waitFor();
      },
      click: (page: Page) => page.getByRole('button', { name: 'Undo the change', exact: true }).click(),
      end: 'The change was undone',
    },
  } as const;

  test.each(Object.entries(links))(
    'twenty visits to %s by GET, HEAD, prefetch and with scripts, then the click of a person works',
    async (path, { arrange, click, end }) => {
      const email = `scanned${path.replaceAll('/', '-')}@example.com`;
      await arrange(email);
      const link = await server.mailedLink(email, path);
      for (let visit = 0; visit < 6; visit += 1) {
        expect((await fetch(link)).status).toBe(200);
        expect((await fetch(link, { method: 'HEAD' })).status).toBe(200);
        expect((await fetch(link, { headers: { 'sec-purpose': 'prefetch;prerender', purpose: 'prefetch' } })).status).toBe(200);
      }
      for (let visit = 0; visit < 2; visit += 1) {
        const scanner = await openBrowser({ userAgent: 'SafeLinks scanner' });
        const page = await scanner.newPage();
        await page.goto(link, { waitUntil: 'networkidle' });
        await page.locator('form button[type=submit]').waitFor();
        await scanner.close();
      }
      const { page, trouble } = await personAt(server, link);
      await click(page);
      await heading(page, end).waitFor();
      expect(trouble).toEqual([]);
    },
  );

  test('the token is in no address, no history and no document once the page is there', async () => {
    await registerPending('token@example.com');
    const link = await server.mailedLink('token@example.com', '/auth/verify-email');
    const token = new URL(link).searchParams.get('token') as string;
    const { page } = await personAt(server, link);
    await page.getByRole('button', { name: say.confirmAddress, exact: true }).waitFor();
    expect(page.url()).not.toContain(token);
    expect(await page.content()).not.toContain(token);
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.cookie]),
    );
    expect(kept).not.toContain(token);
  });

  test('without script the same link still works', async () => {
    const email = 'no-script@example.com';
    await registerPending(email);
    const context = await openBrowser({ javaScriptEnabled: false, locale: 'ja-JP' });
    const page = await context.newPage();
    await page.goto(await server.mailedLink(email, '/auth/verify-email'));
    await page.getByRole('button', { name: words.ja.confirmAddress }).click();
    await heading(page, words.ja.confirmed).waitFor();
    expect((await server.call('POST', '/api/v1/auth/login', { email, password: goodPassword })).status).toBe(200);
  });
});

describe('when the server is away', () => {
  test('nothing typed is lost, it says when it tries again, and it does so by itself', async () => {
    const { page, context } = await personAt(server, '/auth/log-in');
    await heading(page, say.logIn).waitFor();
    await context.setOffline(true);
    await typeLogIn(page, ada, goodPassword);
    const notice = page.locator('.notice');
    await notice
      .getByText(/We can't reach the server\. Nothing was lost; trying again in [1-5] s\./)
      .first()
      .waitFor();
    expect(await page.getByLabel(say.email, { exact: true }).inputValue()).toBe(ada);
    expect(await page.getByLabel(say.password, { exact: true }).inputValue()).toBe(goodPassword);
    await context.setOffline(false);
    await heading(page, say.profile).waitFor({ timeout: 20_000 });
  });

  test('a slow answer is explained, and the button cannot be pressed twice', async () => {
    const { page } = await personAt(server, '/auth/forgot-password');
    const calls = countCalls(page, '/api/v1/auth/password/forgot');
    const answered = Promise.withResolvers<void>();
    await page.route('**/api/v1/auth/password/forgot', async (route) => {
      await answered.promise;
      await route.continue();
    });
    await page.getByLabel(say.email, { exact: true }).fill(ada);
    await page.getByRole('button', { name: say.sendLink, exact: true }).click();
    const busy = page.getByRole('button', { name: 'Sending…' });
    // The browser lets it be pressed, as a person may; the page does not send again.
    await busy.click({ force: true });
    await page.getByLabel(say.email, { exact: true }).press('Enter');
    await page.getByText('This is taking longer than usual.').waitFor();
    expect(await busy.getAttribute('aria-disabled')).toBe('true');
    answered.resolve();
    await heading(page, say.checkYourMail).waitFor();
    expect(calls()).toBe(1);
  });
});

describe('logging in', () => {
  test('after a wrong password keeps the address, and says how long a lock lasts', async () => {
    await server.registered('locked@example.com');
    const { page } = await personAt(server, '/auth/log-in');
    await typeLogIn(page, 'locked@example.com', 'wrong password');
    await page.getByText(say.wrong).waitFor();
    expect(await page.getByLabel(say.email, { exact: true }).inputValue()).toBe('locked@example.com');
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await server.call('POST', '/api/v1/auth/login', { email: 'locked@example.com', password: 'wrong' });
    }
    await typeLogIn(page, 'locked@example.com', goodPassword);
    const notice = page.locator('.notice');
    await notice.getByText('Too many attempts. You can try again in 15 minutes, or').first().waitFor();
    await notice.getByRole('link', { name: 'reset your password now' }).click();
    await heading(page, 'Reset your password').waitFor();
    expect(await page.getByLabel(say.email, { exact: true }).inputValue()).toBe('locked@example.com');
  });

  test('with “keep me logged in” makes a session that lasts', async () => {
    const { page, context } = await personAt(server, '/auth/log-in');
    await page.getByLabel('Keep me logged in on this device').check();
    await typeLogIn(page, ada, goodPassword);
    await heading(page, say.profile).waitFor();
    const cookie = (await context.cookies(`${server.url}/api/v1/auth/refresh`)).find(({ name }) => name === 'refresh_token');
    expect(((cookie?.expires ?? 0) - Date.now() / 1000) / 86_400).toBeGreaterThan(29);
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict' });
    // V13: no token where script could find it.
    const reachable = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    expect(reachable).not.toMatch(/eyJ/);
  });

  test.each([
    ['/auth/account/sessions', '/auth/account/sessions'],
    ['https://evil.example/x', '/auth/account'],
  ])('leads to %s only when it is ours to lead to', async (wanted, path) => {
    const { page } = await personAt(server, `/auth/log-in?${new URLSearchParams({ return_to: wanted })}`);
    await typeLogIn(page, ada, goodPassword);
    await page.locator('.account').waitFor();
    const { origin, pathname } = new URL(page.url());
    expect({ origin, pathname }).toEqual({ origin: server.url, pathname: path });
  });

  test('leads back to an application whose origin is allowed, also by way of registering', async () => {
    const wanted = 'https://app.example.com/orders?id=7#top';
    const { page } = await personAt(server, `/auth/register?${new URLSearchParams({ return_to: wanted })}`);
    await page.route('https://app.example.com/**', (route) =>
      route.fulfill({ body: 'the application', contentType: 'text/plain' }),
    );
    await page.getByRole('link', { name: say.logIn, exact: true }).click();
    await typeLogIn(page, ada, goodPassword);
    await page.getByText('the application').waitFor();
    expect(page.url()).toBe(wanted);
  });

  test('in one tab is seen by the others, and so is logging out', async () => {
    const { page, context } = await personAt(server, '/auth/log-in');
    await heading(page, say.logIn).waitFor();
    const second = await context.newPage();
    await second.goto('/auth/log-in');
    await typeLogIn(second, ada, goodPassword);
    await heading(second, say.profile).waitFor();
    await heading(page, say.profile).waitFor();
    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await heading(page, say.signedOut).waitFor();
    await heading(second, say.signedOut).waitFor();
  });
});

test('the code takes a paste as it stands in the mail, and full-width digits', async () => {
  const email = 'paste@example.com';
  await registerPending(email);
  const { page, context } = await personAt(server, '/auth/log-in');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await typeLogIn(page, email, goodPassword);
  await page.getByRole('link', { name: 'have it sent again' }).click();
  await page.getByRole('button', { name: 'Send the mail' }).click();
  const field = page.getByLabel(say.code);
  await field.fill('１２３');
  expect(await field.inputValue()).toBe('123');
  const code = await server.code(email);
  await page.evaluate((text) => navigator.clipboard.writeText(text), ` ${code.slice(0, 3)} ${code.slice(3)}\n`);
  await field.selectText();
  await page.keyboard.press('Control+V');
  expect(await field.inputValue()).toBe(code);
  await page.keyboard.press('Enter');
  await heading(page, say.confirmed).waitFor();
});

test('language and theme are remembered, and the next document comes in them at once', async () => {
  const { page } = await personAt(server, '/auth/register');
  await page.getByLabel(say.email, { exact: true }).fill('half-typed@example.com');
  await page.getByRole('button', { name: '日本語' }).click();
  await heading(page, 'アカウントの作成').waitFor();
  expect(await page.getByLabel(words.ja.email, { exact: true }).inputValue()).toBe('half-typed@example.com');
  expect(await page.title()).toBe('アカウントの作成 · Tegata');
  await page.getByRole('button', { name: 'ダークテーマ' }).click();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await expect.poll(background).toBe('rgb(20, 23, 28)');
  // Also on pages that have no script, and before any script has run.
  await page.goto('/dev/mailbox');
  expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
  expect(await page.locator('html').getAttribute('lang')).toBe('ja');
  expect(await background()).toBe('rgb(20, 23, 28)');
});

test('fields tell password managers and keyboards what they are for', async () => {
  const { page } = await personAt(server, '/auth/register');
  const attributes = async (label: string) => {
    const field = page.getByLabel(label, { exact: true });
    const names = ['autocomplete', 'inputmode', 'enterkeyhint'];
    return Promise.all(names.map((name) => field.getAttribute(name)));
  };
  expect(await attributes(say.name)).toEqual(['name', null, 'next']);
  expect(await attributes(say.email)).toEqual(['username', 'email', 'next']);
  expect(await attributes(say.password)).toEqual(['new-password', null, 'done']);
  await page.goto('/auth/log-in');
  expect(await attributes(say.password)).toEqual(['current-password', null, 'go']);
});

test('a field is judged when it is left, not while it is typed for the first time', async () => {
  const { page } = await personAt(server, '/auth/register');
  const email = page.getByLabel(say.email, { exact: true });
  await email.pressSequentially('ada@');
  expect(await page.locator('.problem').count()).toBe(0);
  await page.keyboard.press('Tab');
  await page.getByText('Enter an address such as ada@example.com.').waitFor();
  await email.fill(ada);
  expect(await page.locator('.problem').count()).toBe(0);
});

test.each([
  ['Asia/Tokyo', 'en', 'Japan Standard Time'],
  ['Asia/Tokyo', 'ja', '日本標準時'],
  // What a browser without a time zone has: an offset, which is no place.
  ['Etc/GMT+5', 'en', undefined],
  ['UTC', 'ja', undefined],
] as const)('a device in %s is shown (in %s) with its place where that has a name', async (timezoneId, language, place) => {
  const { page } = await loggedInAt(server, ada, { language, timezoneId });
  await page.goto('/auth/account/sessions');
  const device = page.getByRole('listitem').filter({ hasText: words[language].thisDevice });
  await device.waitFor();
  const facts = (await device.locator('.part').allInnerTexts()).map((text) => text.replace(/ · $/, '').trim());
  if (place) expect(facts.shift()).toBe(place);
  expect(facts).toEqual([
    expect.stringMatching(language === 'en' ? /^last used / : /^最終利用：/),
    expect.stringMatching(language === 'en' ? /^logged in on / : /にログイン$/),
  ]);
});
