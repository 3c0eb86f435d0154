import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { withResults } from '../bench/performance-page.ts';

test('docs/performance.md shows the newest results (npm run docs:performance)', async () => {
  const page = await readFile(new URL('../docs/performance.md', import.meta.url), 'utf8');
  expect(withResults(page)).toBe(page);
});
