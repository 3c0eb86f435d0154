import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { openidClient, startOpenidServer } from '../oauth/openid-server.ts';
import { startServer } from '../server.ts';
import { openBrowser } from './browser.ts';

// A person in a real browser: an application's page, the provider's own log-in page on another site, and back. What only
// a browser can show: its SameSite=Strict and Secure cookies are there when they are needed, CORS lets the application
// in, and no page can read what is none of its business.

const openPage = async (): Promise<Page> => (await openBrowser()).newPage();

/** The whole of an application: a button, and a callback page that hands on what the provider sent. */
const applicationPage = (tegata: string, provider: string) => `<!doctype html><meta charset="utf-8"><title>Application</title>
<link rel="icon" href="data:,"><button>Log in</button><pre></pre>
<script type="module">
const api = '${tegata}/api/v1/auth/oauth/${provider}';
const show = (value) => { document.querySelector('pre').textContent = JSON.stringify(value); };
document.querySelector('button').addEventListener('click', async () => {
  const redirectTo = location.origin + '/callback';
  const response = await fetch(api + '/authorize?redirect_to=' + encodeURIComponent(redirectTo), { credentials: 'include' });
  location.assign((await response.json()).data.url);
});
if (location.pathname === '/callback') {
  const body = JSON.stringify(Object.fromEntries(new URLSearchParams(location.search)));
  history.replaceState(null, '', '/callback');
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(api, { method: 'POST', credentials: 'include', headers, body });
  const answer = await response.json();
  const refreshed = await fetch('${tegata}/api/v1/auth/refresh', { method: 'POST', credentials: 'include', headers, body: '{}' });
  show({ status: response.status, answer, refreshed: refreshed.status, cookies: document.cookie });
}
</script>`;

const startApplication = async (): Promise<{ url: string; serve: (html: string) => void }> => {
  let html = '';
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (page) => {
      html = page;
    },
  };
};

const shown = async (page: Page) => {
  const text = page.locator('pre');
  await expect.poll(() => text.textContent(), { timeout: 15_000 }).not.toBe('');
  return JSON.parse((await text.textContent()) ?? '');
};

test('a person logs in through the provider’s own page, is known the next time, and may say no (S3.66, S3.165)', async () => {
  const application = await startApplication();
  // Another site than the application and Tegata, so that coming back is a cross-site navigation, as in life.
  const provider = await startOpenidServer({ redirectUris: [`${application.url}/callback`], host: 'localhost' });
  provider.people.set('ada', { email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' });
  const tegata = await startServer({
    TEGATA_ALLOWED_ORIGINS: application.url,
    GOOGLE_ISSUER: provider.issuer,
    GOOGLE_CLIENT_ID: openidClient.id,
    GOOGLE_CLIENT_SECRET: openidClient.secret,
  });
  application.serve(applicationPage(tegata.url, 'google'));
  const page = await openPage();

  await page.goto(application.url);
  await page.click('button');
  await page.fill('input[name=login]', 'ada');
  await page.fill('input[name=password]', 'whatever');
  expect(new URL(page.url()).origin).toBe(provider.issuer);
  await page.click('button[type=submit]');
  await page.click('button[type=submit]');
  const first = await shown(page);
  expect(first).toMatchObject({ status: 200, refreshed: 200, cookies: '' });
  expect(first.answer.data).toMatchObject({ is_new_user: true, user: { email: 'ada@example.com', name: 'Ada Lovelace' } });
  expect(page.url()).toBe(`${application.url}/callback`);

  const cookies = await page.context().cookies(`${tegata.url}/api/v1/auth/oauth/google`);
  const ours = cookies.filter(({ path }) => path.startsWith('/api/v1/auth'));
  expect(ours.map(({ name }) => name).toSorted()).toEqual(['refresh_token', 'tegata_device']);
  for (const cookie of ours) expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict' });

  // The provider remembers the person, so the second time there is nothing to fill in.
  await page.goto(application.url);
  await page.click('button');
  const second = await shown(page);
  expect(second.answer.data).toMatchObject({ is_new_user: false, user: { id: first.answer.data.user.id } });

  await page.context().clearCookies();
  await page.goto(application.url);
  await page.click('button');
  await page.click('a[href$="/abort"]');
  const refused = await shown(page);
  expect(refused).toMatchObject({ status: 400, answer: { error: { reason: 'provider_denied' } } });
}, 90_000);

test('the address of a finished log-in is worth nothing in another browser', async () => {
  const application = await startApplication();
  const provider = await startOpenidServer({ redirectUris: [`${application.url}/callback`], host: 'localhost' });
  provider.people.set('eve', { email: 'eve@example.com', email_verified: true });
  const tegata = await startServer({
    TEGATA_ALLOWED_ORIGINS: application.url,
    GOOGLE_ISSUER: provider.issuer,
    GOOGLE_CLIENT_ID: openidClient.id,
    GOOGLE_CLIENT_SECRET: openidClient.secret,
  });
  application.serve(applicationPage(tegata.url, 'google'));
  const attacker = await openPage();
  await attacker.goto(application.url);
  await attacker.click('button');
  await attacker.fill('input[name=login]', 'eve');
  await attacker.fill('input[name=password]', 'whatever');
  await attacker.click('button[type=submit]');
  // The attacker's own browser stops before it finishes, and the address is kept.
  application.serve('<!doctype html><title>Stopped</title>');
  await attacker.click('button[type=submit]');
  await attacker.waitForURL(/[?&]code=/);
  const stolen = attacker.url();
  application.serve(applicationPage(tegata.url, 'google'));

  const victim = await openPage();
  await victim.goto(stolen);
  expect(await shown(victim)).toMatchObject({
    status: 400,
    answer: { error: { message: 'invalid authorization code', reason: 'flow_missing' } },
    refreshed: 401,
  });
}, 90_000);
