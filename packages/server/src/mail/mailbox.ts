import { type Clock, type Mail, type Outbox, parseEmailAddress } from '@tegata/core';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { type Html, localeOf, page, pagePolicy, sendPage } from '../http/pages/layout.ts';
import type { Brand } from '../http/pages/theme.ts';
import { mailboxTexts } from './mailbox-texts.ts';
import { type RenderedMail, renderMail } from './render-mail.ts';
import { agoInWords } from './time-in-words.ts';

// The development mailbox: every mail the server would have sent, as a page for people and as JSON for tests. It shows
// one-time links to whoever asks, so it is mounted only where no mail server is configured, and never in production.

type KeptMail = { id: string; mail: Mail; createdAt: number };

export type MailboxMessage = RenderedMail & { id: string; to: string; created_at: string };

/** How many of the newest mails are shown, and how many are looked through for one recipient. */
const shownAtOnce = 100;
const searched = 5000;

export const createMailbox = (options: { outbox: Outbox; publicUrl: string; brand?: Partial<Brand>; clock: Clock }): Hono => {
  const { outbox, publicUrl, brand, clock } = options;

  const find = async (matches: ((to: string) => boolean) | undefined): Promise<KeptMail[]> => {
    const kept = await outbox.listKept(matches ? searched : shownAtOnce);
    return (matches ? kept.filter(({ mail }) => matches(mail.to)) : kept).slice(0, shownAtOnce);
  };

  /** Rendered as it was when it was made: a day later it still says "24 hours", as the mail that was sent would. */
  const open = ({ id, mail, createdAt }: KeptMail): MailboxMessage => ({
    id,
    to: mail.to,
    ...renderMail(mail, { publicUrl, brand, now: createdAt }),
    created_at: new Date(createdAt).toISOString(),
  });

  const app = new Hono();

  app.get('/dev/mailbox/messages', async (c) => {
    const to = c.req.query('to')?.trim();
    const address = to && (parseEmailAddress(to) ?? to.toLowerCase());
    const kept = await find(address ? (recipient) => recipient === address : undefined);
    c.header('Cache-Control', 'no-store');
    return c.json(kept.map(open));
  });

  app.get('/dev/mailbox', async (c) => {
    const locale = localeOf(c);
    const texts = mailboxTexts[locale];
    const lang = c.req.query('lang');
    const to = c.req.query('to')?.trim() ?? '';
    const id = c.req.query('mail');
    const now = clock();

    const href = (change: { to?: string; mail?: string | undefined; lang?: string | undefined }) => {
      const parameters = new URLSearchParams();
      const wanted = { to, lang, ...change };
      for (const [name, value] of Object.entries(wanted)) if (value) parameters.set(name, value);
      return `/dev/mailbox${parameters.size > 0 ? `?${parameters}` : ''}`;
    };

    const part = to.toLowerCase();
    const messages = (await find(part ? (recipient) => recipient.includes(part) : undefined)).map(open);
    const opened = messages.find((message) => message.id === id);
    const ago = (message: MailboxMessage) =>
      html`<time datetime="${message.created_at}" title="${message.created_at}">${agoInWords(now - Date.parse(message.created_at), locale)}</time>`;

    const nothing = html`<h2>${to ? texts.nothingFor(to) : texts.emptyTitle}</h2>
${!to && html`<p>${texts.empty}</p>`}
<p><a href="${href({})}">${texts.lookAgain}</a></p>`;

    const list = html`<ul class="mails" aria-label="${texts.mails}">${messages.map(
      (message) => html`
<li><a href="${href({ mail: message.id })}"${message === opened && html` aria-current="true"`}><strong>${message.subject}</strong>
<span class="quiet"><span>${message.to}</span>${ago(message)}</span></a></li>`,
    )}
</ul>`;

    const one = (message: MailboxMessage): Html => html`<section class="card" aria-labelledby="subject">
<a class="back" href="${href({})}">${texts.back}</a>
<h1 id="subject">${message.subject}</h1>
<dl class="facts">
<dt>${texts.to}</dt><dd>${message.to}</dd>
<dt>${texts.received}</dt><dd>${ago(message)}</dd>
${message.code && html`<dt>${texts.code}</dt><dd class="code">${message.code}</dd>`}
${message.links.map((link) => html`<dt>${texts.links}</dt><dd><a href="${link}">${link}</a></dd>`)}
</dl>
<iframe title="${texts.asShown}" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${inNewTab(message.html)}"></iframe>
<details><summary>${texts.asText}</summary><pre>${message.text}</pre></details>
</section>`;

    const body = html`<main class="mailbox${opened && ' open'}">
<section class="card list">
${opened ? html`<h2>${texts.title}</h2>` : html`<h1>${texts.title}</h1>`}
<p class="quiet">${texts.lead}</p>
${id && !opened && html`<p class="notice" role="status">${texts.gone}</p>`}
<form class="search" role="search" action="/dev/mailbox">
${lang && html`<input type="hidden" name="lang" value="${lang}">`}
<input name="to" type="search" value="${to}" placeholder="ada@example.com" aria-label="${texts.searchLabel}" autocapitalize="off" spellcheck="false" inputmode="email" enterkeyhint="search">
<button>${texts.search}</button>
</form>
${to && html`<p class="quiet"><a href="${href({ to: '' })}">${texts.all}</a></p>`}
${messages.length === 0 ? nothing : list}
</section>
${opened && one(opened)}
</main>`;

    const width = opened ? 'wide' : 'middle';
    const document = page(c, { title: texts.title, locale, body, width, inLanguage: (other) => href({ mail: id, lang: other }) });
    return sendPage(c, document, 200, { policy: pagePolicy(c, { styles: "'self' 'unsafe-inline'" }) });
  });

  return app;
};

/** A link in the framed mail opens a tab of its own: the sandbox lets nothing else happen. */
const inNewTab = (document: string): string => document.replace('<head>', '<head><base target="_blank">');
