import { existsSync, globSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { pageAt, pages, root } from './page.ts';

const own = pages.flatMap((page) =>
  page.links
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .map(({ at, target }) => {
      const [path = '', anchor] = decodeURIComponent(target).split('#');
      return { at, target, path: path === '' ? page.path : normalize(join(dirname(page.path), path)), anchor };
    }),
);

test('every link and image within the repository leads to a file', () => {
  expect(own.length).toBeGreaterThan(100);
  const dead = own.filter(({ path }) => path.startsWith('..') || !existsSync(join(root, path)));
  expect(dead.map(({ at, target }) => `${at} ${target}`)).toEqual([]);
});

test('every anchor is a heading of the page that it leads to', () => {
  const dead = own.filter(
    ({ path, anchor }) => anchor !== undefined && !pageAt(path)?.headings.some((each) => each.anchor === anchor),
  );
  expect(dead.map(({ at, target }) => `${at} ${target}`)).toEqual([]);
});

test('every file that a sentence names by its path is there', () => {
  const named = pages
    .filter(({ path }) => path !== 'CHANGELOG.md')
    .flatMap(({ words }) => words)
    .filter(({ text }) => /^(packages|apps|test|examples|scripts|docs|deploy|bench)\/[\w./-]*[\w/]$/.test(text));
  expect(named.length).toBeGreaterThan(20);
  // docs/requirements.md names decisions by their number.
  const isThere = (path: string) => existsSync(join(root, path)) || globSync(`${path}-*`, { cwd: root }).length > 0;
  const made = ['test/browser/screenshots'];
  expect(named.filter(({ text }) => !isThere(text) && !made.includes(text)).map(({ at, text }) => `${at} ${text}`)).toEqual([]);
});

test('every page can be reached from README.md', () => {
  const reached = new Set(['README.md', 'README.ja.md']);
  for (const path of reached) {
    for (const link of own.filter(({ at }) => at.startsWith(`${path}:`))) {
      const isFolder = existsSync(join(root, link.path)) && statSync(join(root, link.path)).isDirectory();
      reached.add(isFolder ? join(link.path, 'README.md') : link.path);
    }
  }
  // Decisions, and what belongs to a folder that says so itself, are found where they lie.
  const alone = pages.filter(({ path }) => !reached.has(path) && !path.startsWith('docs/flows/'));
  expect(alone.map(({ path }) => path)).toEqual([]);
});
