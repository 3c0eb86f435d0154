import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pages, root, type Snippet } from './page.ts';

// Every snippet in TypeScript is compiled as a file of an application that has the packages installed: those for a page as
// a page's, the others as a server's. What a reader has to have beside it, a hidden comment above the snippet declares.

vi.setConfig({ testTimeout: 240_000 });

/** Below node_modules, so that imports resolve as in such an application. */
const folder = join(root, 'node_modules/.cache/tegata-snippets');
beforeAll(() => mkdir(folder, { recursive: true }));
afterAll(() => rm(folder, { recursive: true, force: true }));

type Written = { at: string; file: string; text: string };

/** Those of a page that are TypeScript, each with what it continues. Excerpts of a file are compared in snippets.test.ts. */
const written: Written[] = pages.flatMap(({ snippets }) => {
  let before = '';
  return snippets
    .filter(({ language, text }) => /^tsx?$/.test(language) && !/^\/\/ [\w-]+\.tsx?\n/.test(text))
    .map(({ at, language, text, hidden, continues }: Snippet) => {
      const own = `${continues ? before : ''}\n${hidden}\n${text}`;
      before = own;
      return { at, file: `${at.replaceAll(/[^\w]/g, '-')}.${language}`, text: `${own}\nexport {};\n` };
    });
});

const isForPages = ({ file, text }: Written) => file.endsWith('.tsx') || /from '@tegata\/(client|react)'/.test(text);

const forPages = { lib: ['ES2024', 'DOM', 'DOM.Iterable'], module: 'preserve', jsx: 'react-jsx', types: ['react'] };
const forServers = { lib: ['ES2024', 'ESNext.Disposable', 'DOM.Iterable'], module: 'NodeNext', types: ['node'] };

/** The mistakes that the compiler names. */
const check = async (name: string, files: Written[], differences: object): Promise<string[]> => {
  const compilerOptions = {
    target: 'ES2024',
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    typeRoots: [join(root, 'node_modules/@types')],
    ...differences,
  };
  const config = join(folder, `${name}.json`);
  await Promise.all(files.map(({ file, text }) => writeFile(join(folder, file), text)));
  await writeFile(config, JSON.stringify({ compilerOptions, files: files.map(({ file }) => file) }));
  return new Promise((resolve) => {
    execFile(join(root, 'node_modules/.bin/tsc'), ['-p', config, '--pretty', 'false'], { cwd: folder }, (_, stdout) => {
      resolve(stdout.split('\n').filter((line) => /error TS\d+/.test(line)));
    });
  });
};

/** That it fails shows that the packages are found, and their types with them. */
const mistaken = (name: string, text: string): Written => ({ at: 'nowhere', file: `mistaken-${name}.ts`, text });

test.each([
  [
    'pages',
    forPages,
    mistaken('pages', "import { createClient } from '@tegata/client';\ncreateClient().logOut();\n"),
    "'logOut' does not exist",
  ],
  [
    'servers',
    forServers,
    mistaken('servers', "import { createTegata } from '@tegata/server';\ncreateTegata(1);\n"),
    "type 'number'",
  ],
])('every snippet for %s compiles', async (name, differences, wrong, complaint) => {
  const own = written.filter((each) => isForPages(each) === (name === 'pages'));
  expect(own.length).toBeGreaterThan(4);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const errors = await check(name, [...own, wrong], differences);
  expect(errors.filter((line) => line.includes(wrong.file))).toEqual([expect.stringContaining(complaint)]);
  expect(errors.filter((line) => !line.includes(wrong.file))).toEqual([]);
});
