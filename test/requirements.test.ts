import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { requirementsTable } from '../scripts/requirements.ts';

test('every requirement is shown by a test or explained, and docs/requirements.md says by which', () => {
  const { markdown, open } = requirementsTable();
  expect(open).toEqual([]);
  const written = readFileSync(new URL('../docs/requirements.md', import.meta.url), 'utf8');
  expect(written, 'run `npm run docs:requirements`').toBe(markdown);
});
