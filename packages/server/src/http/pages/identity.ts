import { html } from 'hono/html';

// The name, the mark and the two sets of colors of everything people see: pages, mails, the development mailbox. Pages
// have the colors as CSS variables, mails inline, because mail programs know no variables. Each text color is WCAG AA
// on paper and on card.

export const brand = 'Tegata';

export type Palette = Record<
  'paper' | 'card' | 'ink' | 'quiet' | 'indigo' | 'onAction' | 'seal' | 'onSeal' | 'moss' | 'line',
  string
>;

export const light: Palette = {
  paper: '#fbf9f4',
  card: '#ffffff',
  ink: '#1c1b19',
  quiet: '#645f55',
  indigo: '#274a78',
  onAction: '#ffffff',
  seal: '#c8371b',
  onSeal: '#ffffff',
  moss: '#2f6b4f',
  line: '#ddd6c8',
};

export const dark: Palette = {
  paper: '#14171c',
  card: '#1c2027',
  ink: '#ece7dc',
  quiet: '#a9a598',
  indigo: '#8fb3e6',
  onAction: '#14171c',
  seal: '#ff7a5c',
  onSeal: '#14171c',
  moss: '#7cc6a0',
  line: '#323842',
};

export const fonts = 'ui-sans-serif, system-ui, "Hiragino Sans", "Noto Sans JP", "Yu Gothic UI", sans-serif';

/** An upright board with a notch and one seal. Its two colors come from the style sheet, so that it follows the theme. */
export const mark = html`<svg class="mark" viewBox="0 0 24 32" width="24" height="32" aria-hidden="true" focusable="false"><path class="mark-board" d="M6 1h2.5a3.5 3.5 0 0 0 7 0H18a5 5 0 0 1 5 5v20a5 5 0 0 1-5 5H6a5 5 0 0 1-5-5V6a5 5 0 0 1 5-5Z"/><rect class="mark-seal" x="7" y="16" width="10" height="10" rx="2"/></svg>`;
