import type { Locale } from '@tegata/core';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { localeOf, page, sendPage } from './layout.ts';

// What a developer sees on opening the server in a browser: what runs here, and where to go next.

type Door = { path: string; name: string; purpose: string };
type WelcomeTexts = {
  title: string;
  lead: string;
  forPeople: string;
  forDevelopers: string;
  register: Door;
  logIn: Door;
  account: Door;
  docs: Door;
  mailbox: Door;
  openapi: Door;
  health: Door;
};

const texts: Record<Locale, WelcomeTexts> = {
  en: {
    title: 'The authentication server is running',
    lead: 'Everything that can be opened here, for a first look around.',
    forPeople: 'What people see',
    forDevelopers: 'What developers use',
    register: { path: '/auth/register', name: 'Create an account', purpose: 'Try it with any address: the mail stays here.' },
    logIn: { path: '/auth/log-in', name: 'Log in', purpose: 'With “remember me”, a lockout and a way back in.' },
    account: { path: '/auth/account', name: 'Account', purpose: 'Profile, addresses, password, devices.' },
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
    lead: 'ここから開けるページの一覧です。まずはひととおりご覧ください。',
    forPeople: '利用者向けのページ',
    forDevelopers: '開発者向けのページ',
    register: {
      path: '/auth/register',
      name: '新規登録',
      purpose: 'どのアドレスでも試せます。メールは外部に送信されません。',
    },
    logIn: { path: '/auth/log-in', name: 'ログイン', purpose: 'ログイン状態の保持、ロック、パスワードの再設定を備えています。' },
    account: {
      path: '/auth/account',
      name: 'アカウント',
      purpose: 'プロフィール、メールアドレス、パスワード、端末を管理します。',
    },
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

/** `GET /`. The options say what is mounted: the development mailbox, the hosted pages. */
export const createWelcomePage = ({ mailbox, pages }: { mailbox: boolean; pages: boolean }): Hono =>
  new Hono().get('/', (c) => {
    const locale = localeOf(c);
    const { title, lead, forPeople, forDevelopers, ...doors } = texts[locale];
    const list = (shown: Door[]) => html`<ul class="doors">${shown.map(
      (door) => html`
<li><a href="${door.path}">${door.name}</a><span class="quiet">${door.purpose}</span></li>`,
    )}
</ul>`;
    const body = html`<main class="card">
<h1>${title}</h1>
<p>${lead}</p>
${pages && html`<h2>${forPeople}</h2>${list([doors.register, doors.logIn, doors.account])}`}
<h2>${forDevelopers}</h2>
${list([...(mailbox ? [doors.mailbox] : []), doors.docs, doors.openapi, doors.health])}
</main>`;
    return sendPage(c, page(c, { title, locale, body, width: 'middle', inLanguage: (other) => `/?lang=${other}` }));
  });
