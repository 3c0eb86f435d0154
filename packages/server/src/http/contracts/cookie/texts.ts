import type { Locale } from '@tegata/core';

/** The contract's texts. The English ones are literal parts of it; a text missing in one language does not compile. */
const en = {
  done: {
    signedUp: 'Registration successful',
    signedIn: 'Login successful',
    signedOut: 'Successfully signed out',
    accountDeleted: 'Account has been permanently deleted',
    resetSent: 'If the email address exists, a password reset link has been sent',
    resetDone: 'Password has been reset successfully. Please log in with your new password',
    passwordChanged: 'Password has been changed successfully',
  },

  /** Also where there was one device only: the words are the contract's. */
  signedOutEverywhere: (devices: number): string => `Logged out from ${devices} devices`,

  failures: {
    validationFailed: 'validation failed',
    invalidBody: 'Invalid request body',
    unsupportedMediaType: 'Content-Type must be application/json',
    bodyTooLarge: 'Request body is too large',
    methodNotAllowed: 'Method not allowed',
    notFound: 'Not found',
    foreignOrigin: 'Request from a foreign origin',
    csrfMissing: 'CSRF token missing',
    csrfMismatch: 'CSRF token mismatch',
    rateLimited: 'Too many requests. Please try again later',
    internal: 'Internal server error',
    unavailable: 'Service temporarily unavailable. Please try again',

    emailTaken: 'email address is already registered',
    invalidCredentials: 'Invalid credentials',
    refreshTokenInvalid: 'Invalid refresh token',
    tokenMissing: 'Missing authentication token',
    tokenInvalid: 'Invalid access token',
    tokenExpired: 'Access token has expired',
    passwordWrong: 'Password is incorrect',
    currentPasswordWrong: 'Current password is incorrect',
    noPassword: 'This account has no password',
    signInAgain: 'Please sign in again to do this',
    resetInvalid: 'Invalid or expired reset token',
    resetExpired: 'Reset token has expired',
    resetUsed: 'Reset token has already been used',
    providerUnsupported: 'Unsupported OAuth provider',
    authorizationCodeInvalid: 'Invalid authorization code',
    providerDenied: 'You did not allow the provider to log you in',
    providerAddressMissing: 'The provider gave no email address. Please add one there and verify it first',
    providerAddressUnverified: 'Please verify your email address at the provider first',
    providerTaken: 'Another account of this provider is already connected',
    accountNotActive: 'Account is not active',
  },

  /** With the minutes that are really left. */
  accountLocked: (minutes: number): string =>
    `Too many failed attempts. Please try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`,

  fields: {
    emailRequired: 'email is required',
    emailMalformed: 'email is not a valid address',
    passwordRequired: 'password is required',
    passwordTooShort: 'password must be at least 8 characters',
    passwordTooLong: 'password is too long',
    passwordTooCommon: 'password is too common',
    passwordSameAsEmail: 'password must not be your email address',
    passwordNotText: 'password contains characters that are not valid text',
    nameNotText: 'name must be text',
    nameLength: 'name must be 1 to 100 characters',
    nameControl: 'name must not contain control characters',
    rememberMeNotBoolean: 'remember_me must be true or false',
    tokenRequired: 'token is required',
    tokenTooLong: 'token is too long',
    codeRequired: 'code is required',
    codeTooLong: 'code is too long',
    stateTooLong: 'state is too long',
    redirectNotAllowed: 'redirect_to must be an address on an allowed origin',
    /** For whatever has no words of its own. */
    notValid: 'is not valid',
  },
} as const;

type Texts = {
  done: Record<keyof typeof en.done, string>;
  signedOutEverywhere: (devices: number) => string;
  failures: Record<keyof typeof en.failures, string>;
  accountLocked: (minutes: number) => string;
  fields: Record<keyof typeof en.fields, string>;
};

export type DoneText = keyof Texts['done'];
export type FailureText = keyof Texts['failures'];
export type FieldText = keyof Texts['fields'];

