import { createStandardClient } from '@tegata/client';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, onTestFinished, test } from 'vitest';
import { registered } from '../standard/people.ts';
import { startApplication } from './application.ts';
import { Application } from './applications/react.tsx';
import { openBrowser, troubleIn } from './browser.ts';

const email = 'ada@example.com';

/** Markup as a server would send it: the very component of the page. */
const rendered = () =>
  renderToString(createElement(Application, { client: createStandardClient({ baseUrl: 'https://auth.example.com' }) }));

test('twenty components under StrictMode make one request, and all of them change together', async () => {
  const server = await startApplication('react.tsx');
  await registered(server, email);
  const context = await openBrowser();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const trouble = troubleIn(page);
  server.requests.length = 0;
  await page.goto(`${server.url}/page`);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('Welcome, Ada Lovelace').waitFor();
  expect(await page.locator('li').allTextContents()).toEqual(Array(20).fill(email));
  expect(server.requests).toEqual(['POST /api/v1/auth/refresh', 'POST /api/v1/auth/login']);

  server.requests.length = 0;
  await page.reload();
  await page.getByText('Welcome, Ada Lovelace').waitFor();
  expect(server.requests).toEqual(['POST /api/v1/auth/refresh', 'GET /api/v1/me']);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByText('Please log in').waitFor();
  expect(await page.locator('li').allTextContents()).toEqual(Array(20).fill('nobody'));
  expect(trouble).toEqual([]);
});

test('a page that was rendered on the server hydrates without a complaint, and never flashes the wrong state', async () => {
  const markup = rendered();
  expect(markup).not.toMatch(/Please log in|Welcome/);
  const server = await startApplication('react.tsx', { markup });
  await registered(server, email);
  const context = await openBrowser();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const trouble = troubleIn(page);
  await page.goto(`${server.url}/page`);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('Welcome, Ada Lovelace').waitFor();

  // Everything that was ever shown, from the first byte on.
  await context.addInitScript(() => {
    const shown = new Set<string>();
    Object.assign(window, { shown });
    const look = () => {
      for (const id of ['in', 'out']) if (document.getElementById(id)) shown.add(id);
      const status = document.getElementById('status')?.textContent;
      if (status) shown.add(status);
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
  });
  const shown = () => page.evaluate(() => [...(window as unknown as { shown: Set<string> }).shown]);
  await page.reload();
  await page.getByText('Welcome, Ada Lovelace').waitFor();
  expect(await shown()).toEqual(expect.arrayContaining(['loading', 'logged_in', 'in']));
  expect(await shown()).not.toContain('out');
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByText('Please log in').waitFor();
  await page.reload();
  await page.getByText('Please log in').waitFor();
  expect(await shown()).not.toContain('in');
  expect(trouble).toEqual([]);
});
