import { finishConnectionReasons } from '@tegata/contract';
import { describe, expect, test } from 'vitest';
import { deviceOf, isLocalNetwork } from './device-in-words.ts';
import { strengthOf } from './password-strength.ts';
import { findRoute, routes } from './routes.ts';
import { en } from './texts/en.ts';
import { ja } from './texts/ja.ts';
import { agoIn, durationIn } from './time-in-words.ts';

describe('a device in words', () => {
  test.each([
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
      'Chrome',
      'macOS',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0',
      'Edge',
      'Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
      'Safari',
      'iPhone',
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0 Mobile/15E148 Safari/604.1',
      'Chrome',
      'iPad',
    ],
    [
      'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36',
      'Samsung Internet',
      'Android',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox', 'Linux'],
    [
      'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
      'Chrome',
      'ChromeOS',
    ],
  ])('%s', (userAgent, browser, system) => {
    expect(deviceOf(userAgent)).toEqual({ browser, system });
  });

  test('programs are called so, and what is unknown is not guessed', () => {
    expect(deviceOf('curl/8.5.0')).toEqual({ program: 'curl' });
    expect(deviceOf('node')).toEqual({ program: 'node' });
    expect(deviceOf('something else')).toEqual({});
    expect(deviceOf(null)).toEqual({});
    expect(deviceOf(`${'('.repeat(100_000)}Chrome/`)).toEqual({});
  });

  test('addresses at home and at work say nothing about a place', () => {
    for (const address of [
      '127.0.0.1',
      '::1',
      '10.1.2.3',
      '172.20.0.1',
      '192.168.1.7',
      '::ffff:10.0.0.1',
      'fd12::1',
      'fe80::1',
    ]) {
      expect(isLocalNetwork(address), address).toBe(true);
    }
    for (const address of ['203.0.113.7', '172.32.0.1', '2001:db8::1', '100.1.1.1'])
      expect(isLocalNetwork(address), address).toBe(false);
  });
});

test('the hint about a password knows runs, favorites, and what is known about the person', () => {
  expect(strengthOf('1234567')).toBe('short');
  for (const weak of ['12345678', 'abcdefghij', 'aaaaaaaaaaaaaaaa', 'Password123!', 'qwertyuiop1', 'sakura2024'])
    expect(strengthOf(weak), weak).toBe('weak');
  expect(strengthOf('lovelace1815', ['ada@example.com', 'Ada Lovelace'])).toBe('weak');
  expect(strengthOf('k7#mPq2x')).toBe('fair');
  for (const strong of ['several quiet words', 'v8K!s2-Wq9_zR4', '静かな森の青い電車'])
    expect(strengthOf(strong), strong).toBe('strong');
});

describe('times in words', () => {
  test('are rounded up where somebody waits, and down where something is past', () => {
    expect([1, 59, 61, 840, 7200, 100_000, 259_200].map((seconds) => durationIn('en', seconds))).toEqual([
      '1 second',
      '59 seconds',
      '2 minutes',
      '14 minutes',
      '2 hours',
      '28 hours',
      '3 days',
    ]);
    expect([30, 840, 7200].map((seconds) => durationIn('ja', seconds))).toEqual(['30秒', '14分', '2時間']);
    expect([5, 200, 7300, 90_000].map((seconds) => agoIn('en', seconds))).toEqual([
      'just now',
      '3 minutes ago',
      '2 hours ago',
      'yesterday',
    ]);
    expect([5, 200, 7300, 90_000].map((seconds) => agoIn('ja', seconds))).toEqual(['たった今', '3分前', '2時間前', '昨日']);
  });
});

/** All leaves of a catalog, functions called with something. */
const leaves = (value: unknown, path = ''): [string, string][] => {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return [[path, String(value(14 * 60, 'x'))]];
  return Object.entries(value as object).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
};

describe('the texts', () => {
  test('say in Japanese what they say in English, in Japanese punctuation', () => {
    const japanese = leaves(ja);
    expect(japanese.map(([path]) => path)).toEqual(leaves(en).map(([path]) => path));
    for (const [path, text] of japanese) {
      expect(text, path).not.toMatch(/[ぁ-んァ-ヶ一-龠][,.!?:;]/);
      expect(text, path).not.toBe('');
    }
  });

  test('say why a log-in through a provider was not finished, for every reason that the contract knows', () => {
    for (const ends of [en.callback.ends, ja.callback.ends]) {
      const ours = Object.keys(ends).filter((end) => end !== 'failed' && end !== 'unavailable');
      expect(ours.toSorted()).toEqual([...finishConnectionReasons].toSorted());
      expect(new Set(Object.values(ends)).size).toBe(Object.keys(ends).length);
    }
    expect([en, ja].map(({ connections }) => connections.lastWay)).toEqual([
      'This is your only way to log in. Set a password or connect another service first.',
      'ログインする方法がほかにありません。先にパスワードを設定するか、別のサービスと連携してください。',
    ]);
  });

  test('are those that the design names', () => {
    expect(en.logIn.wrong + en.logIn.wrongReset + en.logIn.wrongEnd).toBe(
      "That e-mail and password don't match. Check them, or reset your password.",
    );
    expect(en.logIn.locked(14 * 60) + en.logIn.lockedReset + en.logIn.lockedEnd).toBe(
      'Too many attempts. You can try again in 14 minutes, or reset your password now.',
    );
    expect(ja.logIn.wrong + ja.logIn.wrongReset + ja.logIn.wrongEnd).toBe(
      'メールアドレスまたはパスワードが正しくありません。入力内容を確認するか、パスワードを再設定してください。',
    );
    expect(ja.logIn.locked(14 * 60) + ja.logIn.lockedReset + ja.logIn.lockedEnd).toBe(
      '試行回数が多すぎます。14分後にもう一度お試しいただくか、今すぐパスワードを再設定してください。',
    );
    expect(en.checkYourMail.sent('ada@example.com')).toBe('We sent a link to ada@example.com. It works for 24 hours.');
    expect(ja.checkYourMail.sent('ada@example.com')).toBe('ada@example.com に確認用のリンクを送りました。24時間有効です。');
    expect(en.trouble.unreachable(5)).toBe("We can't reach the server. Nothing was lost; trying again in 5 s.");
    expect(ja.trouble.unreachable(5)).toBe('サーバーに接続できません。入力内容は失われていません。5秒後に再試行します。');
    const { notYou, notYouReset, reasons } = en.signedOut;
    expect(reasons.password_changed + notYou + notYouReset).toBe(
      "You were signed out because your password was changed on another device. Wasn't you? Reset it now.",
    );
    expect(ja.signedOut.reasons.password_changed + ja.signedOut.notYou + ja.signedOut.notYouReset).toBe(
      '別の端末でパスワードが変更されたため、サインアウトしました。心当たりがない場合は、今すぐ再設定してください。',
    );
  });
});

test('every path finds its page, and no other path does', () => {
  for (const { path, page } of routes) expect(findRoute(path.replace(':provider', 'google'))?.page).toBe(page);
  expect(findRoute('/auth/callback/google')?.parameters).toEqual({ provider: 'google' });
  expect(findRoute('/auth/account/')?.page).toBe('profile');
  for (const path of ['/', '/auth', '/auth/callback', '/auth/callback/', '/auth/log-in/x', '/docs'])
    expect(findRoute(path), path).toBeUndefined();
});
