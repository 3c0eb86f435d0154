import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withLinkingTable } from '../../scripts/linking-table.ts';

test('docs/oauth.md prints the linking table as it is in the code', () => {
  const written = readFileSync(new URL('../../docs/oauth.md', import.meta.url), 'utf8');
  expect(written, 'run `npm run docs:linking`').toBe(withLinkingTable(written));
});
