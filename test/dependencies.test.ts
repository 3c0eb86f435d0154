import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dependenciesPage, productDependencies } from '../scripts/dependencies.ts';

// What an installation of Tegata runs and may be bound by is decided here, not found out later.

/** Licenses that ask for no more than their text. */
const licenses = ['MIT', 'MIT-0', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', '0BSD'];

/** bcrypt looks for its prebuilt file, and compiles where there is none. */
const runScripts = ['bcrypt'];

test('every license of what the packages bring along is on the list', () => {
  expect(productDependencies().filter(({ license }) => !licenses.includes(license))).toEqual([]);
});

test('no package runs a script at installation but those on the list', () => {
  const found = productDependencies().flatMap(({ name, runsScripts }) => (runsScripts ? [name] : []));
  expect(found).toEqual(runScripts);
});

test('every package that Tegata names has a reason', () => {
  const unexplained = productDependencies().filter(({ directOf, purpose }) => directOf.length > 0 && !purpose);
  expect(unexplained.map(({ name }) => name)).toEqual([]);
});

test('docs/dependencies.md is current', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/dependencies.md'), 'utf8');
  expect(page === dependenciesPage(), 'docs/dependencies.md is out of date: npm run docs:dependencies').toBe(true);
});
