// Whether two tables hold the same rows, whatever order they are read in: the sum of a digest of each row. Equal rows are
// counted as often as they occur, which an exclusive or would not do.

import { createHash } from 'node:crypto';

export type Row = Record<string, unknown>;
export type Sum = { rows: number; checksum: string };

const modulus = 2n ** 128n;

export const createSum = (columns: readonly string[]) => {
  let rows = 0;
  let total = 0n;
  return {
    add: (row: Row): void => {
      const values = JSON.stringify(columns.map((column) => plain(row[column], column)));
      const digest = createHash('sha256').update(values).digest('hex');
      rows += 1;
      total = (total + BigInt(`0x${digest.slice(0, 32)}`)) % modulus;
    },
    value: (): Sum => ({ rows, checksum: total.toString(16).padStart(32, '0') }),
  };
};

/** Both databases give texts, numbers and null for all that the schema has; anything else would be compared wrongly. */
const plain = (value: unknown, column: string): string | number | null => {
  if (value === null || typeof value === 'string' || Number.isSafeInteger(value)) return value as string | number | null;
  throw new Error(`the column ${column} holds a value that a transfer does not know: ${typeof value}`);
};

export const isSame = (a: Sum, b: Sum): boolean => a.rows === b.rows && a.checksum === b.checksum;
