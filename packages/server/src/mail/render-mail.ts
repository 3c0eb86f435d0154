import type { Locale, Mail } from '@tegata/core';
import type { Brand } from '../http/pages/theme.ts';
import type { MailCatalog, MailContent, MailContext, MailOf } from './mail-content.ts';
import { mailHtml } from './mail-html.ts';
import { mailLook } from './mail-look.ts';
import { mailText } from './mail-text.ts';
import { oneLine, personName } from './one-line.ts';
import { en } from './templates/en.ts';
import { ja } from './templates/ja.ts';
import { durationInWords } from './time-in-words.ts';

const catalog: MailCatalog = { en, ja };

export type RenderedMail = {
  subject: string;
  text: string;
  html: string;
  /** Every link in it, absolute. */
  links: string[];
  /** The six digits, where the mail has them. */
  code?: string;
};

/**
 * Turns mail as data into what a person receives. Links are built from the configured public URL and nothing else, so
 * that no request header can point them elsewhere. `now` is when it is sent: the mail says how long it still works.
 */
export const renderMail = (
  mail: Mail,
  { publicUrl, brand, now }: { publicUrl: string; brand?: Partial<Brand> | undefined; now: number },
): RenderedMail => {
  const site = { host: new URL(publicUrl).host, locale: mail.locale, look: mailLook(brand) };
  const content = fill(mail, {
    name: personName(mail.name),
    link: (path, token) => `${publicUrl.replace(/\/+$/, '')}${path}?token=${encodeURIComponent(token)}`,
    works: (expiresAt) => durationInWords(expiresAt - now, mail.locale),
    host: site.host,
  });
  return {
    subject: oneLine(content.subject),
    text: mailText(content, site),
    html: mailHtml(content, site),
    links: content.button ? [content.button.url] : [],
    ...(content.code && { code: content.code.digits }),
  };
};

/** The catalogue pairs each kind with its own template; TypeScript cannot follow that through a union of kinds. */
const fill = <Kind extends Mail['kind']>(mail: MailOf<Kind>, context: MailContext): MailContent =>
  (catalog[mail.locale as Locale][mail.kind as Kind] as (mail: MailOf<Kind>, context: MailContext) => MailContent)(mail, context);
