/** For tests only: rows to start from, and the suites that every store backend must pass. */
export * from './store-contract/index.ts';
export * from './test-data.ts';
