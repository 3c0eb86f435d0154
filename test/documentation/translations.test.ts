import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { type Page, pageAt, pages, root } from './page.ts';

// A page in Japanese says what its English one says: the same sections, code, links, and words set as code. So neither can
// be changed alone.

const translated = pages
  .filter(({ path }) => path.endsWith('.ja.md'))
  .map((page) => [page.path, page, pageAt(page.path.replace('.ja.md', '.md'))!] as const);

/** Where a link leads, whichever language it is in: an anchor counts as the number of its heading. */
const destination = (page: Page, target: string): string => {
  if (/^[a-z]+:/.test(target)) return target;
  const [path = '', anchor] = decodeURIComponent(target).split('#');
  const led = path === '' ? page.path : normalize(join(dirname(page.path), path));
  const heading = anchor === undefined ? '' : `#${pageAt(led)?.headings.findIndex((each) => each.anchor === anchor)}`;
  return led.replace('.ja.md', '.md') + heading;
};

/** The two lead to each other; that is no link of the text. */
const destinations = (page: Page) => {
  const own = page.path.replace('.ja.md', '.md');
  return page.links.map(({ target }) => destination(page, target)).filter((led) => led !== own);
};

test('README, getting started, contracts and production are in Japanese too', () => {
  expect(translated.map(([path]) => path)).toEqual(
    expect.arrayContaining(['README.ja.md', 'docs/contracts.ja.md', 'docs/getting-started.ja.md', 'docs/production.ja.md']),
  );
});

test.each(translated)('%s has the headings of the English page', (_, japanese, english) => {
  expect(japanese.headings.map(({ depth }) => depth)).toEqual(english.headings.map(({ depth }) => depth));
});

test.each(translated)('%s has its code, block for block', (_, japanese, english) => {
  const code = ({ snippets }: Page) => snippets.map(({ language, text, hidden }) => ({ language, text, hidden }));
  expect(code(japanese)).toEqual(code(english));
});

test.each(translated)('%s has its links, and leads to a Japanese page where there is one', (_, japanese, english) => {
  expect(destinations(japanese).toSorted()).toEqual(destinations(english).toSorted());
  const missed = japanese.links.filter(({ target }) => {
    const [path = ''] = target.split('#');
    return /(?<!\.ja)\.md$/.test(path) && existsSync(join(root, dirname(japanese.path), path.replace(/\.md$/, '.ja.md')));
  });
  expect(missed.filter(({ target }) => destination(japanese, target) !== japanese.path.replace('.ja.md', '.md'))).toEqual([]);
});

test.each(translated)('%s names the same settings, commands and values', (_, japanese, english) => {
  const words = (page: Page) => [...new Set(page.words.map(({ text }) => text))].toSorted();
  expect(words(japanese)).toEqual(words(english));
});
