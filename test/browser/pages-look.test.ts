import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { troubleIn } from './browser.ts';
import { lookAt, settled, sidewaysAt } from './look-at.ts';
import { goodPassword, type PagesServer, startPagesServer } from './pages-server.ts';
import { type Language, loggedInAt, personAt, typeLogIn, words } from './people-at-pages.ts';

// Every page as people see it: no accessibility violation in either theme, nothing that scrolls sideways on the smallest
// phone. `npm run screenshots` also writes a picture of each into test/browser/screenshots, to be looked at.

const ada = 'ada@example.com';
let server: PagesServer;

beforeAll(async () => {
  server = await startPagesServer();
  await server.registered(ada);
  await server.registered('locked@example.com');
  await server.call('POST', '/api/v1/auth/register', { email: 'pending@example.com', password: goodPassword, name: 'Pen Ding' });
});

type Scene = { name: string; open: (page: Page, language: Language) => Promise<void> };

const at = (name: string, path: string): Scene => ({ name, open: async (page) => void (await page.goto(path)) });

const submit = (page: Page) => page.locator('form button[type=submit]').click();

/** The way in. */
const logIn: Scene[] = [
  at('log-in', '/auth/log-in'),
  {
    name: 'log-in-wrong',
    open: async (page, language) => {
      await page.goto('/auth/log-in');
      await typeLogIn(page, 'nobody@example.com', 'not the right one', language);
      await page.getByText(words[language].wrong).waitFor();
    },
  },
  {
    name: 'log-in-locked',
    open: async (page, language) => {
      for (let attempt = 0; attempt < 5; attempt += 1) {
        await server.call('POST', '/api/v1/auth/login', { email: 'locked@example.com', password: 'wrong' });
      }
      await page.goto('/auth/log-in');
      await typeLogIn(page, 'locked@example.com', goodPassword, language);
      await page.locator('.notice').waitFor();
    },
  },
  {
    name: 'log-in-unverified',
    open: async (page, language) => {
      await page.goto('/auth/log-in');
      await typeLogIn(page, 'pending@example.com', goodPassword, language);
      await page.locator('.notice').waitFor();
    },
  },
];

/** The way to an account. */
const register: Scene[] = [
  at('register', '/auth/register'),
  {
    name: 'register-problems',
    open: async (page, language) => {
      await page.goto('/auth/register');
      await page.getByLabel(words[language].email, { exact: true }).fill('ada@example');
      await page.getByLabel(words[language].password, { exact: true }).fill('secret1');
      await submit(page);
      await page.locator('.notice').waitFor();
    },
  },
  {
    name: 'check-your-mail',
    open: async (page, language) => {
      await page.goto('/auth/log-in');
      await typeLogIn(page, 'pending@example.com', goodPassword, language);
      await page.locator('.notice a').click();
      await submit(page);
      await page.getByLabel(words[language].code).waitFor();
    },
  },
  at('check-your-mail-ask', '/auth/check-your-mail'),
  at('verify-email', '/auth/verify-email?token=unknown'),
  {
    name: 'verify-email-failed',
    open: async (page) => {
      await page.goto('/auth/verify-email?token=unknown');
      await submit(page);
      await page.locator('a.button').waitFor();
    },
  },
  at('link-incomplete', '/auth/verify-email'),
];

/** The way back in, and out. */
const recover: Scene[] = [
  at('forgot-password', '/auth/forgot-password'),
  {
    name: 'forgot-password-sent',
    open: async (page, language) => {
      await page.goto('/auth/forgot-password');
      await page.getByLabel(words[language].email, { exact: true }).fill('a-rather-long-address-of-somebody@mail.example.com');
      await submit(page);
      await page.locator('form').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'reset-password',
    open: async (page) => {
      await page.goto('/auth/reset-password?token=unknown');
      await page.locator('input').fill('several quiet words');
    },
  },
  at('undo-email', '/auth/undo-email?token=unknown'),
  at('signed-out', '/auth/signed-out?reason=password_changed'),
  at('callback-cancelled', '/auth/callback/google?error=access_denied'),
];

/** What developers see. */
const development: Scene[] = [
  at('welcome', '/'),
  at('docs', '/docs'),
  at('mailbox', '/dev/mailbox'),
  {
    name: 'mailbox-open',
    open: async (page) => {
      await page.goto(`/dev/mailbox?to=${ada}`);
      await page.locator('.mails a').first().click();
      await page.locator('#subject').waitFor();
    },
  },
];

/** The account of somebody with a second device and a second address. */
const account: Scene[] = [
  at('account-profile', '/auth/account'),
  {
    name: 'account-addresses',
    open: async (page) => {
      await page.goto('/auth/account/addresses');
      await page.locator('.list li').first().waitFor();
      await page.locator('form input').last().fill('ada@a-second-company.example');
      await page.locator('form button[type=submit]').last().click();
      await page.locator('.inset').waitFor();
    },
  },
  at('account-password', '/auth/account/password'),
  {
    name: 'account-sessions',
    open: async (page) => {
      await page.goto('/auth/account/sessions');
      await page.locator('.list li').nth(2).waitFor();
    },
  },
  at('account-connections', '/auth/account/connections'),
  at('account-delete', '/auth/account/delete'),
];

const views = [
  ['desktop, English', 'en', { width: 1100, height: 780 }, 'desktop'],
  ['phone, Japanese', 'ja', { width: 360, height: 740 }, 'phone'],
] as const;

describe.each(views)('on a %s', (_title, language, viewport, device) => {
  const lookThrough = async (page: Page, scenes: readonly Scene[]) => {
    const trouble = troubleIn(page);
    const wrong: string[] = [];
    for (const { name, open } of scenes) {
      await open(page, language);
      await settled(page);
      wrong.push(...(await lookAt(page, name, device)));
      const over = await sidewaysAt(page, 320);
      if (over > 0) wrong.push(`${name}: ${over} px too wide for 320 px`);
      await page.setViewportSize(viewport);
      expect(await page.locator('html').getAttribute('lang'), name).toBe(name === 'docs' ? 'en' : language);
    }
    expect(wrong).toEqual([]);
    expect(trouble).toEqual([]);
  };

  test.each([
    ['logging in', logIn],
    ['registering', register],
    ['recovering an account', recover],
    ['developing', development],
  ])('the pages for %s have no violation and fit', async (_what, scenes) => {
    const { page } = await personAt(server, '/auth/log-in', { language, viewport });
    await lookThrough(page, scenes);
  });

  test('the pages of the account have no violation and fit', async () => {
    const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
    const iphone =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
    for (const userAgent of [firefox, iphone]) await loggedInAt(server, ada, { userAgent });
    const { page } = await loggedInAt(server, ada, { language, viewport });
    await lookThrough(page, account);
  });
});
