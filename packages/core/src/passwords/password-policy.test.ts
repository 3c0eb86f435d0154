import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseEmailAddress } from '../emails/email-address.ts';
import { checkPassword, maxPasswordBytes, minPasswordLength, type PasswordProblem } from './password-policy.ts';

// biome-ignore lint/style/noProcessEnv: how long to search is asked from outside
const numRuns = Number(process.env.PROPERTY_RUNS ?? 500);

const bytes = (text: string) => new TextEncoder().encode(text).length;
const emails = ['augusta.ada@example.com', "o'brien-1815@bücher.example"].map((text) => parseEmailAddress(text)!);
const common = new Set(['password', '12345678', 'qwertyuiop']);
const check = (password: string, { maxBytes = maxPasswordBytes, isCommon = (text: string) => common.has(text) } = {}) =>
  checkPassword(password, { emails, maxBytes, isCommon });

describe('accepted', () => {
  test.each([
    ['8 characters', 'abcdefgh'],
    ['8 code points of emoji', '😀😁😂🤣😃😄😅😆'],
    ['only lower case', 'correcthorsebatterystaple'],
    ['only digits', '8406159273'],
    ['only spaces', '        '],
    ['spaces around a word', '  tegata  '],
    ['combining marks, each one a code point', 'e\u0301e\u0301e\u0301e\u0301'],
    ['a NUL within', 'abc\0defg'],
    ['a line break', 'abc\ndefgh'],
    ['Japanese', 'ひらがなのあいことば'],
    ['256 bytes', 'x'.repeat(256)],
    ['64 characters of four bytes, 256 in all', '😀'.repeat(64)],
    ['a passphrase that contains a common one', 'password of my garden'],
    ['a common one in other letters than the list has', 'PASSWORD'],
    ['a passphrase that contains the local part', 'my augusta.ada pass'],
    ["somebody else's address", 'grace@example.com'],
    ['the domain of the address', 'example.com'],
  ])('%s', (_, password) => {
    expect(check(password)).toBeUndefined();
  });

  test.each(['Password123!', 'NewPassword123!'])('%s, while the list of common passwords lacks it', (password) => {
    expect(check(password)).toBeUndefined();
    expect(check(password, { isCommon: (text) => text === password })).toBe('too_common');
  });
});

describe('refused', () => {
  test.each<[PasswordProblem, string, string]>([
    ['too_short', 'nothing', ''],
    ['too_short', '7 characters', 'abcdefg'],
    ['too_short', '7 emoji, in 14 UTF-16 units and 28 bytes', '😀😁😂🤣😃😄😅'],
    ['too_long', '257 bytes', 'x'.repeat(257)],
    ['too_long', '65 emoji, 260 bytes', '😀'.repeat(65)],
    ['too_long', 'a megabyte', 'x'.repeat(1_000_000)],
    ['too_common', 'a password of the list', 'password'],
    ['same_as_email', 'the address', 'augusta.ada@example.com'],
    ['same_as_email', 'the address in capitals', 'AUGUSTA.ADA@EXAMPLE.COM'],
    ['same_as_email', 'the local part', 'augusta.ada'],
    ['same_as_email', 'the local part in capitals', 'Augusta.Ada'],
    ['same_as_email', "another of the person's addresses, as people read it", "o'brien-1815@bücher.example"],
    ['same_as_email', 'and as it is stored', "O'Brien-1815@xn--bcher-kva.example"],
    ['same_as_email', 'and its local part', "O'BRIEN-1815"],
    ['not_text', 'half a surrogate pair', 'abcdefgh\uD83D'],
    ['not_text', 'the other half', '\uDE00abcdefgh'],
    ['not_text', 'the halves in the wrong order', 'abcdefgh\uDE00\uD83D'],
  ])('%s: %s', (problem, _, password) => {
    expect(check(password)).toBe(problem);
  });
});

describe('a hash that takes fewer bytes', () => {
  it('takes 72 bytes and not 73, however few characters they are', () => {
    expect(check('x'.repeat(72), { maxBytes: 72 })).toBeUndefined();
    expect(check('x'.repeat(73), { maxBytes: 72 })).toBe('too_long');
    expect(check('例'.repeat(24), { maxBytes: 72 })).toBeUndefined();
    expect(check(`${'例'.repeat(24)}!`, { maxBytes: 72 })).toBe('too_long');
  });

  it('cannot raise the maximum', () => {
    expect(check('x'.repeat(257), { maxBytes: 1024 })).toBe('too_long');
  });
});

describe('for any text', () => {
  const password = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.string({ minLength: 240, maxLength: 270 }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 20 }),
  );

  it('length is the only rule that does not look at a list', () => {
    fc.assert(
      fc.property(password, fc.constantFrom(72, 256), (text, maxBytes) => {
        const problem = check(text, { maxBytes, isCommon: () => false });
        const fits = text.isWellFormed() && [...text].length >= minPasswordLength && bytes(text) <= maxBytes;
        expect(problem === undefined).toBe(fits);
      }),
      { numRuns },
    );
  });

  it('two different accepted passwords differ in their bytes', () => {
    const ending = fc.constantFrom('', '\uD800', '\uDFFF', '\uFFFD', '\0', ' ', 'e\u0301', 'é', 'a', 'A');
    fc.assert(
      fc.property(password, ending, ending, (text, one, other) => {
        fc.pre(one !== other && check(text + one) === undefined && check(text + other) === undefined);
        expect(Buffer.from(text + one).equals(Buffer.from(text + other))).toBe(false);
      }),
      { numRuns },
    );
  });

  it('the list is asked for exactly what was typed', () => {
    fc.assert(
      fc.property(password, (text) => {
        const asked: string[] = [];
        check(text, { isCommon: (candidate) => asked.push(candidate) > 0 });
        expect(asked.every((candidate) => candidate === text)).toBe(true);
      }),
      { numRuns },
    );
  });
});
