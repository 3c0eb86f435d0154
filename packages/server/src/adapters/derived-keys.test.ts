import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { deriveKeys, type KeyLabel } from './derived-keys.ts';

const secret = 'a secret of the tests, long enough to be one';
const labels: KeyLabel[] = ['access-token', 'refresh-token', 'outbox', 'device-cookie', 'one-time-code', 'lockout-subject'];
const bytesOf = (label: KeyLabel, of = secret) => deriveKeys([of]).current(label).key.export().toString('hex');

test('every purpose has its own 256-bit key and key id', () => {
  const keys = labels.map((label) => bytesOf(label));
  expect(new Set(keys).size).toBe(labels.length);
  expect(keys.every((key) => /^[0-9a-f]{64}$/.test(key))).toBe(true);
  expect(new Set(labels.map((label) => deriveKeys([secret]).current(label).kid)).size).toBe(labels.length);
});

test('the same secret gives the same keys in every process, another secret gives others', () => {
  expect(bytesOf('outbox')).toBe(bytesOf('outbox'));
  expect(bytesOf('outbox')).not.toBe(bytesOf('outbox', `${secret}!`));
});

test('the derivation never changes: what is sealed or signed today opens after every upgrade', () => {
  expect(bytesOf('access-token')).toBe('353492cf42230d62d9511019d928102cd205a134aecea88e1a99a7ed76aaa953');
  expect(deriveKeys([secret]).current('access-token').kid).toBe('hFKPFCBcYNWn');
});

test('a ring holds the current key first and those of earlier secrets behind it', () => {
  const earlier = 'the secret before that one, which still verifies';
  const ring = deriveKeys([secret, earlier]).ring('access-token');
  const kidOf = (of: string) => deriveKeys([of]).current('access-token').kid;
  expect(ring.map(({ kid }) => kid)).toEqual([kidOf(secret), kidOf(earlier)]);
});

test('printing or serializing a key shows no key', () => {
  const key = deriveKeys([secret]).current('outbox');
  const shown = inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key);
  expect(shown).not.toContain(bytesOf('outbox'));
  expect(shown).not.toContain(Buffer.from(bytesOf('outbox'), 'hex').toString('base64url'));
});
