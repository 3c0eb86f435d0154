import type { Language } from './texts/language.ts';

// What somebody chose in the corner: kept in cookies, so that the server writes the next document in the right language
// and theme and nothing flashes. Lax, so that they also come along when a link in a web mailer is followed.

export type Theme = 'light' | 'dark';

const year = 365 * 86_400;

const keep = (name: string, value: string) => {
  const secure = window.location.protocol === 'https:' ? '; Secure' : '';
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser yet.
  document.cookie = `${name}=${value}; Path=/; Max-Age=${year}; SameSite=Lax${secure}`;
};

/** As the server decided for this document. */
export const languageNow = (): Language => (document.documentElement.lang === 'ja' ? 'ja' : 'en');

export const keepLanguage = (language: Language): void => {
  document.documentElement.lang = language;
  keep('tegata_language', language);
};

const systemTheme = window.matchMedia('(prefers-color-scheme: dark)');

export const themeNow = (): Theme => {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return systemTheme.matches ? 'dark' : 'light';
};

const listeners = new Set<() => void>();

/** Chosen here, or changed by the system at dusk. */
export const whenThemeChanges = (listener: () => void): (() => void) => {
  listeners.add(listener);
  systemTheme.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    systemTheme.removeEventListener('change', listener);
  };
};

export const keepTheme = (theme: Theme): void => {
  document.documentElement.dataset.theme = theme;
  keep('tegata_theme', theme);
  for (const listener of listeners) listener();
};
