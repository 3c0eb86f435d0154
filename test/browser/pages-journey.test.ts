import { beforeAll, describe, expect, test } from 'vitest';
import { goodPassword, type PagesServer, startPagesServer } from './pages-server.ts';
import { heading, type Language, loggedInAt, personAt, typeLogIn, words } from './people-at-pages.ts';

// The way of one person through every page, as they would go it, in both languages.

let server: PagesServer;
beforeAll(async () => {
  server = await startPagesServer();
});

const newPassword = 'another good password';

describe.each(['en', 'ja'] as const)('in %s', (language: Language) => {
  const say = words[language];
  const email = `ada-${language}@example.com`;

  test('register, confirm by the mail, log in, sign the other browser out, reset the password, delete the account', async () => {
    const { page, trouble } = await personAt(server, '/auth/register', { language });
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    const field = (name: string) => page.getByLabel(name, { exact: true });

    await field(say.name).fill('Ada Lovelace');
    await field(say.email).fill(email);
    await field(say.password).fill(goodPassword);
    await button(say.register).click();

    // The mail waits in the mailbox, in the language of the page; its link leads to a page that does nothing yet.
    await heading(page, say.checkYourMail).waitFor();
    expect(page.url()).not.toContain('ada');
    await server.mails(email);
    await page.locator('.development a').click();
    await page.locator('.mails a').first().click();
    await page.locator('.facts a').first().click();
    await button(say.confirmAddress).waitFor();
    expect(new URL(page.url()).search).toBe('');
    await button(say.confirmAddress).click();
    await heading(page, say.confirmed).waitFor();
    await page.getByRole('link', { name: say.logIn, exact: true }).click();

    // Logged in here, and in another browser.
    await heading(page, say.logIn).waitFor();
    await typeLogIn(page, email, goodPassword, language);
    await heading(page, say.profile).waitFor();
    expect(new URL(page.url()).pathname).toBe('/auth/account');
    const other = await loggedInAt(server, email, {
      language,
      userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
    });

    await page.getByRole('link', { name: say.devices, exact: true }).click();
    const rows = page.locator('.list li');
    await rows.nth(1).waitFor();
    expect(await rows.count()).toBe(2);
    expect(await rows.first().innerText()).toContain(say.thisDevice);
    const firefox = rows.filter({ hasText: 'Firefox' });
    await firefox.getByRole('button').click();
    await firefox.waitFor({ state: 'detached' });

    // The other browser is told why, the next time it asks for anything.
    await other.page.getByRole('link', { name: say.devices, exact: true }).click();
    await heading(other.page, say.signedOut).waitFor();
    expect(new URL(other.page.url()).search).toBe('?reason=session_revoked');
    expect(await other.page.locator('main').innerText()).toContain(say.revoked);

    // Somebody who is logged in nowhere resets the password, and everybody has to log in anew.
    const third = await personAt(server, '/auth/log-in', { language });
    await third.page.getByRole('link', { name: say.forgot, exact: true }).click();
    await third.page.getByLabel(say.email, { exact: true }).fill(email);
    await third.page.getByRole('button', { name: say.sendLink, exact: true }).click();
    await heading(third.page, say.checkYourMail).waitFor();
    await third.page.goto(await server.mailedLink(email, '/auth/reset-password'));
    await third.page.getByLabel(say.newPassword, { exact: true }).fill(newPassword);
    expect(new URL(third.page.url()).search).toBe('');
    await third.page.getByRole('button', { name: say.saveNew, exact: true }).click();
    await heading(third.page, say.resetDone).waitFor();

    await page.getByRole('link', { name: say.profile, exact: true }).click();
    await page.getByRole('link', { name: say.devices, exact: true }).click();
    await heading(page, say.signedOut).waitFor();
    expect(new URL(page.url()).search).toBe('?reason=password_reset');
    await page.getByRole('link', { name: say.logIn, exact: true }).click();
    await typeLogIn(page, email, goodPassword, language);
    await page.getByText(say.wrong).waitFor();
    await typeLogIn(page, email, newPassword, language);
    await heading(page, say.profile).waitFor();

    // And goes.
    await page.getByRole('link', { name: say.deleteTitle, exact: true }).click();
    await field(say.password).fill(newPassword);
    await button(say.deleteButton).click();
    await heading(page, say.signedOut).waitFor();
    expect(await page.locator('main').innerText()).toContain(say.deleted);
    const again = await server.call('POST', '/api/v1/auth/login', { email, password: newPassword });
    expect(again.status).toBe(401);
    expect([...trouble, ...other.trouble, ...third.trouble]).toEqual([]);
  });
});
