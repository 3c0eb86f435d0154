import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './test/closing-line.ts'],
    // Hashing is the slow part of most journeys and the machine may have two cores: more workers only queue up behind it.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/faults/**', 'test/browser/**', '**/node_modules/**'],
          // No test replaces a module, so the files of one worker may share what they import.
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/browser/browser-setup.ts'],
          testTimeout: 120_000,
        },
      },
      { test: { name: 'faults', include: ['test/faults/**/*.test.ts'], testTimeout: 240_000, fileParallelism: false } },
    ],
  },
});
