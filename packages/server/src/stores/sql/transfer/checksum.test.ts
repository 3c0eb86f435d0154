import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSum, isSame, type Row } from './checksum.ts';

const columns = ['id', 'name', 'at'];
const sumOf = (rows: readonly Row[]) => {
  const sum = createSum(columns);
  for (const row of rows) sum.add(row);
  return sum.value();
};

const value = fc.oneof(fc.string(), fc.maxSafeInteger(), fc.constant(null));
const row = fc.record({ id: value, name: value, at: value }) as fc.Arbitrary<Row>;

test('the order of the rows makes no difference', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), fc.nat(), (rows, by) => {
      const at = rows.length === 0 ? 0 : by % rows.length;
      expect(sumOf([...rows.slice(at), ...rows.slice(0, at)].reverse())).toEqual(sumOf(rows));
    }),
  );
});

test('a changed value, a missing row and a row too many each show', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 10 }), row, (rows, other) => {
      fc.pre(JSON.stringify(rows[0]) !== JSON.stringify(other));
      expect(isSame(sumOf(rows), sumOf([other, ...rows.slice(1)]))).toBe(false);
      expect(isSame(sumOf(rows), sumOf(rows.slice(1)))).toBe(false);
      expect(isSame(sumOf(rows), sumOf([...rows, other, other]))).toBe(false);
    }),
  );
});

test('values of different kinds and columns are told apart', () => {
  const sums = [{ id: '1' }, { id: 1 }, { id: null, name: '1' }, { id: '' }, { id: 'null' }, { id: null }].map((given) =>
    sumOf([Object.assign({ id: null, name: null, at: null }, given)]),
  );
  expect(new Set(sums.map(({ checksum }) => checksum)).size).toBe(sums.length);
});

test('a value that the two databases would give differently is refused, not compared', () => {
  for (const odd of [true, 1.5, 2 ** 60, 10n, new Date(0), new Uint8Array(2), undefined]) {
    expect(() => sumOf([{ id: odd, name: null, at: null }])).toThrow('the column id holds a value that a transfer does not know');
  }
});
