import type { Locale, PasswordProblem } from '@tegata/core';

// What the pages behind mailed links say. A text that one language lacks does not compile.

type Ending = { title: string; lead: string };

export type PageTexts = {
  incomplete: Ending;
  tooLarge: Ending;
  tooManyAttempts: (seconds: number) => string;
  unavailable: (seconds: number) => string;
  verify: Ending & {
    button: string;
    done: Ending;
    already: Ending;
    token_invalid: Ending;
    token_expired: Ending;
    email_taken: Ending;
  };
  reset: Ending & {
    label: string;
    hint: string;
    button: string;
    done: Ending;
    token_invalid: Ending;
    token_used: Ending;
    token_expired: Ending;
    problems: Record<PasswordProblem, string>;
  };
  undo: Ending & {
    ifYou: string;
    button: string;
    done: { title: string; lead: (address: string) => string };
    token_invalid: Ending;
    token_used: Ending;
    token_expired: Ending;
  };
};

const inEnglish = (seconds: number): string => {
  const [count, unit] = seconds < 60 ? [Math.max(1, seconds), 'second'] : [Math.ceil(seconds / 60), 'minute'];
  return `in ${count} ${unit}${count === 1 ? '' : 's'}`;
};
const inJapanese = (seconds: number): string => (seconds < 60 ? `${Math.max(1, seconds)}秒後` : `${Math.ceil(seconds / 60)}分後`);

const en: PageTexts = {
  incomplete: {
    title: 'This link is incomplete',
    lead: 'Part of it is missing. Please open the link in the mail once more, or copy the whole of it into the address bar.',
  },
  tooLarge: {
    title: 'That was too much',
    lead: 'The form was larger than we accept. Please open the link in the mail once more.',
  },
  tooManyAttempts: (seconds) => `Too many attempts. You can try again ${inEnglish(seconds)}.`,
  unavailable: (seconds) => `We can’t do this right now. Nothing was lost; please try again ${inEnglish(seconds)}.`,
  verify: {
    title: 'Confirm your address',
    lead: 'Press the button to confirm that this e-mail address is yours.',
    button: 'Confirm this address',
    done: { title: 'Your address is confirmed', lead: 'Thank you. You can close this page and log in.' },
    already: {
      title: 'Already confirmed',
      lead: 'This address was confirmed before. There is nothing left to do: you can log in.',
    },
    token_invalid: {
      title: 'This link does not work',
      lead: 'Perhaps a newer mail has replaced it. Please use the newest one, or ask for another mail on the log-in page.',
    },
    token_expired: {
      title: 'This link has expired',
      lead: 'It worked for a limited time only. Please ask for a new mail on the log-in page.',
    },
    email_taken: {
      title: 'This address is in use',
      lead: 'In the meantime it was confirmed for another account. Log in to that one, or choose a different address.',
    },
  },
  reset: {
    title: 'Set a new password',
    lead: 'When you save it, every device is signed out, and you log in with the new one.',
    label: 'New password',
    hint: 'At least 8 characters. A few words that have nothing to do with each other are easy to remember and hard to guess.',
    button: 'Save the new password',
    done: {
      title: 'Your password was changed',
      lead: 'Every device was signed out. You can close this page and log in with your new password.',
    },
    token_invalid: {
      title: 'This link does not work',
      lead: 'Perhaps a newer mail has replaced it. Please use the newest one, or ask for another mail on the log-in page.',
    },
    token_used: {
      title: 'This link has been used',
      lead: 'It works only once. If you want to change your password again, ask for another mail on the log-in page.',
    },
    token_expired: {
      title: 'This link has expired',
      lead: 'Your password is unchanged. Please ask for a new mail on the log-in page.',
    },
    problems: {
      too_short: 'This password is too short. Use at least 8 characters.',
      too_long: 'This password is too long to be kept whole. Use a shorter one.',
      too_common: 'Many people use this password, so it is among the first to be guessed. Choose another one.',
      not_text: 'This password contains characters that are not valid text. Choose another one.',
      same_as_email: 'This password is part of your e-mail address. Choose another one.',
    },
  },
  undo: {
    title: 'Undo the change of your address?',
    lead: 'The main e-mail address of your account was changed. Undoing it makes your earlier address the only one again and signs out every device.',
    ifYou: 'If you made the change yourself, just close this page. It stays as it is.',
    button: 'Undo the change',
    done: {
      title: 'The change was undone',
      lead: (address) =>
        `The address of your account is ${address} again, and every device was signed out. We have mailed you a link to set a new password; please use it now.`,
    },
    token_invalid: {
      title: 'This link does not work',
      lead: 'Please open the link in the mail once more. If that does not help, contact the people who run this service.',
    },
    token_used: { title: 'This link has been used', lead: 'The change was undone before. There is nothing left to do here.' },
    token_expired: {
      title: 'This link has expired',
      lead: 'The change can no longer be undone here. If you did not make it, contact the people who run this service.',
    },
  },
};

