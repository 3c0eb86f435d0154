import { hour, minute, second } from '@tegata/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agoInWords, dateInWords, durationInWords } from './time-in-words.ts';

describe('how long something works', () => {
  it.each([
    [24 * hour, '24 hours', '24時間'],
    [24 * hour - 4 * second, '24 hours', '24時間'],
    [72 * hour, '3 days', '3日間'],
    [hour, '1 hour', '1時間'],
    [hour - 3 * second, '1 hour', '1時間'],
    [23.5 * hour, '23 hours', '23時間'],
    [90 * minute, '90 minutes', '90分間'],
    [50 * hour, '50 hours', '50時間'],
    [15 * minute, '15 minutes', '15分間'],
    [minute, '1 minute', '1分間'],
    [5 * second, '1 minute', '1分間'],
  ])('%d ms reads "%s" and "%s"', (milliseconds, en, ja) => {
    expect(durationInWords(milliseconds, 'en')).toBe(en);
    expect(durationInWords(milliseconds, 'ja')).toBe(ja);
  });

  it('never promises two minutes more than there are', () => {
    const size = { minute, hour, day: 24 * hour };
    fc.assert(
      fc.property(fc.integer({ min: minute, max: 100 * hour }), (milliseconds) => {
        const [, count, unit] = /^(\d+) (minute|hour|day)s?$/.exec(durationInWords(milliseconds, 'en')) ?? [];
        expect(Number(count) * size[unit as keyof typeof size]).toBeLessThan(milliseconds + 3 * minute);
      }),
    );
  });
});

it('a date is told in UTC, and says so', () => {
  const time = Date.UTC(2040, 0, 15, 9, 5);
  expect(dateInWords(time, 'en')).toBe('15 January 2040 at 09:05 (UTC)');
  expect(dateInWords(time, 'ja')).toBe('2040年1月15日 9:05（UTC）');
});

it.each([
  [0, 'now', '今'],
  [40 * second, '40 seconds ago', '40秒前'],
  [3 * minute, '3 minutes ago', '3分前'],
  [2 * hour, '2 hours ago', '2時間前'],
  [72 * hour, '3 days ago', '3日前'],
])('%d ms ago reads "%s" and "%s"', (milliseconds, en, ja) => {
  expect(agoInWords(milliseconds, 'en')).toBe(en);
  expect(agoInWords(milliseconds, 'ja')).toBe(ja);
});
