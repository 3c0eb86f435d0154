import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startServerProcess, temporaryFolder } from '../server-process.ts';

/** The packages of which a server had loaded anything when it ended, as V8 knows it. */
const packagesLoadedBy = async (settings: Record<string, string>): Promise<Set<string>> => {
  const folder = await temporaryFolder();
  const server = await startServerProcess({ TEGATA_DATA_DIR: await temporaryFolder(), NODE_V8_COVERAGE: folder, ...settings });
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  await server.stop();
  const packages = new Set<string>();
  for (const file of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, file), 'utf8')) as { result: { url: string }[] };
    for (const { url } of result) packages.add(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? 'tegata');
  }
  return packages;
};

test('a server loads what it uses, and not what its settings do not ask for', async () => {
  const usual = await packagesLoadedBy({});
  expect(usual).toContain('kysely');
  for (const unused of ['pg', 'redis', '@redis/client', 'nodemailer', 'openid-client', '@opentelemetry/sdk-trace']) {
    expect(usual).not.toContain(unused);
  }
  const asked = await packagesLoadedBy({
    GITHUB_CLIENT_ID: 'tegata',
    GITHUB_CLIENT_SECRET: 'only-for-tests',
    SMTP_URL: 'smtp://127.0.0.1:1',
  });
  expect(asked).toContain('openid-client');
  expect(asked).toContain('nodemailer');
});
