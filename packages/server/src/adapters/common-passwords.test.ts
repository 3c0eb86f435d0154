import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { createCommonPasswords } from './common-passwords.ts';

const isCommon = createCommonPasswords();

test.each(['password123', '12345678', 'qwertyuiop', 'PASSWORD123', 'Password123', 'iloveyou', 'ｐａｓｓｗｏｒｄ１２３'])(
  'refuses %s',
  (password) => {
    expect(isCommon(password)).toBe(true);
  },
);

test.each([
  'Password123!',
  'NewPassword123!',
  'correct horse battery staple',
  'my password123',
  'password123 ',
  'パスワードです！',
])('takes %s', (password) => {
  expect(isCommon(password)).toBe(false);
});

test.each([
  '","',
  '["123456"',
  '"password123"',
  'password","12345678',
  '\\u0070assword123',
  '\ud800\ud800\ud800\ud800\ud800\ud800\ud800\ud800',
])('takes %j, which only looks like a piece of the list', (password) => {
  expect(isCommon(password)).toBe(false);
});

test('says nothing about passwords that are too short anyway', () => {
  expect(isCommon('123456')).toBe(false);
  expect(isCommon('password')).toBe(true);
});

test('knows every entry of the list that is long enough, in any case of letters', () => {
  // Read as the package offers it, not as the adapter does.
  const { dictionary } = createRequire(import.meta.url)('@zxcvbn-ts/language-common');
  const list: string[] = dictionary['passwords-common'];
  const longEnough = list.filter((entry) => [...entry].length >= 8);
  expect(longEnough.length).toBeGreaterThan(15_000);
  const sample = longEnough.filter((_, index) => index < 3000 || index % 29 === 0);
  expect(sample.filter((entry) => !isCommon(entry) || !isCommon(entry.toUpperCase()))).toEqual([]);
});
