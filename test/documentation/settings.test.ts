import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Environment } from '../../packages/server/src/config/env.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { pages, root } from './page.ts';

// A setting that a page names is one that something reads. Codes such as `TOKEN_EXPIRED` look the same: they stand in
// the sources as they stand in the page. docs/requirements.md quotes what others wrote.

/** Every name that the configuration asks its environment for. */
const settings = new Set<string>();
parseConfig(
  new Proxy<Environment>(
    {},
    {
      get: (_, name) => {
        settings.add(String(name));
        return undefined;
      },
    },
  ),
);
const providerSetting = /^OIDC_(<NAME>|[A-Z0-9_]+)_(ISSUER|CLIENT_ID|CLIENT_SECRET|LABEL)$/;

const sourcesIn = (...folders: string[]) =>
  globSync(
    folders.map((folder) => `${folder}/**/*.{ts,tsx}`),
    { cwd: root, exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path) },
  ).map((path) => readFileSync(join(root, path), 'utf8'));

/** Read from the environment by tests, benchmarks and examples: `process.env.NAME`, or taken out of it by name. */
const ofTools = new Set(
  sourcesIn('test', 'bench', 'scripts', 'examples', 'apps').flatMap((source) => [
    ...[...source.matchAll(/process\.env\.(\w+)/g)].map(([, name]) => name!),
    ...[...source.matchAll(/\{([^{}]*)\} = process\.env/g)].flatMap(([, names]) => names!.match(/\b[A-Z][A-Z_]+\b/g) ?? []),
  ]),
);
const inSources = new Set(sourcesIn('packages').flatMap((source) => source.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []));
/** Read by Node, by PostgreSQL's library and by OpenTelemetry's exporter. */
const ofOthers = ['NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS', 'PGPASSWORD', 'OTEL_EXPORTER_OTLP_COMPRESSION'];

const isRead = (name: string) => settings.has(name) || providerSetting.test(name) || ofTools.has(name) || ofOthers.includes(name);

test('the names that the configuration reads are all found', () => {
  expect([...settings]).toEqual(
    expect.arrayContaining(['PORT', 'TEGATA_URL', 'TEGATA_BRAND_PAPER_DARK', 'GITHUB_API_URL', 'LOG_LEVEL']),
  );
  expect(isRead('TEGATA_SECRETS')).toBe(false);
});

test('every TEGATA_ name is a setting', () => {
  const unknown = pages.flatMap(({ path, text }) =>
    [...new Set(text.match(/\bTEGATA_[A-Z0-9_]*[A-Z0-9]\b(?![_*])/g))]
      .filter((name) => !isRead(name))
      .map((name) => `${path} ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('every other name in capitals is read from the environment, or is a word of the product', () => {
  const unknown = pages
    .filter(({ path }) => path !== 'docs/requirements.md')
    .flatMap(({ path, text, words, snippets }) => {
      const code = [...words, ...snippets.filter(({ language }) => ['sh', 'ini', 'yaml'].includes(language))].map(
        (each) => each.text,
      );
      // A shell's own variables are named where they are used.
      const own = new Set(text.match(/(?<=\$\{?)[A-Z][A-Z0-9_]*/g));
      const given = code.flatMap((each) => each.match(/(?<![\w$.])[A-Z][A-Z0-9_]*(?==)/g) ?? []);
      const named = code.flatMap((each) => each.match(/(?<![\w$])[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9](?![\w*])/g) ?? []);
      return [
        ...given.filter((name) => !isRead(name) && !own.has(name)),
        ...named.filter((name) => !isRead(name) && !own.has(name) && !inSources.has(name)),
      ].map((name) => `${path} ${name}`);
    });
  expect([...new Set(unknown)]).toEqual([]);
});
