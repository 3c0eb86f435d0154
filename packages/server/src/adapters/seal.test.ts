import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deriveKeys } from './derived-keys.ts';
import { createSeal } from './seal.ts';

const secret = 'a secret of the tests, long enough to be one';
const newSecret = 'the secret that replaces it after a rotation';
const sealOf = (...secrets: [string, ...string[]]) => createSeal(deriveKeys(secrets).ring('outbox'));

test('what was sealed opens again, whatever the text', () => {
  const { seal, open } = sealOf(secret);
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => open(seal(text)) === text));
});

test('equal texts look different sealed, and nothing of them shows', () => {
  const { seal } = sealOf(secret);
  const text = 'reset link: https://auth.example.com/reset#token';
  expect(seal(text)).not.toBe(seal(text));
  expect(Buffer.from(seal(text).split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain('reset');
});

test('one changed character anywhere keeps it shut', () => {
  const { seal, open } = sealOf(secret);
  const sealed = seal('a one-time token');
  // The last character carries unused bits, which change no byte.
  fc.assert(
    fc.property(fc.nat(sealed.length - 2), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      fc.pre(sealed[at] !== character);
      expect(() => open(sealed.slice(0, at) + character + sealed.slice(at + 1))).toThrow();
    }),
  );
});

test('a truncated, empty or foreign text does not open', () => {
  const { seal, open } = sealOf(secret);
  const sealed = seal('text');
  for (const wrong of [
    '',
    'text',
    'v1',
    'v1..',
    'v1.kid.',
    sealed.slice(0, -2),
    sealed.slice(0, 20),
    sealed.replace('v1', 'v2'),
  ]) {
    expect(() => open(wrong)).toThrow(Error);
  }
});

test('after a change of the secret, new texts use the new key and old ones still open until the old secret is dropped', () => {
  const old = sealOf(secret).seal('an old mail');
  const both = sealOf(newSecret, secret);
  expect(both.open(old)).toBe('an old mail');
  expect(sealOf(newSecret).open(both.seal('a new mail'))).toBe('a new mail');
  expect(() => sealOf(newSecret).open(old)).toThrow(/of no secret this server knows/);
});

test('a text sealed under the id of another key of the ring does not open', () => {
  const both = sealOf(newSecret, secret);
  const [newKid, oldKid] = [newSecret, secret].map((of) => deriveKeys([of]).current('outbox').kid);
  expect(() => both.open(both.seal('text').replace(String(newKid), String(oldKid)))).toThrow();
});
