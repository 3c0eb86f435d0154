import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { routes } from './src/routes.ts';
import { en } from './src/texts/en.ts';
import { ja } from './src/texts/ja.ts';

// Builds the pages, and writes down for the server what there is: `dist/pages.json`, and beside each file its compressed
// forms, so that no request pays for compressing.

const dist = join(import.meta.dirname, 'dist');
const assets = join(dist, 'assets');

type Chunk = { file: string; src?: string; imports?: string[]; css?: string[] };

const buildPages = async (): Promise<void> => {
  // Whoever starts this, what is built is what is served: without it React comes with its warnings, at twice the size.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  await build({ configFile: join(import.meta.dirname, 'vite.config.ts') });

  const manifestFile = join(assets, 'manifest.json');
  const manifest: Record<string, Chunk> = JSON.parse(readFileSync(manifestFile, 'utf8'));
  rmSync(manifestFile);
  const chunk = (key: string): Chunk => {
    const found = manifest[key];
    if (!found) throw new Error(`The build made no chunk of ${key}.`);
    return found;
  };
  /** A chunk and all it imports, without dynamic imports. */
  const withImports = (key: string, seen = new Set<string>()): Chunk[] => {
    if (seen.has(key)) return [];
    seen.add(key);
    const one = chunk(key);
    return [one, ...(one.imports ?? []).flatMap((other) => withImports(other, seen))];
  };
  const entry = withImports('src/main.tsx');
  const loaded = new Set(entry.map(({ file }) => file));
  const besides = (key: string) => withImports(key).filter(({ file }) => !loaded.has(file));
  const filesOf = (chunks: Chunk[]) => chunks.map(({ file }) => file);
  const stylesOf = (chunks: Chunk[]) => [...new Set(chunks.flatMap(({ css = [] }) => css))];
  const account = besides('src/account/account-area.tsx');
  const shared = filesOf(entry.slice(1));

  const table = {
    script: chunk('src/main.tsx').file,
    styles: stylesOf(entry),
    preloads: {
      languages: {
        en: [...shared, ...filesOf(besides('src/texts/en.ts'))],
        ja: [...shared, ...filesOf(besides('src/texts/ja.ts'))],
      },
      account: filesOf(account),
    },
    accountStyles: stylesOf(account),
    routes: routes.map(({ path, page, account: inAccount = false }) => ({
      path,
      account: inAccount,
      titles: { en: en.titles[page], ja: ja.titles[page] },
    })),
  };
  writeFileSync(join(dist, 'pages.json'), `${JSON.stringify(table, null, 2)}\n`);

  for (const name of readdirSync(assets)) {
    const bytes = readFileSync(join(assets, name));
    writeFileSync(join(assets, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  }
};

try {
  await buildPages();
} catch (error) {
  // An installation without development dependencies has no builder. The server says at its start that there are no pages.
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write('The hosted pages were not built: vite is not installed.\n');
}
