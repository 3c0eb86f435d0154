import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { findOrInstall, install } from '../services/find-or-install.ts';

// Before the browser tests: one Chromium for all of them, a font that can show Japanese, and the pages as they are now.

declare module 'vitest' {
  export interface ProvidedContext {
    browserEndpoint: string;
  }
}

const run = promisify(execFile);

export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const [executablePath] = await Promise.all([
    findOrInstall({ program: 'chromium', debianPackage: 'chromium', folders: () => ['/usr/bin'] }).then(async (found) => {
      await haveJapaneseFont();
      return found;
    }),
    run(process.execPath, [fileURLToPath(new URL('../../apps/pages/build.ts', import.meta.url))]),
  ]);
  // A server makes a fresh profile for itself. The flags keep Chromium from talking to anybody but the server under test.
  const server = await chromium.launchServer({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  provide('browserEndpoint', server.wsEndpoint());
  return () => server.close();
};

/** Without one the tests still hold, but the screenshots of Japanese pages would show boxes. */
const haveJapaneseFont = async () => {
  const fonts = await run('fc-list', [':lang=ja', 'family']).then(
    ({ stdout }) => stdout,
    () => '',
  );
  if (fonts.trim() === '') await install('fonts-noto-cjk');
};
