import type { Locale } from '@tegata/core';
import type { Context } from 'hono';
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { languageOf } from '../language.ts';
import { brand, dark, light, mark } from './identity.ts';
import { stylesheet, stylesheetVersion } from './stylesheet.ts';

// The frame of every page the server renders itself: the pages behind mailed links, the development mailbox, the
// welcome page. No script at all; everything is escaped by the `html` template.

export type Html = ReturnType<typeof html>;

const stylesheetPath = '/auth/pages.css';

/** The mark for the browser's tab, inside the page: nothing more to fetch, and it follows the theme. */
const icon = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><style>.b{fill:${light.ink}}.s{fill:${light.seal}}@media(prefers-color-scheme:dark){.b{fill:${dark.ink}}.s{fill:${dark.seal}}}</style><path class="b" d="M10 0h2.5a3.5 3.5 0 0 0 7 0H22a5 5 0 0 1 5 5v22a5 5 0 0 1-5 5H10a5 5 0 0 1-5-5V5a5 5 0 0 1 5-5Z"/><rect class="s" x="10.5" y="15" width="11" height="11" rx="2"/></svg>`,
)}`;

const languageNames: Record<Locale, string> = { en: 'English', ja: '日本語' };
const otherLanguage: Record<Locale, Locale> = { en: 'ja', ja: 'en' };

/** `?lang=` of the switch in the corner, else the browser's wish. */
export const localeOf = (c: Context): Locale => {
  const chosen = c.req.query('lang');
  return chosen === 'en' || chosen === 'ja' ? chosen : languageOf(c.req.header('accept-language'), 'en');
};

export type Page = {
  title: string;
  locale: Locale;
  body: Html;
  /** How wide the column may be; `narrow` is 420 px. */
  width?: 'narrow' | 'middle' | 'wide';
  /** Where the language switch leads; without it there is none, such as on the answer to a form. */
  inLanguage?: (locale: Locale) => string;
};

/** A whole document around `body`. */
export const page = ({ title, locale, body, width = 'narrow', inLanguage }: Page): Html => {
  const other = otherLanguage[locale];
  return html`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · ${brand}</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${stylesheetPath}?v=${stylesheetVersion}">
</head>
<body class="${width}">
<header class="top"><span class="brand">${mark}${brand}</span>${
    inLanguage &&
    html`<a class="language" href="${inLanguage(other)}" lang="${other}" hreflang="${other}">${languageNames[other]}</a>`
  }</header>
${body}
</body>
</html>
`;
};

const policy = (styles: string): string =>
  [
    "default-src 'none'",
    `style-src ${styles}`,
    "img-src 'self' data:",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

/** Sends a page with the headers that every page has. `inlineStyles` only for a page that shows a mail inside. */
export const sendPage = (
  c: Context,
  document: Html,
  status: ContentfulStatusCode = 200,
  options: { inlineStyles?: boolean } = {},
): Response | Promise<Response> => {
  c.header('Content-Security-Policy', policy(options.inlineStyles ? "'self' 'unsafe-inline'" : "'self'"));
  c.header('Referrer-Policy', 'no-referrer');
  c.header('Cache-Control', 'no-store');
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('Content-Language', localeOf(c));
  c.header('Vary', 'Accept-Language', { append: true });
  return c.html(document, status);
};

/** Serves the style sheet. To be mounted at `/` once, for all pages. */
export const createStylesheetRoute = (): Hono =>
  new Hono().get(stylesheetPath, (c) => {
    c.header('Cache-Control', 'public, max-age=31536000, immutable');
    c.header('X-Content-Type-Options', 'nosniff');
    return c.body(stylesheet, 200, { 'Content-Type': 'text/css; charset=utf-8' });
  });
