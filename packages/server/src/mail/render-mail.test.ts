import type { Locale, Mail, SecretToken } from '@tegata/core';
import { address, hour, startOfTest as now } from '@tegata/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/parse-config.ts';
import { contrast } from '../http/pages/contrast.ts';
import { palettesOf } from '../http/pages/theme.ts';
import { renderMail } from './render-mail.ts';

const publicUrl = 'https://auth.example.com';
const token = 'Zm9ydHktdHdvLWJ5dGVzLW9mLXJhbmRvbW5lc3M-_0' as SecretToken;

/** One of each kind; a kind that is missing here does not compile. */
const every: { [Kind in Mail['kind']]: (locale: Locale, name: string) => Extract<Mail, { kind: Kind }> } = {
  verify_registration: (locale, name) => ({
    ...{ kind: 'verify_registration', to: address('ada@example.com'), locale, name, token, code: '402915' },
    expiresAt: now + 24 * hour,
  }),
  verify_added_email: (locale, name) => ({
    ...{ kind: 'verify_added_email', to: address('ada@example.org'), locale, name, token, code: '000042' },
    expiresAt: now + 24 * hour,
  }),
  already_registered: (locale, name) => ({ kind: 'already_registered', to: address('ada@example.com'), locale, name }),
  reset_password: (locale, name) => ({
    ...{ kind: 'reset_password', to: address('ada@example.com'), locale, name, token },
    expiresAt: now + hour,
  }),
  no_password: (locale, name) => ({
    ...{ kind: 'no_password', to: address('ada@example.com'), locale, name },
    providers: ['Google', 'Example Login'],
  }),
  password_set: (locale, name) => ({ kind: 'password_set', to: address('ada@example.com'), locale, name, at: now }),
  connection_added: (locale, name) => ({
    ...{ kind: 'connection_added', to: address('ada@example.com'), locale, name },
    provider: 'GitHub',
  }),
  connection_removed: (locale, name) => ({
    ...{ kind: 'connection_removed', to: address('ada@example.com'), locale, name },
    provider: 'GitHub',
  }),
  password_changed: (locale, name) => ({ kind: 'password_changed', to: address('ada@example.com'), locale, name, at: now }),
  primary_email_changed: (locale, name) => ({
    ...{ kind: 'primary_email_changed', to: address('ada@example.com'), locale, name, token },
    newEmail: address('grace@example.org'),
    expiresAt: now + 72 * hour,
  }),
  email_added: (locale, name) => ({
    kind: 'email_added',
    to: address('ada@example.com'),
    locale,
    name,
    newEmail: address('ada@work.example'),
  }),
  primary_email_restored: (locale, name) => ({ kind: 'primary_email_restored', to: address('ada@example.com'), locale, name }),
  account_closed: (locale, name) => ({ kind: 'account_closed', to: address('ada@example.com'), locale, name }),
};
const kinds = Object.keys(every) as Mail['kind'][];
const kindsAndLocales = kinds.flatMap((kind) => [[kind, 'en'] as const, [kind, 'ja'] as const]);
const render = (kind: Mail['kind'], locale: Locale, name = 'Ada Lovelace') =>
  renderMail(every[kind](locale, name), { publicUrl, now });

const paths: Partial<Record<Mail['kind'], string>> = {
  verify_registration: '/auth/verify-email',
  verify_added_email: '/auth/verify-email',
  reset_password: '/auth/reset-password',
  primary_email_changed: '/auth/undo-email',
};

const unescaped = (html: string): string =>
  html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

/** What a reader sees of an HTML mail, without spaces. */
const seen = (html: string): string =>
  unescaped(html.replace(/^.*<body[^>]*>/su, '').replaceAll(/<[^>]*>/gu, '')).replaceAll(/\s/gu, '');

