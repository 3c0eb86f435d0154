/**
 * What a backend gives to the suites of this folder. Each suite registers its tests for one port, and every test opens
 * stores of its own: empty ones.
 */
import { it } from 'vitest';
import type { AuditEvent } from '../../audit/audit-event.ts';
import type { Deps, Stores } from '../../deps.ts';

export type StoresUnderTest = { stores: Stores; atomically: Deps['atomically']; close: () => Promise<void> };

/** Hears of what was committed. */
export type CommitHooks = { audit: (event: AuditEvent) => void; outboxAdded: () => void };

export type OpenStores = (onCommitted?: CommitHooks) => Promise<StoresUnderTest>;

/** `it`, with stores that are opened before the test and closed after it. */
export const storeTest =
  (open: OpenStores) =>
  (sentence: string, test: (opened: StoresUnderTest) => Promise<void>): void =>
    it(sentence, async () => {
      const opened = await open();
      try {
        await test(opened);
      } finally {
        await opened.close();
      }
    });

/** Starts `count` calls at once and waits for all of them. */
export const inParallel = <Value>(count: number, call: (index: number) => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));

/** How many calls said that they were the one. */
export const winners = (answers: boolean[]): number => answers.filter(Boolean).length;
