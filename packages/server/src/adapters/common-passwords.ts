// Whether a password is one of the 49 000 most used ones of public leaks, as @zxcvbn-ts/language-common (MIT) lists
// them.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Policy refuses shorter ones for their length; and only something shorter could match between two entries of the text. */
const shortestChecked = 8;

/**
 * The list is a JSON file, read at the first question and searched as it stands, quotes included: 3 ms and half a
 * megabyte once and 0.2 ms for each question, where importing the package and making a Set of it costs 50 ms and 20 MB.
 */
export const createCommonPasswords = (): ((password: string) => boolean) => {
  let list: string | undefined;
  return (password) => {
    const folded = password.normalize('NFKC').toLowerCase();
    if ([...folded].length < shortestChecked) return false;
    list ??= readFileSync(createRequire(import.meta.url).resolve('@zxcvbn-ts/language-common/src/passwords.json'), 'utf8');
    return list.includes(JSON.stringify(folded));
  };
};
