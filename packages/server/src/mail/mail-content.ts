import type { Locale, Mail } from '@tegata/core';

/**
 * What one mail says, in one language, before it looks like anything. The plain text and the HTML are both made from
 * this, in this order, so that they cannot say different things.
 */
export type MailContent = {
  subject: string;
  greeting: string;
  /** What happened, in a sentence. */
  lead: string;
  button?: { label: string; url: string; undoes?: boolean };
  code?: { label: string; digits: string };
  /** How long the button and the code work. */
  expiry?: string;
  /** What the reader may want to do next. */
  next?: string;
  /** What to do for somebody who had no part in it. */
  ifNotYou: string;
};

export type MailOf<Kind extends Mail['kind']> = Extract<Mail, { kind: Kind }>;

/** What every template may use: `name` is already harmless, `works` says "24 hours", `host` is the public one. */
export type MailContext = {
  name: string;
  link: (path: `/auth/${string}`, token: string) => string;
  works: (expiresAt: number) => string;
  host: string;
};

/** A kind without a template, or a language without one of the kinds, does not compile. */
export type MailTemplates = { [Kind in Mail['kind']]: (mail: MailOf<Kind>, context: MailContext) => MailContent };
export type MailCatalog = Record<Locale, MailTemplates>;
