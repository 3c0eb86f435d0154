import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { password, startTasksServer } from '../tasks/people.ts';
import { openBrowser, troubleIn } from './browser.ts';

// The tasks application as a person uses it.

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What keeps somebody from using the page, in axe's words. */
const violationsIn = async (page: Page): Promise<string[]> => {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
};

beforeAll(() => import('../../examples/tasks/build-page.ts'), 60_000);

const start = async (options: BrowserContextOptions = {}) => {
  const port = await freePort();
  const server = await startTasksServer({ PORT: String(port), TEGATA_URL: `http://127.0.0.1:${port}` });
  const context = await openBrowser(options);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const trouble = troubleIn(page);
  const hosts = new Set<string>();
  context.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'data:') hosts.add(host);
  });
  await page.goto(server.url);
  return { server, context, page, trouble, hosts, port };
};

const signUp = async (page: Page, email = 'ada@example.com') => {
  await page.getByRole('button', { name: 'Make an account' }).click();
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Make an account' }).click();
  await page.getByRole('heading', { name: 'Your tasks' }).waitFor();
};

const add = async (page: Page, title: string) => {
  await page.getByLabel('New task').fill(title);
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByText(title, { exact: true }).waitFor();
};

const titles = (page: Page) => page.locator('.title').allTextContents();

