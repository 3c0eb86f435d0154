import type { en } from './en.ts';

export type Language = 'en' | 'ja';

/** What a language has to say. */
export type Texts = typeof en;

export const languageNames: Record<Language, string> = { en: 'English', ja: '日本語' };

/** Only the language that is shown is loaded. */
export const loadTexts = async (language: Language): Promise<Texts> =>
  language === 'ja' ? (await import('./ja.ts')).ja : (await import('./en.ts')).en;
