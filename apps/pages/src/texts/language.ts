export type Language = 'en' | 'ja';

export const languageNames: Record<Language, string> = { en: 'English', ja: '日本語' };
