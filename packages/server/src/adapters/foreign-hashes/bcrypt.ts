import { randomBytes } from 'node:crypto';
import bcrypt from 'bcrypt';
import type { HashFormat } from './foreign-hash.ts';

// bcrypt in its own notation. Costs below 10 are wrapped, those above 14 take more than a second.

const notation = /^(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{22})([./A-Za-z0-9]{31})?$/;
export const mostBcryptCost = 14;

/**
 * bcrypt reads 72 bytes and drops the rest; and since it repeats the password with a NUL after it, `ab` and `ab\0ab`
 * have one hash. Such passwords never verify against a bcrypt hash.
 */
export const bcryptReadsItWhole = (password: string): boolean => Buffer.byteLength(password) <= 72 && !password.includes('\0');

export const bcryptFormat: HashFormat = {
  matches: (hash) => /^\$2[aby]\$/.test(hash),
  read: (hash) => {
    const [, recipe, costText, digest = ''] = notation.exec(hash) ?? [];
    const cost = Number(costText);
    if (recipe === undefined || cost < 4 || cost > 31) return undefined;
    return {
      recipe,
      digest: Buffer.from(digest),
      cost: cost > mostBcryptCost ? 'too_costly' : cost < 10 ? 'weak' : 'fair',
      derive: async (password) => {
        if (!bcryptReadsItWhole(password)) return randomBytes(31);
        // The C code does not know PHP's name for what is otherwise `$2b$`.
        return Buffer.from((await bcrypt.hash(password, recipe.replace('$2y$', '$2b$'))).slice(recipe.length));
      },
    };
  },
};