describe.each(kindsAndLocales)('the mail %s in %s', (kind, locale) => {
  const mail = render(kind, locale);

  it('greets by name and says what to do if it was not you', () => {
    expect(mail.text).toContain(locale === 'en' ? 'Hello Ada Lovelace,' : 'Ada Lovelace 様');
    expect(mail.text).toMatch(locale === 'en' ? /If it was not you|If you did not/ : /お心当たりがない場合/);
  });

  it('says the same words in plain text and in HTML', () => {
    const words = mail.links.reduce((text, link) => text.replace(link, ''), mail.text);
    expect(seen(mail.html)).toBe(words.replaceAll(/\s/gu, ''));
  });

  it('links to the public URL and nowhere else', () => {
    const path = paths[kind];
    expect(mail.links).toEqual(path ? [`${publicUrl}${path}?token=${token}`] : []);
    for (const link of mail.links) expect(mail.text).toContain(link);
    const hrefs = [...mail.html.matchAll(/href="([^"]*)"/g)].map(([, href]) => unescaped(href!));
    expect(hrefs).toEqual(mail.links);
  });

  it('loads nothing and runs nothing', () => {
    expect(mail.html).not.toMatch(/<(img|script|link|iframe|object|form|video|audio)|url\(|@import|\ssrc=|\son\w+=/i);
  });

  it('is in one language only', () => {
    expect(mail.html).toContain(`<html lang="${locale}">`);
    expect(/[ぁ-んァ-ヶ一-龠]/u.test(mail.text)).toBe(locale === 'ja');
  });

  it('keeps a hostile name harmless', () => {
    const name = '</p><script>alert(1)</script>"\'&\r\nBcc: all@example.com\u202e\u0000';
    const hostile = render(kind, locale, name);
    expect(hostile.html).not.toContain('<script');
    expect(hostile.text).not.toMatch(/\r|\p{Cf}|^Bcc/mu);
    expect(hostile.subject).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(hostile.links).toEqual(mail.links);
    expect(seen(hostile.html)).toContain('<script>alert(1)</script>"\'&Bcc:all@example.com');
  });

  it('greets politely somebody whose name is unknown', () => {
    const nameless = render(kind, locale, ' ');
    expect(nameless.text).toMatch(locale === 'en' ? /^Hello,$/m : /^ご利用ありがとうございます。$/m);
    expect(nameless.text).not.toMatch(/“”|「」| 様/u);
  });
});

describe('the mails of a brand', () => {
  const brand = { name: 'Ünïcorn & "Sons"', primary: '#005f3a', paper: '#ffffff', radius: 4 };
  const branded = (kind: Mail['kind'], locale: Locale, more: object = {}) =>
    renderMail(every[kind](locale, 'Ada Lovelace'), { publicUrl, now, brand: { ...brand, ...more } });

  it.each(kindsAndLocales)('bear its name, and not ours: %s in %s', (kind, locale) => {
    const mail = branded(kind, locale);
    expect(mail.text.startsWith(`${brand.name}\n\n`)).toBe(true);
    expect(mail.html).toContain('>Ünïcorn &amp; &quot;Sons&quot;</td>');
    for (const part of [mail.text, mail.html, mail.subject]) expect(part).not.toContain('Tegata');
    expect(seen(mail.html)).toBe(mail.links.reduce((text, link) => text.replace(link, ''), mail.text).replaceAll(/\s/gu, ''));
    // But for the name in its first line, the text is the one it always was.
    expect(mail.text.replace(brand.name, 'Tegata')).toBe(render(kind, locale).text);
    expect(mail.subject).toBe(render(kind, locale).subject);
  });

  it('have its colors, a readable button in the dark too, and its corners', () => {
    const { html } = branded('reset_password', 'en');
    expect(html).toMatch(/<a class="act" [^>]*border-radius:4px;background:#005f3a;color:#ffffff;/);
    expect(html).toContain('<body class="paper" style="margin:0;padding:0;background:#ffffff;">');
    const { dark } = palettesOf(brand);
    expect(html).toContain(`.act { background: ${dark.indigo} !important; color: ${dark.onAction} !important; }`);
    expect(contrast(dark.indigo, dark.onAction)).toBeGreaterThanOrEqual(4.5);
    // What undoes a change keeps the color of a warning.
    expect(branded('primary_email_changed', 'en').html).toMatch(/<a class="undo" [^>]*background:#c8371b;/);
  });

  it('show our mark only where there is no logo, and load neither', () => {
    for (const logo of [{ url: 'https://cdn.example.com/logo.svg' }, { file: '/logo.png' }]) {
      const { html } = branded('reset_password', 'en', { logo });
      expect(html).not.toContain('class="board"');
      expect(html).not.toMatch(/<img|logo|cdn\.example/);
    }
    expect(branded('reset_password', 'en').html).toContain('class="board"');
  });

  it('stay one line of harmless text whatever the name is', () => {
    const { html, text } = branded('reset_password', 'en', { name: '</td><script>alert(1)</script>\u202e' });
    expect(html).not.toContain('<script');
    expect(text.split('\n')[0]).toBe('</td><script>alert(1)</script>');
  });

  it('are those of Tegata where nothing is set', () => {
    const mail = every.reset_password('en', 'Ada Lovelace');
    const { brand: unset } = parseConfig({});
    expect(renderMail(mail, { publicUrl, now, brand: unset })).toEqual(renderMail(mail, { publicUrl, now }));
    expect(renderMail(mail, { publicUrl, now }).text.startsWith('Tegata\n\n')).toBe(true);
  });
});

describe('what a mail says', () => {
  it.each(['verify_registration', 'verify_added_email'] as const)('the code of %s is in text, HTML and data', (kind) => {
    for (const locale of ['en', 'ja'] as const) {
      const mail = render(kind, locale);
      expect(mail.code).toMatch(/^\d{6}$/);
      expect(mail.text).toMatch(new RegExp(`^ +${mail.code}$`, 'm'));
      expect(mail.html).toContain(`>${mail.code}</p>`);
    }
  });

  it('a registration mail says for which name the account was registered', () => {
    expect(render('verify_registration', 'en').text).toContain('under the name “Ada Lovelace”');
    expect(render('verify_registration', 'ja').text).toContain('「Ada Lovelace」というお名前');
  });

  it('tells how long the link still works when the mail is sent, not when it was made', () => {
    const mail = every.verify_registration('en', 'Ada');
    expect(renderMail(mail, { publicUrl, now }).text).toContain('It works for 24 hours.');
    expect(renderMail(mail, { publicUrl, now: now + 20 * hour }).text).toContain('It works for 4 hours.');
    expect(render('reset_password', 'ja').text).toContain('1時間有効');
    expect(render('primary_email_changed', 'en').text).toContain('It works for 3 days.');
  });

  it('a changed address is told to the old one, by name', () => {
    expect(render('primary_email_changed', 'en').text).toContain('grace@example.org');
    expect(render('primary_email_changed', 'ja').text).toContain('grace@example.org');
  });

  it('a token of any characters stays inside its link', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const mail = { ...every.reset_password('en', 'Ada'), token: text as SecretToken };
        const link = new URL(renderMail(mail, { publicUrl: `${publicUrl}/`, now }).links[0]!);
        expect(link.origin + link.pathname).toBe(`${publicUrl}/auth/reset-password`);
        expect(link.searchParams.get('token')).toBe(text);
        expect([...link.searchParams.keys()]).toEqual(['token']);
      }),
    );
  });
});
