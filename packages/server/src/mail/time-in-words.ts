import type { Locale } from '@tegata/core';

// "24 hours", "1 hour", "3 days": how long something still works, as a person would say it.

type Unit = 'day' | 'hour' | 'minute';

const words: Record<Locale, (count: number, unit: Unit) => string> = {
  en: (count, unit) => `${count} ${unit}${count === 1 ? '' : 's'}`,
  ja: (count, unit) => `${count}${{ day: '日間', hour: '時間', minute: '分間' }[unit]}`,
};

/** A mail leaves a moment after its token was made; that moment must not turn "24 hours" into "23 hours". */
const toleranceMinutes = 2;

/** Never promises more than there is, but for that tolerance: whole units are rounded down. At least one minute. */
export const durationInWords = (milliseconds: number, locale: Locale): string => {
  const minutes = Math.max(1, Math.round(milliseconds / 60_000));
  const hours = Math.floor((minutes + toleranceMinutes) / 60);
  if (hours >= 48 && hours % 24 === 0) return words[locale](hours / 24, 'day');
  if (hours >= 2) return words[locale](hours, 'hour');
  const isOneHour = Math.abs(minutes - 60) <= toleranceMinutes;
  return isOneHour ? words[locale](1, 'hour') : words[locale](minutes, 'minute');
};

// Formats are made where they are used: a server that only starts would spend a fortieth of that on them.

const dateTags: Record<Locale, string> = { en: 'en-GB', ja: 'ja-JP' };

/** We do not know where the reader is, so the time says that it is UTC. */
export const dateInWords = (time: number, locale: Locale): string => {
  const format = new Intl.DateTimeFormat(dateTags[locale], { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return locale === 'ja' ? `${format.format(time)}（UTC）` : `${format.format(time)} (UTC)`;
};

/** "3 minutes ago". */
export const agoInWords = (milliseconds: number, locale: Locale): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [count, unit] =
    seconds < 60
      ? ([seconds, 'second'] as const)
      : seconds < 3600
        ? ([Math.floor(seconds / 60), 'minute'] as const)
        : seconds < 86_400
          ? ([Math.floor(seconds / 3600), 'hour'] as const)
          : ([Math.floor(seconds / 86_400), 'day'] as const);
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-count, unit);
  // Intl writes "3 分前"; Japanese has no space there.
  return locale === 'ja' ? words.replaceAll(' ', '') : words;
};
