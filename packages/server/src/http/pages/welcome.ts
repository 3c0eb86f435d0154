import type { Locale } from '@tegata/core';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { localeOf, page, sendPage } from './layout.ts';

// What a developer sees on opening the server in a browser: what runs here, and where to go next.

type Door = { path: string; name: string; purpose: string };
type WelcomeTexts = { title: string; lead: string; docs: Door; mailbox: Door; openapi: Door; health: Door };

const texts: Record<Locale, WelcomeTexts> = {
  en: {
    title: 'The authentication server is running',
    lead: 'This address answers programs. These pages are for people:',
    docs: { path: '/docs', name: 'Reference', purpose: 'Every call of the API, with its answers and errors.' },
    mailbox: {
      path: '/dev/mailbox',
      name: 'Mailbox',
      purpose: 'In development no mail leaves this machine. Links and codes wait here.',
    },
    openapi: { path: '/openapi.json', name: 'OpenAPI document', purpose: 'The same reference for generators and tools.' },
    health: { path: '/health/ready', name: 'Health', purpose: 'Whether the server and its database are ready.' },
  },
  ja: {
    title: '認証サーバーが動作しています',
    lead: 'このアドレスはプログラム向けのAPIです。ブラウザーでは次のページをご覧ください。',
    docs: { path: '/docs', name: 'リファレンス', purpose: 'APIのすべての呼び出しと、その応答やエラーの説明です。' },
    mailbox: {
      path: '/dev/mailbox',
      name: 'メールボックス',
      purpose: '開発環境のメールは外部に送信されません。リンクやコードはここで確認できます。',
    },
    openapi: { path: '/openapi.json', name: 'OpenAPIドキュメント', purpose: 'ツールやコード生成で使えるAPI定義です。' },
    health: { path: '/health/ready', name: '稼働状況', purpose: 'サーバーとデータベースの準備ができているかを返します。' },
  },
};

/** `GET /`. `mailbox` says whether the development mailbox is mounted. */
export const createWelcomePage = ({ mailbox }: { mailbox: boolean }): Hono =>
  new Hono().get('/', (c) => {
    const locale = localeOf(c);
    const { title, lead, ...doors } = texts[locale];
    const shown = [doors.docs, ...(mailbox ? [doors.mailbox] : []), doors.openapi, doors.health];
    const body = html`<main class="card">
<h1>${title}</h1>
<p>${lead}</p>
<ul class="doors">${shown.map(
      (door) => html`
<li><a href="${door.path}">${door.name}</a><span class="quiet">${door.purpose}</span></li>`,
    )}
</ul>
</main>`;
    return sendPage(c, page({ title, locale, body, width: 'middle', inLanguage: (other) => `/?lang=${other}` }));
  });
