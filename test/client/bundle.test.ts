import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../server-process.ts';

const root = join(import.meta.dirname, '../..');

/** What a browser would load for these lines, minified. */
const bundled = async (lines: string, external: string[] = []) => {
  const folder = await temporaryFolder();
  const entry = join(folder, 'entry.ts');
  await writeFile(entry, lines);
  const output = (await build({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    resolve: {
      alias: {
        '@tegata/client': join(root, 'packages/client/src/index.ts'),
        '@tegata/react': join(root, 'packages/react/src/index.ts'),
      },
    },
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: { input: entry, external, preserveEntrySignatures: 'strict' },
    },
  })) as Rolldown.RolldownOutput;
  const chunk = output.output[0] as Rolldown.OutputChunk;
  return {
    code: chunk.code,
    modules: chunk.moduleIds.map((id) => id.replace(`${root}/`, '')),
    bytes: gzipSync(chunk.code).length,
  };
};

const line = (what: string, bytes: number, limit: number) =>
  process.stdout.write(`  ${what}: ${bytes} bytes gzipped (at most ${limit})\n`);

test('the client is at most 6 kB gzipped, all contracts together, and nothing but the client', async () => {
  const all = await bundled(`export { createClient } from '@tegata/client';`);
  line('@tegata/client, createClient', all.bytes, 6000);
  expect(all.bytes).toBeLessThanOrEqual(6000);
  for (const id of all.modules) expect(id).toMatch(/entry\.ts$|^packages\/client\/src\//);
  expect(all.code).not.toMatch(/zod|ZodError|kysely|argon2|node:|require\(/i);
});

test('whoever speaks one contract does not load the others', async () => {
  const standard = await bundled(`export { createStandardClient } from '@tegata/client';`);
  line('@tegata/client, createStandardClient', standard.bytes, 5000);
  expect(standard.bytes).toBeLessThanOrEqual(5000);
  expect(standard.modules).not.toContain('packages/client/src/organization.ts');
  expect(standard.code).not.toContain('/auth/signin');
  expect(standard.code).not.toContain('/password-reset/');
  const none = await bundled(`export { pageEnvironment } from '@tegata/client';`);
  expect(none.code).not.toContain('/api/');
});

test('the React package adds little, and does not bring React', async () => {
  const react = await bundled(`export * from '@tegata/react'; export { createStandardClient } from '@tegata/client';`, ['react']);
  line('@tegata/react with the client', react.bytes, 6000);
  expect(react.bytes).toBeLessThanOrEqual(6000);
  for (const id of react.modules) expect(id).toMatch(/entry\.ts$|^packages\/(client|react)\/src\//);
});

test('what is imported from the contract are types, and only tests do that', () => {
  for (const name of ['client', 'react']) {
    const folder = join(root, 'packages', name, 'src');
    for (const file of readdirSync(folder)) {
      const source = readFileSync(join(folder, file), 'utf8');
      expect(source, file).not.toMatch(/from '(?:@tegata\/(?:contract|core|server)|zod|node:[^']+)'/);
    }
  }
});
