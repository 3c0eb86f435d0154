import type { Locale, Mail, SecretToken } from '@tegata/core';
import { address, hour, startOfTest as now } from '@tegata/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
