import type { Locale } from '@tegata/core';
import type { Context } from 'hono';
import { readCookie } from '../cookies.ts';

// What somebody chose in the corner of a page. The hosted pages write these two cookies themselves: they are no
// credentials, script has to read them, and with `SameSite=Lax` they also come along when a mailed link is opened.

export const languageCookie = 'tegata_language';
export const themeCookie = 'tegata_theme';

export const preferencesOf = (c: Context): { language: Locale | undefined; theme: 'light' | 'dark' | undefined } => {
  const cookies = c.req.header('cookie');
  const language = readCookie(cookies, languageCookie);
  const theme = readCookie(cookies, themeCookie);
  return {
    language: language === 'en' || language === 'ja' ? language : undefined,
    theme: theme === 'light' || theme === 'dark' ? theme : undefined,
  };
};
