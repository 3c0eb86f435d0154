import type { Locale } from '@tegata/core';

/** The contract's texts, each of them a failure. The English ones are literal parts of it; a text missing in one language does not compile. */
const en = {
  emailTaken: 'Email already registered',
  emailInvalid: 'Invalid email format',
  passwordTooShort: 'Password must be at least 8 characters long',
  passwordTooLong: 'Password is too long',
  passwordTooCommon: 'Password is too common',
  passwordSameAsEmail: 'Password must not be your email address',
  passwordNotText: 'Password contains characters that are not valid text',
  nameRequired: 'Name is required',
  nameTooLong: 'Name must be at most 100 characters long',
  nameControl: 'Name must not contain control characters',

  credentialsRequired: 'Email and password are required',
  credentialsWrong: 'Invalid email or password',
  authenticationRequired: 'Authentication required',
  authorizationMalformed: 'Invalid authorization header format',
  tokenInvalid: 'Invalid or expired token',

  bodyInvalid: 'Invalid request body',
  bodyTooLarge: 'Request body too large',
  unsupportedMediaType: 'Content type must be application/json',
  foreignOrigin: 'Request from a foreign origin',
  notFound: 'Not found',
  methodNotAllowed: 'Method not allowed',
  rateLimited: 'Too many requests, please try again later',
  internal: 'Internal server error',
  unavailable: 'Service temporarily unavailable, please try again',
} as const;

export type FailureText = keyof typeof en;
type Texts = Record<FailureText, string> & {
  /** With the time that is really left, rounded up: whoever comes back then must not find the lock still on. */
  accountLocked: (minutes: number) => string;
};

const ja: Texts = {
  emailTaken: 'このメールアドレスは既に登録されています',
  emailInvalid: 'メールアドレスの形式が正しくありません',
  passwordTooShort: 'パスワードは8文字以上にしてください',
  passwordTooLong: 'パスワードが長すぎます',
  passwordTooCommon: 'よく使われているパスワードは使用できません',
  passwordSameAsEmail: 'メールアドレスと同じパスワードは使用できません',
  passwordNotText: 'パスワードに使用できない文字が含まれています',
  nameRequired: '名前を入力してください',
  nameTooLong: '名前は100文字以内で入力してください',
  nameControl: '名前に制御文字は使用できません',

  credentialsRequired: 'メールアドレスとパスワードを入力してください',
  credentialsWrong: 'メールアドレスまたはパスワードが正しくありません',
  authenticationRequired: '認証が必要です',
  authorizationMalformed: 'Authorization ヘッダーの形式が正しくありません',
  tokenInvalid: 'トークンが無効か、有効期限が切れています',

  bodyInvalid: 'リクエスト本文の形式が正しくありません',
  bodyTooLarge: 'リクエスト本文が大きすぎます',
  unsupportedMediaType: 'Content-Type は application/json にしてください',
  foreignOrigin: '許可されていないオリジンからのリクエストです',
  notFound: '見つかりません',
  methodNotAllowed: 'このメソッドは使用できません',
  rateLimited: 'リクエストが多すぎます。しばらく待ってから再試行してください',
  internal: '内部サーバーエラーが発生しました',
  unavailable: 'サービスを一時的に利用できません。もう一度お試しください',

  accountLocked: (minutes) => `ログインの失敗が続きました。${minutes}分後に再試行してください`,
};

export const texts: Record<Locale, Texts> = {
  en: {
    ...en,
    accountLocked: (minutes) =>
      `Too many failed login attempts. Please try again in ${minutes === 1 ? '1 minute' : `${minutes} minutes`}`,
  },
  ja,
};