const ja: PageTexts = {
  incomplete: {
    title: 'リンクの一部が欠けています',
    lead: 'メールのリンクをもう一度開くか、リンク全体をアドレスバーに貼り付けてください。',
  },
  tooLarge: {
    title: '送信内容が大きすぎます',
    lead: '受け付けられる大きさを超えています。メールのリンクをもう一度開いてください。',
  },
  tooManyAttempts: (seconds) => `試行回数が多すぎます。${inJapanese(seconds)}にもう一度お試しください。`,
  unavailable: (seconds) => `ただいま処理できません。内容は失われていません。${inJapanese(seconds)}にもう一度お試しください。`,
  verify: {
    title: 'メールアドレスの確認',
    lead: 'ボタンを押すと、ご自身のメールアドレスであることの確認が完了します。',
    button: 'メールアドレスを確認する',
    done: {
      title: '確認が完了しました',
      lead: 'ありがとうございます。このページを閉じて、ログインしてください。',
    },
    already: {
      title: '確認はお済みです',
      lead: 'このメールアドレスはすでに確認されています。そのままログインしてご利用ください。',
    },
    token_invalid: {
      title: 'このリンクは使えません',
      lead: '新しいメールが届いている場合は、そちらのリンクをお使いください。見つからないときは、ログイン画面から確認メールをもう一度お送りできます。',
    },
    token_expired: {
      title: 'リンクの有効期限が切れています',
      lead: 'お手数ですが、ログイン画面から確認メールをもう一度お受け取りください。',
    },
    email_taken: {
      title: 'このアドレスは使われています',
      lead: 'その後、別のアカウントのアドレスとして確認されました。そのアカウントでログインするか、別のアドレスをお使いください。',
    },
  },
  reset: {
    title: '新しいパスワードの設定',
    lead: '保存すると、すべての端末からサインアウトします。新しいパスワードでログインし直してください。',
    label: '新しいパスワード',
    hint: '8文字以上で入力してください。関係のない単語をいくつか並べると、覚えやすく、推測されにくくなります。',
    button: '新しいパスワードを保存する',
    done: {
      title: 'パスワードを変更しました',
      lead: 'すべての端末からサインアウトしました。このページを閉じて、新しいパスワードでログインしてください。',
    },
    token_invalid: {
      title: 'このリンクは使えません',
      lead: '新しいメールが届いている場合は、そちらのリンクをお使いください。見つからないときは、ログイン画面からもう一度お手続きください。',
    },
    token_used: {
      title: 'このリンクは使用済みです',
      lead: 'リンクが使えるのは1回だけです。もう一度変更する場合は、ログイン画面からあらためてお手続きください。',
    },
    token_expired: {
      title: 'リンクの有効期限が切れています',
      lead: 'パスワードは変更されていません。お手数ですが、ログイン画面からもう一度お手続きください。',
    },
    problems: {
      too_short: 'パスワードが短すぎます。8文字以上で入力してください。',
      too_long: 'パスワードが長すぎます。もう少し短くしてください。',
      too_common: '多くの人が使っている、推測されやすいパスワードです。別のパスワードを入力してください。',
      not_text: 'パスワードに使用できない文字が含まれています。別のパスワードを入力してください。',
      same_as_email: 'メールアドレスと同じ文字列は使えません。別のパスワードを入力してください。',
    },
  },
  undo: {
    title: 'メールアドレスの変更を取り消しますか？',
    lead: 'アカウントのメインのメールアドレスが変更されました。取り消すと元のアドレスだけに戻り、すべての端末からサインアウトします。',
    ifYou: 'ご自身で変更した場合は、このままページを閉じてください。変更はそのまま残ります。',
    button: '変更を取り消す',
    done: {
      title: '変更を取り消しました',
      lead: (address) =>
        `メールアドレスを ${address} に戻し、すべての端末からサインアウトしました。お送りしたメールのリンクから、すぐに新しいパスワードを設定してください。`,
    },
    token_invalid: {
      title: 'このリンクは使えません',
      lead: 'メールのリンクをもう一度開いてください。それでも使えないときは、このサービスの運営者にご連絡ください。',
    },
    token_used: { title: 'このリンクは使用済みです', lead: '変更はすでに取り消されています。ここで必要な操作はもうありません。' },
    token_expired: {
      title: 'リンクの有効期限が切れています',
      lead: 'ここから変更を取り消すことはできません。変更にお心当たりがない場合は、このサービスの運営者にご連絡ください。',
    },
  },
};

export const pageTexts: Record<Locale, PageTexts> = { en, ja };
