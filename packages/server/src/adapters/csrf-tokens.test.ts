import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCsrfTokens } from './csrf-tokens.ts';
import { deriveKeys } from './derived-keys.ts';

const today = 'a secret of today, with enough of everything 1';
const earlier = 'a secret of earlier, with enough of everything 2';
const tokensOf = (...secrets: [string, ...string[]]) => createCsrfTokens(deriveKeys(secrets).ring('csrf'));
const tokens = tokensOf(today);

test('a token is good for its session and for no other', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (session, other) => {
      const token = tokens.issue(session);
      expect(token).toMatch(/^[\w-]{22}\.[\w-]{43}$/);
      expect(tokens.verify(token, session)).toBe(true);
      expect(tokens.verify(token, other)).toBe(session === other);
    }),
  );
});

test('whatever character is changed, the token is another one and no good', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=';
  const token = tokens.issue('session');
  for (let at = 0; at < token.length; at += 1) {
    for (const character of alphabet) {
      if (character === token[at]) continue;
      expect(tokens.verify(token.slice(0, at) + character + token.slice(at + 1), 'session')).toBe(false);
    }
  }
  for (const other of [`${token}A`, `${token}=`, ` ${token}`, `${token}\n`, token.slice(0, -1)]) {
    expect(tokens.verify(other, 'session')).toBe(false);
  }
});

test('no text that was not issued is good', () => {
  const mac = fc.stringMatching(/^[\w-]{22}\.[\w-]{43}$/);
  fc.assert(fc.property(fc.oneof(fc.string(), mac), (text) => !tokens.verify(text, 'session')));
});

test('no two are alike, and all of them stay good', () => {
  const issued = Array.from({ length: 1000 }, () => tokens.issue('session'));
  expect(new Set(issued).size).toBe(1000);
  expect(issued.every((token) => tokens.verify(token, 'session'))).toBe(true);
});

test('a token by an earlier secret is good while that one is still known, and only then', () => {
  const token = tokensOf(earlier).issue('session');
  expect(tokensOf(today, earlier).verify(token, 'session')).toBe(true);
  expect(tokens.verify(token, 'session')).toBe(false);
  expect(tokensOf(earlier).verify(tokensOf(today, earlier).issue('session'), 'session')).toBe(false);
});
