import type { EmailAddress } from '@tegata/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deriveKeys } from './derived-keys.ts';
import { createKnownDevices } from './known-devices.ts';

const secret = 'a secret of the tests, long enough to be one';
const newSecret = 'the secret that replaces it after a rotation';
const devicesOf = (...secrets: [string, ...string[]]) => createKnownDevices(deriveKeys(secrets).ring('device-cookie'));
const { recognize, remember } = devicesOf(secret);
const address = (name: string) => `${name}@example.com` as EmailAddress;
const [ada, bob] = [address('ada'), address('bob')];

test('a browser is recognized for the address it logged in to, by the same id each time, and for no other', () => {
  const cookie = remember(undefined, ada);
  const id = recognize(cookie, ada);
  expect(id).toMatch(/^[\w-]{22}$/);
  expect(recognize(remember(cookie, ada), ada)).toBe(id);
  expect(recognize(cookie, bob)).toBeUndefined();
  expect(recognize(undefined, ada)).toBeUndefined();
});

test('two browsers of one person have different ids', () => {
  expect(recognize(remember(undefined, ada), ada)).not.toBe(recognize(remember(undefined, ada), ada));
});

test('the last five addresses are remembered, and logging in again keeps one from being forgotten', () => {
  let cookie: string | undefined;
  for (const name of ['one', 'two', 'three', 'four', 'five', 'one', 'six']) cookie = remember(cookie, address(name));
  const known = ['one', 'two', 'three', 'four', 'five', 'six'].filter((name) => recognize(cookie, address(name)));
  expect(known).toEqual(['one', 'three', 'four', 'five', 'six']);
  expect(cookie?.split('.')).toHaveLength(7);
});

test('the cookie shows no address, in the clear or as a digest that anybody could compute', () => {
  const cookie = remember(undefined, ada);
  expect(cookie).toMatch(/^v1\.[\w-]{22}\.[\w-]{22}$/);
  expect(remember(undefined, ada).split('.')[2]).not.toBe(cookie.split('.')[2]);
});

test('a MAC moved to another device is worth nothing', () => {
  const [mine, theirs] = [remember(undefined, bob), remember(undefined, ada)];
  const [version, id] = mine.split('.');
  expect(recognize([version, id, theirs.split('.')[2]].join('.'), ada)).toBeUndefined();
});

test('one changed character is enough not to be recognized', () => {
  const cookie = remember(undefined, ada);
  fc.assert(
    fc.property(fc.nat(cookie.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      fc.pre(cookie[at] !== character);
      return recognize(cookie.slice(0, at) + character + cookie.slice(at + 1), ada) === undefined;
    }),
  );
});

test('a malformed or huge cookie is ignored and replaced by a fresh one', () => {
  const good = remember(undefined, ada);
  const wrong = [
    '',
    'v1',
    'v1.',
    '.',
    'v2.a.b',
    `${good}.`,
    `${good} `,
    `${good}\n`,
    good.repeat(3),
    `v1.${'A'.repeat(1_000_000)}`,
  ];
  for (const cookie of [...wrong, good + '.AAAAAAAAAAAAAAAAAAAAAA'.repeat(5)]) {
    expect(recognize(cookie, ada)).toBeUndefined();
    expect(remember(cookie, ada)).toMatch(/^v1\.[\w-]{22}\.[\w-]{22}$/);
  }
});

test('after a change of the secret a device stays known, and its next cookie needs the new secret only', () => {
  const old = remember(undefined, ada);
  const both = devicesOf(newSecret, secret);
  const id = both.recognize(old, ada);
  expect(id).toBe(recognize(old, ada));
  const renewed = both.remember(old, ada);
  expect(devicesOf(newSecret).recognize(renewed, ada)).toBe(id);
  expect(renewed.split('.')).toHaveLength(3);
  expect(devicesOf(newSecret).recognize(old, ada)).toBeUndefined();
});
