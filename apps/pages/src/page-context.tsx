import { createContext, use } from 'react';
import type { Settings } from './settings.ts';
import type { Language } from './texts/language.ts';
import type { Texts } from './texts/texts.ts';

/** What every page needs: its words, and what the server said about itself. */
export type PageContext = {
  texts: Texts;
  language: Language;
  settings: Settings;
  switchLanguage: () => void;
};

export const PageContext = createContext<PageContext | undefined>(undefined);

export const usePage = (): PageContext => {
  const context = use(PageContext);
  if (!context) throw new Error('usePage is for what is inside of App');
  return context;
};
