import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { contracts } from '../../packages/server/src/http/app.ts';

// A contract is a translation: the core must not know any by name. What would give it away is a text that says the name,
// such as `contract === 'cookie'`, or a name in an identifier, such as `isBearer`.
//
// Two names are also words of the core's own: an organization is something that users belong to, and the known-device
// cookie is a value that a browser sent. Those may be identifiers; as texts they are refused like the others. Comments may
// say what they like. The suites in `testing/` and the tests are not part of what runs.

const names = contracts.map(({ name }) => name);
const alsoWords = ['organization', 'cookie'];

const withoutComments = (code: string) => code.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
const withoutImports = (code: string) => code.replaceAll(/\bfrom '[^']*'/g, '');

const wordsOf = (text: string) => text.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());

const namesIn = (file: string): string[] => {
  const code = withoutImports(withoutComments(file));
  const literals = code.match(/'[^'\n]*'|"[^"\n]*"|`[^`]*`/g) ?? [];
  const inTexts = literals.flatMap(wordsOf).filter((word) => names.includes(word));
  const inIdentifiers = wordsOf(code).filter((word) => names.includes(word) && !alsoWords.includes(word));
  return [...new Set([...inTexts, ...inIdentifiers])];
};

test('no file of the core names a contract', async () => {
  const folder = fileURLToPath(new URL('../../packages/core/src', import.meta.url));
  const files = (await readdir(folder, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('testing'),
  );
  expect(files.length).toBeGreaterThan(40);
  expect(names.toSorted()).toEqual(['bearer', 'cookie', 'organization', 'standard']);
  const offenders: Record<string, string[]> = {};
  for (const file of files) {
    const found = namesIn(await readFile(join(folder, file), 'utf8'));
    if (found.length > 0) offenders[file] = found;
  }
  expect(offenders).toEqual({});
});

test.each([
  ["if (contract === 'organization') return;", ['organization']],
  ['const isBearer = true;', ['bearer']],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code of the kind that is looked for.
  ['log(`${name} of the standard contract`);', ['standard']],
  ["import type { Organization } from '../organizations/organization.ts'; // as in bearer", []],
  ['/** Not for cookies: see bearer. */ const deviceCookie = organization;', []],
])('it would be seen in %j', (code, found) => {
  expect(namesIn(code).filter((name) => name !== 'cookie')).toEqual(found);
});
