import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The text of a file of public test data, or undefined where `CORPORA_DIR` names no folder. Nothing of it is in the
 * repository: a test that wants it says what it tries instead, and a run that tries less than it could says so aloud.
 */
export const readCorpus = (file: string, instead: string): string | undefined => {
  const { CORPORA_DIR } = process.env;
  if (CORPORA_DIR) return readFileSync(join(CORPORA_DIR, file), 'utf8');
  // biome-ignore lint/suspicious/noConsole: whoever runs the tests must see that less was tried.
  console.warn(`CORPORA_DIR is not set: without ${file}, ${instead}.`);
  return undefined;
};
