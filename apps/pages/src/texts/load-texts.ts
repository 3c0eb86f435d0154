import type { Language } from './language.ts';
import type { Texts } from './texts.ts';

/** Only the language that is shown is loaded. */
export const loadTexts = async (language: Language): Promise<Texts> =>
  language === 'ja' ? (await import('./ja.ts')).ja : (await import('./en.ts')).en;
