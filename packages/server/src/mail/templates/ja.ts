import type { MailTemplates } from '../mail-content.ts';
import { oneLine } from '../one-line.ts';
import { dateInWords } from '../time-in-words.ts';

const dear = (name: string): string => (name === '' ? 'ご利用ありがとうございます。' : `${name} 様`);

const either = (labels: readonly string[]): string =>
  new Intl.ListFormat('ja', { type: 'disjunction' }).format(labels.map(oneLine));

export const ja: MailTemplates = {
  verify_registration: (mail, { name, link, works }) => ({
    subject: 'メールアドレスの確認をお願いします',
    greeting: dear(name),
    lead:
      name === ''
        ? 'このメールアドレスを使って、アカウントが登録されました。ご自身のアドレスであることを確認してください。'
        : `このメールアドレスを使って、「${name}」というお名前でアカウントが登録されました。ご自身のアドレスであることを確認してください。`,
    button: { label: 'メールアドレスを確認する', url: link('/auth/verify-email', mail.token) },
    code: { label: '登録画面に次のコードを入力しても確認できます。', digits: mail.code },
    expiry: `${works(mail.expiresAt)}有効です。`,
    ifNotYou: '登録にお心当たりがない場合は、このメールをそのまま破棄してください。アドレスが確認済みになることはありません。',
  }),
  verify_added_email: (mail, { name, link, works }) => ({
    subject: '追加するメールアドレスの確認をお願いします',
    greeting: dear(name),
    lead: 'このメールアドレスをアカウントに追加する手続きがありました。ご自身のアドレスであることを確認してください。',
    button: { label: 'メールアドレスを確認する', url: link('/auth/verify-email', mail.token) },
    code: { label: 'アドレスを追加した画面に次のコードを入力しても確認できます。', digits: mail.code },
    expiry: `${works(mail.expiresAt)}有効です。`,
    ifNotYou: 'お心当たりがない場合は、このメールをそのまま破棄してください。アドレスが確認済みになることはありません。',
  }),
  already_registered: (_mail, { name }) => ({
    subject: 'すでにアカウントをお持ちです',
    greeting: dear(name),
    lead: 'このメールアドレスを登録しようとする操作がありました。すでにお客様のアカウントでお使いのアドレスですので、何も変更していません。',
    next: 'ご本人の操作でしたら、いつもどおりログインしてください。パスワードをお忘れの場合は、ログイン画面から再設定できます。',
    ifNotYou: 'お心当たりがない場合も、ご対応は不要です。第三者がログインしたわけではありません。',
  }),
  reset_password: (mail, { name, link, works }) => ({
    subject: 'パスワードの再設定',
    greeting: dear(name),
    lead: 'パスワード再設定のご依頼を受け付けました。こちらから新しいパスワードを設定してください。',
    button: { label: '新しいパスワードを設定する', url: link('/auth/reset-password', mail.token) },
    expiry: `${works(mail.expiresAt)}有効で、1回だけご利用になれます。`,
    ifNotYou: 'お心当たりがない場合は、このメールをそのまま破棄してください。現在のパスワードは変わりません。',
  }),
  no_password: (mail, { name }) => ({
    subject: 'ログイン方法のご案内',
    greeting: dear(name),
    lead: `パスワード再設定のご依頼を受け付けましたが、このアカウントにはパスワードがありません。${either(mail.providers)}を使ってログインするアカウントです。`,
    next: `ログイン画面で、${either(mail.providers)}を選んでください。ログインしたあとで、パスワードを設定することもできます。`,
    ifNotYou: 'お心当たりがない場合も、ご対応は不要です。',
  }),
  password_set: (mail, { name }) => ({
    subject: 'パスワードが設定されました',
    greeting: dear(name),
    lead: `${dateInWords(mail.at, 'ja')}に、アカウントのパスワードが設定されました。これからは、このパスワードでもログインできます。`,
    ifNotYou:
      'お心当たりがない場合は、今すぐログイン画面からパスワードを再設定してください。すべての端末からサインアウトします。',
  }),
  connection_added: (mail, { name }) => ({
    subject: `${oneLine(mail.provider)}との連携が追加されました`,
    greeting: dear(name),
    lead: `${oneLine(mail.provider)}を使って、アカウントにログインできるようになりました。`,
    ifNotYou: `お心当たりがない場合は、ログインして${oneLine(mail.provider)}との連携を解除し、すべての端末からログアウトしてください。`,
  }),
  connection_removed: (mail, { name }) => ({
    subject: `${oneLine(mail.provider)}との連携が解除されました`,
    greeting: dear(name),
    lead: `${oneLine(mail.provider)}を使って、アカウントにログインすることはできなくなりました。`,
    ifNotYou: 'お心当たりがない場合は、ログインしてもう一度連携し、すべての端末からログアウトしてください。',
  }),
  password_changed: (mail, { name }) => ({
    subject: 'パスワードが変更されました',
    greeting: dear(name),
    lead: `${dateInWords(mail.at, 'ja')}に、アカウントのパスワードが変更されました。安全のため、ほかの端末からはサインアウトしています。`,
    ifNotYou: 'お心当たりがない場合は、今すぐログイン画面からパスワードを再設定してください。',
  }),
  email_added: (mail, { name }) => ({
    subject: 'アカウントにメールアドレスが追加されました',
    greeting: dear(name),
    lead: `${oneLine(mail.newEmail)} がアカウントに追加されました。このアドレスは、ログインとパスワードの再設定に使えます。`,
    ifNotYou:
      'お心当たりがない場合は、今すぐパスワードを再設定してください。すべての端末からサインアウトします。そのあと、追加されたアドレスを削除してください。',
  }),
  primary_email_changed: (mail, { name, link, works }) => ({
    subject: 'アカウントのメールアドレスが変更されました',
    greeting: dear(name),
    lead: `アカウントのメインのメールアドレスが ${oneLine(mail.newEmail)} に変更されました。ご本人の操作でしたら、ご対応は不要です。`,
    button: { label: '変更を取り消す', url: link('/auth/undo-email', mail.token), undoes: true },
    expiry: `${works(mail.expiresAt)}有効です。`,
    ifNotYou:
      'お心当たりがない場合は、今すぐ変更を取り消してください。このアドレスがメインに戻り、ほかのアドレスは削除され、すべての端末からサインアウトします。',
  }),
  primary_email_restored: (_mail, { name }) => ({
    subject: 'メールアドレスを元に戻しました',
    greeting: dear(name),
    lead: '変更を取り消しました。このアドレスがアカウントのメインに戻り、すべての端末からサインアウトしました。',
    next: '以前のパスワードは第三者に知られているおそれがあります。別のメールでお送りするリンクから、すぐに新しいパスワードを設定してください。',
    ifNotYou:
      'お心当たりがない場合は、メールが第三者に読まれているおそれがあります。まずメールサービスのパスワードを変更してください。',
  }),
  account_closed: (_mail, { name, host }) => ({
    subject: 'アカウントを削除しました',
    greeting: dear(name),
    lead: 'アカウントを削除し、すべての端末からサインアウトしました。',
    next: 'このメールアドレスは、いつでもあらためてご登録いただけます。',
    ifNotYou: `お心当たりがない場合は、すぐに ${host} の運営者にご連絡ください。`,
  }),
};
