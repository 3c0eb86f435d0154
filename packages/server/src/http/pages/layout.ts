import type { Locale } from '@tegata/core';
import type { Context } from 'hono';
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { languageOf } from '../language.ts';
import { mark } from './identity.ts';
import { type Look, logoPath, lookOf, themePath } from './look.ts';
import { preferencesOf } from './preferences.ts';
import { stylesheet, stylesheetVersion } from './stylesheet.ts';

// The frame of every page the server renders itself: the pages behind mailed links, the development mailbox, the
// reference, the welcome page. No script at all; everything is escaped by the `html` template.

export type Html = ReturnType<typeof html>;

const stylesheetPath = '/auth/pages.css';

const languageNames: Record<Locale, string> = { en: 'English', ja: '日本語' };
const otherLanguage: Record<Locale, Locale> = { en: 'ja', ja: 'en' };

/** `?lang=` of the switch in the corner, else what was chosen before, else the browser's wish. */
export const localeOf = (c: Context): Locale => {
  const chosen = c.req.query('lang') ?? preferencesOf(c).language;
  return chosen === 'en' || chosen === 'ja' ? chosen : languageOf(c.req.header('accept-language'), 'en');
};

/** What every document begins with, whoever fills it. */
export const documentHead = (c: Context, { title, locale }: { title: string; locale: Locale }): Html => {
  const look = lookOf(c);
  const { theme } = preferencesOf(c);
  return html`<!doctype html>
<html lang="${locale}"${theme && html` data-theme="${theme}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · ${look.name}</title>
<link rel="icon" href="${look.icon}">
<link rel="stylesheet" href="${look.stylesheetAddress}">`;
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
export const page = (c: Context, { title, locale, body, width = 'narrow', inLanguage }: Page): Html => {
  const other = otherLanguage[locale];
  return html`${documentHead(c, { title, locale })}
<link rel="stylesheet" href="${stylesheetPath}?v=${stylesheetVersion}">
</head>
<body class="${width}">
<header class="top"><span class="brand">${markOf(lookOf(c))}</span>${
    inLanguage &&
    html`<a class="language" href="${inLanguage(other)}" lang="${other}" hreflang="${other}">${languageNames[other]}</a>`
  }</header>
${body}
</body>
</html>
`;
};

/** The operator's logo in the place of the mark; the name stands beside it either way. */
const markOf = ({ name, logo }: Look): Html => html`${logo ? html`<img class="mark" src="${logo}" alt="">` : mark}${name}`;

/** The policy of every page. A page adds to it what it needs, and nothing that is inline. */
export const pagePolicy = (c: Context, more: { scripts?: string; styles?: string; connect?: string } = {}): string =>
  [
    "default-src 'none'",
    ...(more.scripts ? [`script-src ${more.scripts}`] : []),
    `style-src ${more.styles ?? "'self'"}`,
    `img-src ${["'self'", 'data:', ...lookOf(c).imageOrigins].join(' ')}`,
    ...(more.connect ? [`connect-src ${more.connect}`] : []),
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

/** Sends a page with the headers that every page has. `policy` where it needs more than style sheets and images. */
export const sendPage = (
  c: Context,
  document: Html,
  status: ContentfulStatusCode = 200,
  options: { policy?: string } = {},
): Response | Promise<Response> => {
  c.header('Content-Security-Policy', options.policy ?? pagePolicy(c));
  c.header('Referrer-Policy', 'no-referrer');
  c.header('Cache-Control', 'no-store');
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('Content-Language', localeOf(c));
  c.header('Vary', 'Accept-Language, Cookie', { append: true });
  return c.html(document, status);
};

/** Serves the style sheets, and the logo where it is a file. To be mounted at `/` once, for all pages. */
export const createStylesheetRoute = (): Hono =>
  new Hono()
    .get(stylesheetPath, (c) => sendForever(c, stylesheet, 'text/css; charset=utf-8'))
    .get(themePath, (c) => sendForever(c, lookOf(c).stylesheet, 'text/css; charset=utf-8'))
    .get(logoPath, (c, next) => {
      const { logoFile } = lookOf(c);
      return logoFile ? sendForever(c, logoFile.bytes, logoFile.type) : next();
    });

/** Whatever has a fingerprint in its address. */
export const sendForever = (c: Context, body: string | Uint8Array<ArrayBuffer>, type: string): Response => {
  c.header('Cache-Control', 'public, max-age=31536000, immutable');
  c.header('X-Content-Type-Options', 'nosniff');
  return c.body(body, 200, { 'Content-Type': type });
};
