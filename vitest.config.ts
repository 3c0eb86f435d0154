import { existsSync, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** What has to do with the database, and so is tried on each of them. */
const journeys = [
  ...['standard', 'cookie', 'bearer', 'organization', 'http', 'properties', 'oauth', 'verifier'].map(
    (folder) => `test/${folder}/**/*.test.ts`,
  ),
  'test/cli/users.test.ts',
  'test/cli/import.test.ts',
];
const withoutDatabase = ['docs', 'openapi', 'methods', 'language', 'cors', 'embedded', 'secrets'].map(
  (name) => `test/http/${name}.test.ts`,
);

/** The real command line and the examples, each in processes of its own: slower than the rest, and not in the quick tests. */
const processes = [
  'test/cli/**/*.test.ts',
  'test/embedding/**/*.test.ts',
  'test/verifier/{examples,services}.test.ts',
  'test/documentation/{typescript,walks}.test.ts',
];
/** Faults that have nothing to do with how fast anything is, and wait a lot. The others have the machine to themselves. */
const faultsInPairs = [
  'clock',
  'packages',
  'pooling-proxy',
  'restore',
  'smtp-outage',
  'sqlite-trouble',
  'transfer',
  'workers',
].map((name) => `test/faults/${name}.test.ts`);
const withRedis = ['packages/server/src/stores/redis/*.test.ts', 'test/cli/redis.test.ts'];

/** Attacks that measure time or memory, or keep every core busy by themselves: nothing may run beside them. */
const attacksAlone = ['enumeration', 'fuzz', 'lockout', 'oversize', 'raw-http', 'revocation', 'slow'].map(
  (name) => `test/attack/${name}.test.ts`,
);

/** No attack cuts the power, so that their databases need no disk, where memory passes for a folder and there is enough of it. */
const inMemory = (folder = '/dev/shm'): Record<string, string> => {
  const free = existsSync(folder) ? statfsSync(folder) : { bavail: 0, bsize: 0 };
  return free.bavail * free.bsize > 4e9 ? { TMPDIR: folder } : {};
};

/** On a busy machine of a CI a whole run is not lost to one late answer. A wrong answer fails at once, above all in a race. */
const retry = process.env.CI ? { count: 1, condition: /timed out/i } : 0;
/** What a browser shows when is not in a test's hands alone. */
const retryInBrowser = process.env.CI ? 1 : 0;

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
          exclude: [
            'test/faults/**',
            'test/attack/**',
            'test/postgres/**',
            'test/browser/**',
            ...processes,
            ...withRedis,
            '**/node_modules/**',
          ],
          provide: { backend: 'sqlite' },
          // No test replaces a module, so the files of one worker may share what they import.
          isolate: false,
          testTimeout: 20_000,
          retry,
        },
      },
      {
        test: {
          name: 'processes',
          include: processes,
          exclude: withRedis,
          provide: { backend: 'sqlite' },
          testTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          name: 'postgres',
          include: ['test/postgres/**/*.test.ts', ...journeys],
          exclude: withoutDatabase,
          provide: { backend: 'postgres' },
          globalSetup: './test/services/postgres-setup.ts',
          isolate: false,
          testTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          name: 'redis',
          include: [...withRedis, ...journeys],
          exclude: withoutDatabase,
          provide: { backend: 'postgres+redis' },
          globalSetup: ['./test/services/postgres-setup.ts', './test/services/redis-setup.ts'],
          isolate: false,
          testTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          name: 'attack',
          include: ['test/attack/**/*.test.ts'],
          exclude: attacksAlone,
          provide: { backend: 'sqlite' },
          env: inMemory(),
          testTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'attack-alone',
          include: attacksAlone,
          provide: { backend: 'sqlite' },
          env: inMemory(),
          testTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          exclude: faultsInPairs,
          provide: { backend: 'sqlite' },
          testTimeout: 240_000,
          // Never tried again: a race that is lost once is lost.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'faults-in-pairs',
          include: faultsInPairs,
          provide: { backend: 'sqlite' },
          testTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          provide: { backend: 'sqlite' },
          globalSetup: ['test/browser/browser-setup.ts'],
          testTimeout: 120_000,
          retry: retryInBrowser,
        },
      },
    ],
  },
});
