import { describe, expect, test } from 'vitest';
import { keepReturn, returnAddress } from './return-to.ts';

const here = { origin: 'https://auth.example.com', allowed: ['https://app.example.com', 'http://localhost:5173'] };

describe('after a log-in it goes', () => {
  test.each([
    ['/auth/account/sessions', '/auth/account/sessions'],
    ['/orders?id=7#top', '/orders?id=7#top'],
    ['https://auth.example.com/docs', '/docs'],
    ['https://app.example.com/orders?id=7#top', 'https://app.example.com/orders?id=7#top'],
    ['HTTPS://APP.EXAMPLE.COM/', 'https://app.example.com/'],
    ['http://localhost:5173/', 'http://localhost:5173/'],
  ])('to %s', (wanted, to) => {
    expect(returnAddress(wanted, here)).toBe(to);
  });

  test.each([
    null,
    '',
    'account',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/auth/..//evil.example',
    '/%2e//evil.example',
    'https://auth.example.com//evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    ' https://evil.example',
    'https://evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https://app.example.com.evil.example/',
    'https://app.example.com@evil.example/',
    'https://user@app.example.com/',
    'http://app.example.com/',
    'https://app.example.com:8443/',
    'javascript:alert(1)',
    'JaVaScRiPt://app.example.com/%0aalert(1)',
    'data:text/html,x',
    'blob:https://app.example.com/x',
    'https://',
    'https://[',
  ])('to the account rather than to %j', (wanted) => {
    expect(returnAddress(wanted, here)).toBe('/auth/account');
  });

  test.each([
    '/auth/log-in',
    '/auth/log-in?return_to=/auth/log-in',
    '/auth/register',
    '/auth/signed-out',
    '/auth/callback/google',
    'https://auth.example.com/auth/log-in',
  ])('never in a circle by %s', (wanted) => {
    expect(returnAddress(wanted, here)).toBe('/auth/account');
  });
});

test('links between the pages keep where it all leads, and nothing else', () => {
  expect(keepReturn('/auth/register', '?return_to=%2Forders%3Fid%3D7&token=x')).toBe(
    '/auth/register?return_to=%2Forders%3Fid%3D7',
  );
  expect(keepReturn('/auth/register', '?lang=ja')).toBe('/auth/register');
});
