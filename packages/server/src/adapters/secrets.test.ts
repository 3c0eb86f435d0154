import type { EmailAddress } from '@tegata/core';
import { expect, test } from 'vitest';
import { deriveKeys } from './derived-keys.ts';
import { createSecrets } from './secrets.ts';

const keys = deriveKeys(['a secret of the tests, long enough to be one']);
const start = Date.UTC(2026, 0, 1);
const secretsAt = (clock: () => number) => createSecrets(keys, clock);
const ada = 'ada@example.com' as EmailAddress;

test('an id is a UUID of version 7 that carries the time of the given clock', () => {
  const id = secretsAt(() => start).uuid();
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(start);
});

test('ids sort in the order they were made: within one millisecond, over many, and when the clock steps back', () => {
  let now = start;
  const { uuid } = secretsAt(() => now);
  const ids: string[] = [];
  for (const step of [0, 1, -3_600_000, 3_600_001, 50]) {
    now += step;
    for (let i = 0; i < 5000; i += 1) ids.push(uuid());
  }
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a token has 256 bits and never comes twice', () => {
  const { token } = secretsAt(() => start);
  const tokens = Array.from({ length: 10_000 }, token);
  expect(new Set(tokens).size).toBe(10_000);
  expect(tokens.every((text) => /^[\w-]{43}$/.test(text) && Buffer.from(text, 'base64url').length === 32)).toBe(true);
});

test('every bit of a token is set half of the time', () => {
  const { token } = secretsAt(() => start);
  const counts = new Array<number>(256).fill(0);
  const rounds = 10_000;
  for (let i = 0; i < rounds; i += 1) {
    const bytes = Buffer.from(token(), 'base64url');
    for (let bit = 0; bit < 256; bit += 1) counts[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1;
  }
  // Six standard deviations: a fair source fails once in two million runs.
  expect(counts.every((count) => Math.abs(count - rounds / 2) < 6 * Math.sqrt(rounds / 4))).toBe(true);
});

test('a code has six digits, leading zeros included, and each digit is as likely as the others in every place', () => {
  const { code } = secretsAt(() => start);
  const codes = Array.from({ length: 50_000 }, code);
  expect(codes.every((text) => /^\d{6}$/.test(text))).toBe(true);
  for (let place = 0; place < 6; place += 1) {
    const counts = new Array<number>(10).fill(0);
    for (const text of codes) counts[Number(text[place])]! += 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 5000) ** 2 / 5000, 0);
    // Nine degrees of freedom; 50 is exceeded by chance once in ten million runs.
    expect(chiSquare).toBeLessThan(50);
  }
});

test('the digest of a token is its SHA-256', () => {
  expect(secretsAt(() => start).digestToken('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
});

test('the digest of a code is bound to the address and to the secret of the server', () => {
  const { digestCode } = secretsAt(() => start);
  const others = createSecrets(deriveKeys(['quite another secret, equally long as that']), () => start);
  expect(digestCode('123456', ada)).toBe(digestCode('123456', ada));
  const digests = [
    digestCode('123456', ada),
    digestCode('123457', ada),
    digestCode('123456', 'bob@example.com' as EmailAddress),
    digestCode('6', 'ada@example.com12345' as EmailAddress),
    others.digestCode('123456', ada),
    secretsAt(() => start).digestToken('123456'),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});

test('a code of an earlier secret is still known, and any other is not', () => {
  const earlier = 'quite another secret, equally long as that';
  const digest = createSecrets(deriveKeys([earlier]), () => start).digestCode('123456', ada);
  const both = createSecrets(deriveKeys(['a secret of the tests, long enough to be one', earlier]), () => start);
  for (const own of [digest, both.digestCode('123456', ada)]) expect(both.isDigestOfCode(own, '123456', ada)).toBe(true);
  expect(both.isDigestOfCode(digest, '123457', ada)).toBe(false);
  expect(both.isDigestOfCode(digest, '123456', 'bob@example.com' as EmailAddress)).toBe(false);
  expect(both.isDigestOfCode('' as typeof digest, '123456', ada)).toBe(false);
  expect(secretsAt(() => start).isDigestOfCode(digest, '123456', ada)).toBe(false);
});