test('sign up, add, complete, filter, edit, delete, sign out, sign in, delete the account', async () => {
  const { server, page, trouble, hosts, port } = await start();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await signUp(page);
  await page.getByText('Nothing to do yet. Add your first task above.').waitFor();
  await add(page, 'Water the plants');
  await add(page, 'Feed the cat');
  expect(await titles(page)).toEqual(['Feed the cat', 'Water the plants']);

  await page.getByRole('checkbox', { name: 'Feed the cat' }).click();
  await page.locator('.task.completed').waitFor();
  await page.getByLabel('Show').selectOption('completed');
  await expect.poll(() => titles(page)).toEqual(['Feed the cat']);
  await page.getByLabel('Show').selectOption('cancelled');
  await page.getByText('Nothing here. Show all tasks to see the others.').waitFor();
  await page.getByLabel('Show').selectOption('');
  await expect.poll(() => titles(page)).toEqual(['Feed the cat', 'Water the plants']);

  await page.getByRole('button', { name: 'Edit Water the plants' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit task' });
  await dialog.getByLabel('Title').fill('Water the roses');
  await dialog.getByLabel('Status').selectOption('in_progress');
  await dialog.getByLabel('Due').fill('2031-02-03');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Water the roses').waitFor();
  await page.getByText('Due Feb 3, 2031').waitFor();

  page.once('dialog', (asked) => asked.accept());
  await page.getByRole('button', { name: 'Delete Feed the cat' }).click();
  await page.getByText('“Feed the cat” is deleted.').waitFor();
  expect(await titles(page)).toEqual(['Water the roses']);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
  expect(await page.getByText('Water the roses').count()).toBe(0);
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Password').fill('not the one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('That e-mail and password don’t match.').waitFor();
  // Nothing typed is lost.
  expect(await page.getByLabel('E-mail').inputValue()).toBe('ada@example.com');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Water the roses').waitFor();

  await page.getByRole('button', { name: 'Delete account' }).click();
  await page.getByLabel('Password').fill('not the one');
  await page.getByRole('button', { name: 'Delete everything' }).click();
  await page.getByText('That is not your password. Your account is still there.').waitFor();
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Delete everything' }).click();
  await page.getByText('Your account and your tasks are deleted.').waitFor();
  expect(server.rows('select * from tasks')).toEqual([]);
  expect(trouble).toEqual([]);
  expect([...hosts]).toEqual([`127.0.0.1:${port}`]);
}, 120_000);

test('what is wrong with a form is said beside the field, and every field has a label', async () => {
  const { page } = await start();
  await page.getByRole('button', { name: 'Make an account' }).click();
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Password').fill('password');
  await page.getByRole('button', { name: 'Make an account' }).click();
  await page.getByText('Password is too common.').waitFor();
  const field = page.getByLabel('Password');
  expect(await field.getAttribute('aria-invalid')).toBe('true');
  expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
  const described = await field.getAttribute('aria-describedby');
  const words = await page.evaluate(
    (ids) => ids.map((id) => document.getElementById(id)?.textContent),
    described?.split(' ') ?? [],
  );
  expect(words).toContain('Password is too common.');
  const unlabeled = await page
    .locator('input, select, textarea')
    .evaluateAll((fields) => fields.filter((one) => (one as HTMLInputElement).labels?.length === 0).length);
  expect(unlabeled).toBe(0);
});

test.each(['light', 'dark'] as const)('no accessibility violation, %s', async (colorScheme) => {
  const { page } = await start({ colorScheme, viewport: { width: 320, height: 700 } });
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await violationsIn(page)).toEqual([]);
  await signUp(page);
  await add(page, 'Water the plants');
  expect(await violationsIn(page)).toEqual([]);
  // Nothing scrolls sideways on the smallest phone.
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  await page.getByRole('button', { name: 'Edit Water the plants' }).click();
  await page.getByRole('dialog', { name: 'Edit task' }).waitFor();
  expect(await violationsIn(page)).toEqual([]);
});

test('several tabs stay in step: tasks, signing in, signing out', async () => {
  const { server, context, page } = await start();
  const other = await context.newPage();
  await other.goto(server.url);
  await other.getByRole('heading', { name: 'Sign in' }).waitFor();
  await signUp(page);
  await other.getByRole('heading', { name: 'Your tasks' }).waitFor();
  await add(page, 'Water the plants');
  await other.getByText('Water the plants').waitFor();
  await other.getByRole('checkbox', { name: 'Water the plants' }).click();
  await page.locator('.task.completed').waitFor();
  await other.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
});

test('a reload finds the session, also when the access token has run out; an ended session asks to sign in', async () => {
  const { server, context, page } = await start();
  await signUp(page);
  await add(page, 'Water the plants');
  await page.reload();
  await page.getByText('Water the plants').waitFor();
  await context.clearCookies({ name: 'access_token' });
  // The old list stays on the screen while the next one is fetched, so the answer is waited for, not what the page shows.
  const renewed = page.waitForResponse((answer) => answer.url().endsWith('/auth/refresh'));
  await page.getByLabel('Show').selectOption('todo');
  expect((await renewed).status()).toBe(200);
  await page.getByText('Water the plants').waitFor();
  await expect.poll(async () => (await context.cookies()).map(({ name }) => name)).toContain('access_token');

  const elsewhere = await server.call('POST', '/auth/signin', { body: { email: 'ada@example.com', password } });
  const cookie = elsewhere.cookies.map((line) => line.split(';')[0]).join('; ');
  const everywhere = await server.call('POST', '/auth/signout-all', {
    cookie,
    headers: { 'x-csrf-token': elsewhere.body.csrf_token },
  });
  expect(everywhere.status).toBe(200);
  await page.getByLabel('Show').selectOption('');
  await page.getByText('You have been signed out. Please sign in again.').waitFor();
});

test('while the server cannot be reached nothing is lost, and the page says so', async () => {
  const { context, page } = await start();
  await signUp(page);
  await add(page, 'Water the plants');
  await context.setOffline(true);
  await page.getByLabel('New task').fill('Feed the cat');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByText('We can’t reach the server. Nothing was lost; please try again in a moment.').first().waitFor();
  expect(await page.getByLabel('New task').inputValue()).toBe('Feed the cat');
  await context.setOffline(false);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByText('Feed the cat').waitFor();
  expect(await titles(page)).toEqual(['Feed the cat', 'Water the plants']);
});
