import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureStatus, finishConnectionReasons } from '@tegata/contract';
import { describe, expect, test } from 'vitest';
import { composeApp } from '../packages/server/src/compose.ts';
import { parseConfig } from '../packages/server/src/config/parse-config.ts';
import { settingNames, settings } from '../packages/server/src/config/settings.ts';
import { contracts } from '../packages/server/src/http/app.ts';
import { whatIsRead } from '../scripts/reference/configuration.ts';
import { besideTheContracts } from '../scripts/reference/endpoints.ts';
import { reasons } from '../scripts/reference/failures.ts';
import { referencePages, writtenPages } from '../scripts/reference.ts';
import { startServer } from './server.ts';

const root = join(import.meta.dirname, '..');

test('docs/reference is what the code says', () => {
  const [written, current] = [writtenPages(), referencePages()];
  expect(Object.keys(written).sort(), 'run npm run docs:reference').toEqual(Object.keys(current).sort());
  for (const [name, page] of Object.entries(current)) {
    expect(written[name] === page, `docs/reference/${name} is stale: run npm run docs:reference`).toBe(true);
  }
});

describe('settings', () => {
  test('every one that is read has a meaning, and every meaning is of one that is read', () => {
    const read = new Set(
      [...whatIsRead(), ...whatIsRead({ NODE_ENV: 'production', REDIS_URL: 'redis://host' })].map(([name]) => name),
    );
    expect([...read].sort()).toEqual([...settingNames].sort());
  });

  test('what is said about an unset one is true: setting it to that changes nothing', () => {
    const groups = Object.values(settings).flatMap((group) => Object.entries(group));
    const read = whatIsRead();
    const tried = groups.flatMap(([name, { unset }]) => {
      const value = unset === undefined ? read.get(name)?.fallback : /^`([^`]+)`$/.exec(unset)?.[1];
      return value === undefined ? [] : [[name, value] as const];
    });
    expect(tried.length).toBeGreaterThan(35);
    for (const [name, value] of tried) expect(parseConfig({ [name]: value }), name).toEqual(parseConfig({}));
  });

  test('one that is not the same everywhere says so in words', () => {
    const [here, there] = [whatIsRead(), whatIsRead({ NODE_ENV: 'production', REDIS_URL: 'redis://host', TEGATA_WORKERS: '64' })];
    const different = [...here].filter(([name, { fallback }]) => there.get(name)?.fallback !== fallback).map(([name]) => name);
    expect(different).toEqual(expect.arrayContaining(['LOG_LEVEL', 'TEGATA_SESSION_STORE']));
    const words = Object.fromEntries(Object.values(settings).flatMap((group) => Object.entries(group)));
    for (const name of different) expect(words[name]?.unset, name).toMatch(/\w/);
  });
});

test('every path that is served is in the reference, those beside the contracts and the pages too', async () => {
  const server = await startServer();
  const documented = new Set([
    ...Object.keys(besideTheContracts),
    ...contracts.flatMap((contract) =>
      Object.entries(contract.openapi().paths).flatMap(([path, methods]) =>
        Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
      ),
    ),
  ]);
  const setups = ['standard,cookie,bearer', 'standard,organization'].map((TEGATA_CONTRACTS) =>
    composeApp(parseConfig({ TEGATA_DATA_DIR: server.dataDir, TEGATA_CONTRACTS, TEGATA_PAGES: 'off' }), server.engine, {
      isStopping: () => false,
    }),
  );
  const served = setups.flatMap(({ routes }) =>
    routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`),
  );
  const known = (call: string) =>
    documented.has(call) ||
    // The name of a provider was forgotten; a caller is told so. And what the few plain pages are drawn with.
    /^POST \/(api\/v1\/)?(api\/)?auth\/oauth\/?$/.test(call) ||
    /^GET \/auth\/(pages\.css|theme\.css|logo)$/.test(call);
  expect(served.length).toBeGreaterThan(60);
  expect(served.filter((call) => !known(call))).toEqual([]);
});

test('every reason that the standard contract gives is explained, under the code that it has there', () => {
  const files = globSync('packages/server/src/http/contracts/standard/*.ts', { cwd: root });
  const source = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  const given = [...source.matchAll(/code: '(\w+)',\s+text: '\w+',\s+reason: '(\w+)'/g)].map(
    ([, code, reason]) => [code!, reason!] as const,
  );
  expect(given.length).toBeGreaterThan(18);
  expect([...source.matchAll(/reason: '(\w+)'/g)]).toHaveLength(given.length);
  for (const [code, reason] of given) expect(reasons[reason as keyof typeof reasons]?.[0], reason).toContain(code);
  for (const reason of finishConnectionReasons) expect(reasons).toHaveProperty(reason);
  for (const [codes] of Object.values(reasons)) for (const code of codes) expect(failureStatus).toHaveProperty(code);
});
