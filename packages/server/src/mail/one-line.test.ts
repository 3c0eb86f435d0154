import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneLine, personName } from './one-line.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });

describe('text from strangers on one line', () => {
  it('never holds a line break, a control, bidirectional or invisible character, or half a character', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const line = personName(text);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(line.replaceAll(/[\u200c\u200d]/gu, '')).not.toMatch(/\p{Cf}/u);
        expect(line.isWellFormed()).toBe(true);
        expect(line).toBe(line.trim());
      }),
      { numRuns: 500 },
    );
  });

  it('takes a subject apart from the header that somebody wanted to add', () => {
    expect(oneLine('Ada\r\nBcc: everybody@example.com')).toBe('Ada Bcc: everybody@example.com');
    expect(oneLine('Ada\u2028\u0085Love\u0000lace')).toBe('Ada Love lace');
  });

  it('removes characters that reverse what is read', () => {
    expect(oneLine('\u202egnp.exe\u2066x\u2069')).toBe('gnp.exex');
  });

  it.each([
    'Ada Lovelace',
    '山田 花子',
    "Siobhán O'Brien",
    'J. R. R. Tolkien',
    'नेहा शर्मा',
    'علی‌رضا',
    '👩‍💻 Dev',
    'A <b>bold</b> one',
  ])('leaves the name %s as it is', (name) => {
    expect(personName(name)).toBe(name);
  });

  it('leaves nothing in a name that a mail program would turn into a link', () => {
    expect(personName('Prize: https://evil.example/win')).toBe('Prize: https: //evil. example/win');
    expect(personName('www.evil.example')).toBe('www. evil. example');
    expect(personName('write to me@evil.example')).toBe('write to me@ evil. example');
  });
});
