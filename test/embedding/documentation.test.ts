import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { exampleFile, examples } from './application.ts';

const documentation = await readFile(new URL('../../docs/embedding.md', import.meta.url), 'utf8');

test.each(examples)('docs/embedding.md shows examples/embedding/%s.ts as it is', async (name) => {
  const link = `[\`examples/embedding/${name}.ts\`](../examples/embedding/${name}.ts)`;
  const shown = documentation.split(`${link}\n\n\`\`\`ts\n`)[1]?.split('```')[0];
  expect(shown).toBe(await readFile(exampleFile(name), 'utf8'));
});

test('every example is shown, and nothing else is', async () => {
  const files = await readdir(new URL('../../examples/embedding', import.meta.url));
  expect(files.toSorted()).toEqual(examples.map((name) => `${name}.ts`).toSorted());
  expect(documentation.match(/```ts/g)).toHaveLength(examples.length);
});