const ja: Texts = {
  done: {
    signedUp: '登録が完了しました',
    signedIn: 'ログインしました',
    signedOut: 'ログアウトしました',
    accountDeleted: 'アカウントを完全に削除しました',
    resetSent: 'ご登録のメールアドレスであれば、パスワード再設定用のリンクをお送りしました',
    resetDone: 'パスワードを再設定しました。新しいパスワードでログインしてください',
    passwordChanged: 'パスワードを変更しました',
  },

  signedOutEverywhere: (devices) => `${devices}台の端末からログアウトしました`,

  failures: {
    validationFailed: '入力内容に誤りがあります',
    invalidBody: 'リクエスト本文の形式が正しくありません',
    unsupportedMediaType: 'Content-Type は application/json にしてください',
    bodyTooLarge: 'リクエスト本文が大きすぎます',
    methodNotAllowed: 'このメソッドは使用できません',
    notFound: '見つかりません',
    foreignOrigin: '許可されていないオリジンからのリクエストです',
    csrfMissing: 'CSRFトークンがありません',
    csrfMismatch: 'CSRFトークンが一致しません',
    rateLimited: 'リクエストが多すぎます。しばらく待ってから再試行してください',
    internal: '内部サーバーエラーが発生しました',
    unavailable: 'サービスを一時的に利用できません。もう一度お試しください',

    emailTaken: 'このメールアドレスは既に登録されています',
    invalidCredentials: 'メールアドレスまたはパスワードが正しくありません',
    refreshTokenInvalid: 'リフレッシュトークンが無効です',
    tokenMissing: '認証トークンがありません',
    tokenInvalid: 'アクセストークンが無効です',
    tokenExpired: 'アクセストークンの有効期限が切れています',
    passwordWrong: 'パスワードが正しくありません',
    currentPasswordWrong: '現在のパスワードが正しくありません',
    noPassword: 'このアカウントにはパスワードが設定されていません',
    signInAgain: 'この操作を行うには、もう一度ログインしてください',
    resetInvalid: '再設定トークンが無効か、有効期限が切れています',
    resetExpired: '再設定トークンの有効期限が切れています',
    resetUsed: '再設定トークンはすでに使用されています',
    providerUnsupported: 'この外部サービスには対応していません',
    authorizationCodeInvalid: '認可コードが正しくありません',
    providerDenied: '外部サービスでログインが許可されませんでした',
    providerAddressMissing:
      '外部サービスにメールアドレスが登録されていません。先に外部サービスでメールアドレスを登録し、確認を済ませてください',
    providerAddressUnverified: '先に外部サービスでメールアドレスの確認を済ませてください',
    providerTaken: 'この外部サービスの別のアカウントがすでに連携されています',
    accountNotActive: 'アカウントは有効ではありません',
  },

  accountLocked: (minutes) => `ログインの失敗が続きました。${minutes}分後に再試行してください`,

  fields: {
    emailRequired: 'メールアドレスを入力してください',
    emailMalformed: 'メールアドレスの形式が正しくありません',
    passwordRequired: 'パスワードを入力してください',
    passwordTooShort: 'パスワードは8文字以上にしてください',
    passwordTooLong: 'パスワードが長すぎます',
    passwordTooCommon: 'よく使われているパスワードは使用できません',
    passwordSameAsEmail: 'メールアドレスと同じパスワードは使用できません',
    passwordNotText: 'パスワードに使用できない文字が含まれています',
    nameNotText: '名前は文字列で指定してください',
    nameLength: '名前は1〜100文字で入力してください',
    nameControl: '名前に制御文字は使用できません',
    rememberMeNotBoolean: 'remember_me は true または false で指定してください',
    tokenRequired: 'トークンを指定してください',
    tokenTooLong: 'トークンが長すぎます',
    codeRequired: '認可コードを指定してください',
    codeTooLong: '認可コードが長すぎます',
    stateTooLong: 'state が長すぎます',
    redirectNotAllowed: 'redirect_to には許可されたオリジンのURLを指定してください',
    notValid: '値が正しくありません',
  },
};

export const texts: Record<Locale, Texts> = { en, ja };
