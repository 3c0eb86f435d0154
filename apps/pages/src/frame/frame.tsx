import { type ReactNode, useEffect, useRef, useSyncExternalStore } from 'react';
import { usePage } from '../page-context.tsx';
import { keepTheme, themeNow, whenThemeChanges } from '../preferences.ts';
import { languageNames } from '../texts/language.ts';

/** What is around every page: whose it is, and the two switches in the corner. */
export const Frame = ({ wide, children }: { wide: boolean; children: ReactNode }) => (
  <div className={wide ? 'shell wide' : 'shell'}>
    <Top />
    {children}
  </div>
);

const Top = () => {
  const { language, settings, texts, switchLanguage } = usePage();
  const theme = useSyncExternalStore(whenThemeChanges, themeNow);
  const other = language === 'ja' ? 'en' : 'ja';
  const opposite = theme === 'dark' ? 'light' : 'dark';
  const themeLabel = theme === 'dark' ? texts.frame.toLight : texts.frame.toDark;
  return (
    <header className="top">
      <span className="brand">
        {settings.logo ? <img className="mark" src={settings.logo} alt="" /> : <Mark />}
        {settings.brand}
      </span>
      <span className="switches">
        <button type="button" className="switch" lang={other} onClick={switchLanguage}>
          {languageNames[other]}
        </button>
        <button
          type="button"
          className="switch icon"
          aria-label={themeLabel}
          title={themeLabel}
          onClick={() => keepTheme(opposite)}
        >
          <ThemeIcon theme={opposite} />
        </button>
      </span>
    </header>
  );
};

/** A pass: an upright board with a notch and one seal. */
const Mark = () => (
  <svg className="mark" viewBox="0 0 24 32" width="24" height="32" aria-hidden="true" focusable="false">
    <path
      className="mark-board"
      d="M6 1h2.5a3.5 3.5 0 0 0 7 0H18a5 5 0 0 1 5 5v20a5 5 0 0 1-5 5H6a5 5 0 0 1-5-5V6a5 5 0 0 1 5-5Z"
    />
    <rect className="mark-seal" x="7" y="16" width="10" height="10" rx="2" />
  </svg>
);

const ThemeIcon = ({ theme }: { theme: 'light' | 'dark' }) => (
  <svg
    viewBox="0 0 24 24"
    width="20"
    height="20"
    aria-hidden="true"
    focusable="false"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.8"
    strokeLinecap="round"
    strokeLinejoin="round"
  >
    {theme === 'dark' ? (
      <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z" />
    ) : (
      <>
        <circle cx="12" cy="12" r="4.2" />
        <path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4" />
      </>
    )}
  </svg>
);

/** The one card of a page. Its heading takes the focus, so that a screen reader begins there after a change of page. */
export const Card = ({ title, done = false, children }: { title: string; done?: boolean; children: ReactNode }) => (
  <main className={done ? 'card done' : 'card'}>
    <Heading title={title} />
    {children}
  </main>
);

/** Whether this document has shown a page before: the first one is announced by the browser itself. */
let shownBefore = false;

export const Heading = ({ title }: { title: string }) => {
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new title is a new page.
  useEffect(() => {
    if (shownBefore) heading.current?.focus({ preventScroll: true });
    shownBefore = true;
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {title}
    </h1>
  );
};

/** Nothing for a moment, then a word: what is quick should not flicker. */
export const Loading = () => {
  const { texts } = usePage();
  return (
    <main className="loading" role="status">
      <span className="spinner" aria-hidden="true" />
      {texts.frame.loading}
    </main>
  );
};
