import type { Locale } from '@tegata/core';

type MailboxTexts = {
  title: string;
  lead: string;
  searchLabel: string;
  search: string;
  all: string;
  emptyTitle: string;
  empty: string;
  nothingFor: (to: string) => string;
  lookAgain: string;
  mails: string;
  back: string;
  gone: string;
  to: string;
  received: string;
  links: string;
  code: string;
  asShown: string;
  asText: string;
};

/** What the development mailbox says. */
export const mailboxTexts: Record<Locale, MailboxTexts> = {
  en: {
    title: 'Mailbox',
    lead: 'Mails of this development server. None of them leaves this machine.',
    searchLabel: 'Recipient',
    search: 'Search',
    all: 'Show all mails',
    emptyTitle: 'No mail yet',
    empty:
      'As soon as somebody registers, asks for a password reset or changes an address, the mail they would receive appears here, with its links and codes. To send mails for real, set SMTP_URL.',
    nothingFor: (to) => `No mail to “${to}” so far.`,
    lookAgain: 'Look again',
    mails: 'Mails, newest first',
    back: 'All mails',
    gone: 'This mail is no longer here.',
    to: 'To',
    received: 'Sent',
    links: 'Link',
    code: 'Code',
    asShown: 'The mail as it looks',
    asText: 'Plain text',
  },
  ja: {
    title: 'メールボックス',
    lead: 'この開発サーバーが作成したメールです。外部には送信されません。',
    searchLabel: '宛先',
    search: '検索',
    all: 'すべてのメールを表示',
    emptyTitle: 'メールはまだありません',
    empty:
      '登録、パスワードの再設定、メールアドレスの変更などを行うと、本来送信されるメールが、リンクやコードとともにここに表示されます。実際に送信するには、SMTP_URLを設定してください。',
    nothingFor: (to) => `「${to}」宛のメールはまだありません。`,
    lookAgain: '再読み込み',
    mails: 'メール（新しい順）',
    back: 'メール一覧へ',
    gone: 'このメールはもうありません。',
    to: '宛先',
    received: '送信日時',
    links: 'リンク',
    code: 'コード',
    asShown: 'メールの表示',
    asText: 'テキスト形式',
  },
};
