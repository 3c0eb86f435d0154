import type { Language } from './texts/language.ts';

// Times as people say them.

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const unitOf = (seconds: number): [count: number, unit: 'second' | 'minute' | 'hour' | 'day'] => {
  if (seconds < minute) return [Math.max(1, Math.ceil(seconds)), 'second'];
  if (seconds < 2 * hour) return [Math.ceil(seconds / minute), 'minute'];
  if (seconds < 2 * day) return [Math.ceil(seconds / hour), 'hour'];
  return [Math.ceil(seconds / day), 'day'];
};

const japaneseUnits = { second: '秒', minute: '分', hour: '時間', day: '日' } as const;

/** How long something still takes, rounded up: "14 minutes", 「14分」. */
export const durationIn = (language: Language, seconds: number): string => {
  const [count, unit] = unitOf(seconds);
  return language === 'ja' ? `${count}${japaneseUnits[unit]}` : `${count} ${unit}${count === 1 ? '' : 's'}`;
};

/** How long ago something was: "3 minutes ago", 「3分前」. */
export const agoIn = (language: Language, seconds: number): string => {
  if (seconds < minute) return language === 'ja' ? 'たった今' : 'just now';
  const [size, unit] =
    seconds < hour ? [minute, 'minute' as const] : seconds < day ? [hour, 'hour' as const] : [day, 'day' as const];
  const said = new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-Math.floor(seconds / size), unit);
  // The library writes 「3 分前」, which nobody does.
  return language === 'ja' ? said.replaceAll(' ', '') : said;
};

/** A day: "15 January 2030", 「2030年1月15日」. */
export const dateIn = (language: Language, time: string): string =>
  new Intl.DateTimeFormat(language === 'ja' ? 'ja' : 'en-GB', { dateStyle: 'long' }).format(new Date(time));
