import { durationIn } from '../time-in-words.ts';
import type { Texts } from './texts.ts';

// 日本語の文言。英語版と同じ形でなければコンパイルできません。

const duration = (seconds: number): string => durationIn('ja', seconds);

export const ja: Texts = {
  titles: {
    logIn: 'ログイン',
    register: 'アカウントの作成',
    checkYourMail: 'メールをご確認ください',
    verifyEmail: 'メールアドレスの確認',
    forgotPassword: 'パスワードの再設定',
    resetPassword: '新しいパスワードの設定',
    undoEmail: 'メールアドレスの変更を取り消しますか？',
    signedOut: 'サインアウトしました',
    callback: 'ログインしています',
    profile: 'プロフィール',
    addresses: 'メールアドレス',
    password: 'パスワード',
    sessions: '端末',
    connections: '連携サービス',
    deleteAccount: 'アカウントの削除',
  },

  frame: {
    toDark: 'ダークテーマ',
    toLight: 'ライトテーマ',
    toHome: (brand) => `${brand} 最初のページ`,
    loading: 'お待ちください…',
  },

  form: {
    email: 'メールアドレス',
    password: 'パスワード',
    newPassword: '新しいパスワード',
    currentPassword: '現在のパスワード',
    name: 'お名前',
    code: '6桁の確認コード',
    show: '表示',
    hide: '隠す',
    showPassword: 'パスワードを表示',
    hidePassword: 'パスワードを隠す',
    passwordHint: '8文字以上で入力してください。関係のない単語をいくつか並べると、覚えやすく、推測されにくくなります。',
    nameHint: 'メールなどでお呼びする際に使います。',
    strength: {
      short: '文字数が足りません',
      weak: '推測されやすいパスワードです',
      fair: 'まずまずの強さです',
      strong: '推測されにくいパスワードです',
    },
    slow: '通常より時間がかかっています。処理は続いていますので、このままお待ちください。',
    summary: (count) => `${count}か所、ご確認ください`,
    cancel: 'キャンセル',
  },

  problems: {
    emailMissing: 'メールアドレスを入力してください。',
    emailMalformed: 'ada@example.com のような形式で入力してください。',
    passwordMissing: 'パスワードを入力してください。',
    newPasswordMissing: 'パスワードを決めて入力してください。',
    passwordShort: '8文字以上で入力してください。',
    passwordLong: 'パスワードが長すぎます。もう少し短くしてください。',
    passwordGuessable:
      '推測されやすいパスワードです。多くの人が使っているものや、メールアドレスの一部は使えません。別のパスワードを入力してください。',
    nameMissing: 'お名前を入力してください。',
    nameLong: '100文字以内で、改行せずに入力してください。',
    codeIncomplete: 'メールに記載された6桁の数字をすべて入力してください。',
    codeWrong: 'コードが正しくないか、有効期限が切れています。最新のメールを確認するか、もう一度メールをお受け取りください。',
    notAccepted: 'この内容は受け付けられません。ご確認ください。',
  },

  trouble: {
    unreachable: (seconds) => `サーバーに接続できません。入力内容は失われていません。${seconds}秒後に再試行します。`,
    unreachableAsk: 'サーバーに接続できません。入力内容は失われていません。もう一度お試しください。',
    tryNow: '今すぐ再試行',
    tryAgain: 'もう一度試す',
    tooMany: (seconds) => `試行回数が多すぎます。${duration(seconds)}後にもう一度お試しください。`,
    unexpected: 'サーバー側で問題が発生しました。入力内容は失われていません。しばらくしてからもう一度お試しください。',
  },

  logIn: {
    submit: 'ログイン',
    busy: 'ログインしています…',
    remember: 'この端末でログインしたままにする',
    forgot: 'パスワードをお忘れですか？',
    newHere: 'アカウントをお持ちでない方は',
    register: '新規登録',
    or: 'または',
    continueWith: (provider) => `${provider}で続ける`,
    wrong: 'メールアドレスまたはパスワードが正しくありません。入力内容を確認するか、',
    wrongReset: 'パスワードを再設定',
    wrongEnd: 'してください。',
    locked: (seconds) => `試行回数が多すぎます。${duration(seconds)}後にもう一度お試しいただくか、`,
    lockedReset: '今すぐパスワードを再設定',
    lockedEnd: 'してください。',
    unlocked: 'もう一度お試しいただけます。',
    unverified: 'メールアドレスの確認がまだ済んでいません。お送りしたメールのリンクを開くか、',
    unverifiedResend: 'メールをもう一度お受け取り',
    unverifiedEnd: 'ください。',
    suspended: 'このアカウントは停止されています。このサービスの運営者にお問い合わせください。',
    deactivated: 'このアカウントは無効になっています。このサービスの運営者にお問い合わせください。',
    noPassword: 'このアカウントにはパスワードがありません。ご登録に使ったサービスでログインしてください。',
  },

  register: {
    submit: 'アカウントを作成する',
    busy: '作成しています…',
    haveOne: 'アカウントをお持ちの方は',
    logIn: 'ログイン',
    taken: 'このメールアドレスはすでに登録されています。ログインするか、パスワードを再設定してください。',
  },

  checkYourMail: {
    sent: (email) => `${email} に確認用のリンクを送りました。24時間有効です。`,
    either: 'リンクを開くか、同じメールに記載されたコードをここに入力してください。',
    submit: '確認する',
    busy: '確認しています…',
    nothing: 'メールが届かない場合は、迷惑メールフォルダーを確認するか、',
    again: 'もう一度送信',
    nothingEnd: 'してください。',
    sentAgain: 'もう一度お送りしました。最新のメールをお使いください。',
    otherAddress: '別のメールアドレスを使う',
    ask: 'ご登録のメールアドレスを入力してください。確認が済んでいない場合は、メールをもう一度お送りします。',
    askSubmit: 'メールを送信する',
    mailbox: '開発環境：メールボックスを開く',
  },

  verifyEmail: {
    lead: 'ボタンを押すと、ご自身のメールアドレスであることの確認が完了します。',
    submit: 'メールアドレスを確認する',
    busy: '確認しています…',
    doneTitle: '確認が完了しました',
    done: 'ありがとうございます。ログインしてご利用ください。',
    goOn: 'ログイン',
    failedTitle: 'このリンクは使えません',
    failed:
      '有効期限が切れているか、新しいメールが届いている可能性があります。最新のメールをお使いいただくか、もう一度メールをお受け取りください。',
    taken:
      'このメールアドレスは、その後、別のアカウントで確認されました。そのアカウントでログインするか、別のアドレスをお使いください。',
    resend: 'メールをもう一度受け取る',
  },

  forgotPassword: {
    lead: 'メールアドレスを入力してください。新しいパスワードを設定するためのリンクをお送りします。',
    submit: 'リンクを送信する',
    busy: '送信しています…',
    doneTitle: 'メールをご確認ください',
    done: (email) => `${email} がご登録のアドレスであれば、新しいパスワードを設定するためのリンクをお送りしました。`,
    doneNext: '数分待っても届かない場合は、迷惑メールフォルダーや、アドレスに誤りがないかをご確認ください。',
    again: '別のアドレスで試す',
    back: 'ログインに戻る',
  },

  resetPassword: {
    lead: '保存すると、すべての端末からサインアウトします。新しいパスワードでログインし直してください。',
    submit: '新しいパスワードを保存する',
    busy: '保存しています…',
    doneTitle: 'パスワードを変更しました',
    done: 'すべての端末からサインアウトしました。新しいパスワードでログインしてください。',
    goOn: 'ログイン',
    failedTitle: 'このリンクは使えません',
    failed: 'リンクが使えるのは、最新のメールのもので、期限内に1回だけです。パスワードは変更されていません。',
    again: '新しいリンクを受け取る',
  },

  undoEmail: {
    lead: 'アカウントのメインのメールアドレスが変更されました。取り消すと元のアドレスだけに戻り、すべての端末からサインアウトします。',
    ifYou: 'ご自身で変更した場合は、このままページを閉じてください。変更はそのまま残ります。',
    submit: '変更を取り消す',
    busy: '取り消しています…',
    doneTitle: '変更を取り消しました',
    done: '元のメールアドレスに戻し、すべての端末からサインアウトしました。お送りしたメールのリンクから、すぐに新しいパスワードを設定してください。',
    failedTitle: 'このリンクは使えません',
    failed: 'すでに使用されたか、有効期限が切れています。変更にお心当たりがない場合は、このサービスの運営者にご連絡ください。',
  },

  incompleteLink: {
    title: 'リンクの一部が欠けています',
    lead: 'メールのリンクをもう一度開くか、リンク全体をアドレスバーに貼り付けてください。',
  },

  signedOut: {
    logIn: 'ログイン',
    reset: 'パスワードを再設定する',
    notYou: '心当たりがない場合は、',
    notYouReset: '今すぐ再設定してください。',
    reasons: {
      logged_out: 'ご利用ありがとうございました。',
      logged_out_everywhere: 'すべての端末からまとめてサインアウトしました。',
      session_revoked: '別の端末からの操作により、この端末をサインアウトしました。',
      session_limit: 'ログイン中の端末が多いため、最も長く使われていない端末をサインアウトしました。',
      session_expired: 'しばらくご利用がなかったため、安全のためサインアウトしました。もう一度ログインしてください。',
      refresh_reuse:
        'このセッションの古い鍵が再び使われました。第三者に複製された可能性があるため、安全のためセッションを終了しました。',
      password_changed: '別の端末でパスワードが変更されたため、サインアウトしました。',
      password_reset: 'パスワードが再設定されたため、サインアウトしました。',
      email_change_undone: 'メールアドレスの変更が取り消されたため、すべての端末からサインアウトしました。',
      account_suspended: 'このアカウントは停止されています。このサービスの運営者にお問い合わせください。',
      account_deactivated: 'このアカウントは無効になっています。このサービスの運営者にお問い合わせください。',
      account_closed: 'アカウントと、それに関するすべての情報を削除しました。',
      unknown: 'セッションが終了しました。もう一度ログインしてください。',
    },
  },

  callback: {
    lead: '連携先のサービスとの手続きを完了しています。そのままお待ちください。',
    failedTitle: '手続きを完了できませんでした',
    ends: {
      provider_denied: '連携先のサービスで確認が得られなかったか、キャンセルされました。何も変更していません。',
      address_missing:
        '連携先のサービスからメールアドレスを受け取れませんでした。そちらで登録と確認を済ませてから、もう一度お試しください。',
      address_unverified:
        '連携先のサービスで、メールアドレスの確認がまだ済んでいません。そちらで確認してから、もう一度お試しください。',
      connected_to_other: '連携先のそのアカウントは、ほかの方のアカウントとすでに連携しています。何も変更していません。',
      provider_taken: 'そのサービスの別のアカウントと、すでに連携しています。先に連携を解除してください。',
      verify_own_address:
        '先にこのサービスでメールアドレスを確認してください。お送りしたメールのリンクを開いてから、もう一度お試しください。',
      account_suspended: 'このアカウントは停止されています。このサービスの運営者にお問い合わせください。',
      account_deactivated: 'このアカウントは無効になっています。このサービスの運営者にお問い合わせください。',
      failed: '連携先のサービスとの手続きを完了できませんでした。もう一度最初からお試しください。',
      unavailable: '連携先のサービスから応答がありません。しばらくしてからもう一度お試しください。',
    },
    back: 'ログインに戻る',
  },

  account: {
    nav: 'アカウント',
    logOut: 'ログアウト',
    loggingOut: 'ログアウトしています…',
    saved: '保存しました。',
  },

  profile: {
    lead: 'このサービスでお呼びするお名前です。',
    submit: '保存する',
    busy: '保存しています…',
    since: (date) => `${date}からご利用いただいています。`,
  },

  addresses: {
    lead: 'メールはメインのアドレスに届きます。確認済みのアドレスは、どれでもログインに使えます。',
    main: 'メイン',
    confirmed: '確認済み',
    waiting: '未確認',
    makeMain: 'メインにする',
    remove: '削除',
    removeOf: (email) => `${email} を削除`,
    makeMainOf: (email) => `${email} をメインにする`,
    enterCode: 'コードを入力',
    enterCodeFor: (email) => `${email} のコードを入力`,
    codeSent: (email) => `${email} に確認コードを送りました。`,
    add: 'アドレスを追加',
    submit: '追加する',
    busy: '追加しています…',
    confirm: '確認する',
    taken: 'このアドレスは追加できません。すでにアカウントで使われています。',
    many: 'これ以上は追加できません。先にほかのアドレスを削除してください。',
    removed: 'アドレスを削除しました。',
    mainChanged: 'メインのアドレスを変更しました。以前のアドレスには、72時間以内なら変更を取り消せるメールをお送りしました。',
    canUndo: 'このアドレスでは、まだメインの変更を取り消せます。遅くとも72時間後には削除できるようになります。',
  },

  password: {
    lead: '変更すると、ほかの端末からはサインアウトし、メールでもお知らせします。',
    submit: 'パスワードを変更する',
    busy: '変更しています…',
    wrong: '現在のパスワードが正しくありません。',
    done: 'パスワードを変更しました。ほかの端末からはサインアウトしました。',
    none: 'このアカウントにはパスワードがなく、ほかのサービスを使ってログインしています。パスワードを追加することもできます。',
    set: 'パスワードを追加する',
    added: 'これからは、パスワードでもログインできます。',
  },

  sessions: {
    lead: 'ログイン中の端末の一覧です。見覚えのない端末があれば、サインアウトしてからパスワードを変更してください。',
    current: 'この端末',
    at: (place) => place,
    localNetwork: '同じネットワーク内',
    lastUsed: (ago) => `最終利用：${ago}`,
    since: (date) => `${date}にログイン`,
    signOut: 'サインアウト',
    signOutOf: (device) => `${device}をサインアウト`,
    signOutOthers: 'ほかの端末をすべてサインアウト',
    signOutThis: 'この端末をサインアウト',
    onlyThis: 'ほかにログイン中の端末はありません。',
    signedOut: 'サインアウトしました。',
    othersSignedOut: 'ほかの端末をすべてサインアウトしました。',
    unknownBrowser: '不明なブラウザー',
    program: 'プログラム',
    on: (browser, system) => `${browser}（${system}）`,
  },

  connections: {
    lead: 'パスワードの代わりにログインに使えるサービスです。',
    none: '連携しているサービスはありません。',
    connect: (provider) => `${provider}と連携する`,
    remove: '連携を解除',
    removeOf: (provider) => `${provider}との連携を解除`,
    removed: '連携を解除しました。',
    lastWay: 'ログインする方法がほかにありません。先にパスワードを設定してください。',
    since: (date) => `${date}に連携`,
  },

  logInAgain: {
    lead: 'ご本人であることを確認するため、もう一度ログインしてください。ログイン後5分間、この操作ができます。',
    go: 'もう一度ログインする',
  },

  deleteAccount: {
    lead: 'アカウント、メールアドレス、すべてのセッションがただちに削除されます。元に戻すことはできません。',
    submit: 'アカウントを削除する',
    busy: '削除しています…',
    wrong: 'パスワードが正しくありません。',
  },
};
