import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const folder = new URL('../../packages/server/src/doctor/', import.meta.url);

test('docs/doctor.md has every finding that the doctor can make, and no other', async () => {
  const sources = (await readdir(folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const code = (await Promise.all(sources.map((name) => readFile(new URL(name, folder), 'utf8')))).join('\n');
  const made = [...code.matchAll(/\bid: (.*)/g)].flatMap(([, rest = '']) => [
    ...rest.matchAll(/'([a-z]+(?:-[a-z]+)*\.[a-z-]+)'/g),
  ]);
  const noted = [...code.matchAll(/\bnote\(\s*'([a-z-]+)'/g)].map(([, what]) => `configuration.${what}`);
  const table = (await readFile(new URL('../../docs/doctor.md', import.meta.url), 'utf8')).split('\n## Findings')[1] ?? '';
  const told = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, id]) => id));
  const ids = [...new Set([...made.map(([, id]) => id), ...noted])];
  expect(ids.length).toBeGreaterThan(80);
  expect(told.sort()).toEqual(ids.sort());
});
