import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { goodPassword, registered } from '../standard/people.ts';
import { startApplication } from './application.ts';
import { openBrowser, troubleIn } from './browser.ts';

// The lines that the README shows are an application: checked, built and used as they stand there.

const root = join(import.meta.dirname, '../..');
/** Below node_modules, so that imports resolve as in an application that installed the packages. */
const folder = join(root, 'node_modules/.cache/tegata-readme');
const run = promisify(execFile);

const shownIn = async (readme: string): Promise<string> => {
  const text = await readFile(join(root, readme), 'utf8');
  const lines = /<!-- react:start -->\n```tsx\n(.*?)```\n<!-- react:end -->/s.exec(text)?.[1];
  if (lines === undefined) throw new Error(`${readme} shows no lines for React`);
  return lines;
};

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'main.tsx'), await shownIn('README.md'));
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    module: 'preserve',
    jsx: 'react-jsx',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    types: [],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.tsx'] }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('both READMEs show the same lines', async () => {
  expect(await shownIn('README.ja.md')).toBe(await shownIn('README.md'));
});

test('they compile, and checking them stays cheap: types are flat, and no schema library is read for them', async () => {
  const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--extendedDiagnostics', '--listFiles'], {
    maxBuffer: 1 << 24,
  });
  const figure = (name: string) => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(stdout)?.[1]);
  const instantiations = figure('Instantiations');
  const checkSeconds = figure('Check time');
  process.stdout.write(`  type check of an application: ${instantiations} instantiations, ${checkSeconds} s of checking\n`);
  // Without our packages, React's own types take most of these. Time is bounded generously: the machine may be busy.
  expect(instantiations).toBeGreaterThan(0);
  expect(instantiations).toBeLessThan(25_000);
  expect(checkSeconds).toBeLessThan(10);
  expect(stdout).toContain('packages/react/src/index.ts');
  expect(stdout).not.toMatch(/node_modules\/zod|packages\/(contract|core|server)\//);
});

test('they log in, greet, and log out', async () => {
  const server = await startApplication(join(folder, 'main.tsx'));
  await registered(server, 'ada@example.com');
  const context = await openBrowser();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const trouble = troubleIn(page);
  await page.goto(`${server.url}/page`);
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Password').fill('not the one');
  const refused = page.waitForEvent('dialog').then(async (dialog) => {
    await dialog.accept();
    return dialog.message();
  });
  await page.getByRole('button', { name: 'Log in' }).click();
  expect(await refused).toBe('invalid credentials');
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Password').fill(goodPassword);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('Hello, Ada Lovelace.').waitFor();
  await page.reload();
  await page.getByText('Hello, Ada Lovelace.').waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('button', { name: 'Log in' }).waitFor();
  expect(trouble).toEqual([]);
});
