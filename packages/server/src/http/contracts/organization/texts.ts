import type { Locale } from '@tegata/core';

/** The contract's texts. The Japanese ones are literal parts of it; a text missing in one language does not compile. */
const ja = {
  done: {
    loggedOut: 'ログアウトしました',
    resetSent: 'パスワードリセット手順を記載したメールを送信しました',
    resetDone: 'パスワードが正常にリセットされました',
  },

  failures: {
    VALIDATION_ERROR: '入力データが不正です',
    INVALID_REQUEST: 'リクエスト本文の形式が正しくありません',
    AUTH_REQUIRED: '認証が必要です',
    TOKEN_EXPIRED: 'アクセストークンの有効期限が切れています',
    INVALID_TOKEN: 'トークンが無効です',
    INVALID_CREDENTIALS: 'メールアドレスまたはパスワードが正しくありません',
    INVALID_REFRESH_TOKEN: 'リフレッシュトークンが無効です',
    REFRESH_TOKEN_EXPIRED: 'リフレッシュトークンの有効期限が切れています。再度ログインしてください',
    INVALID_RESET_TOKEN: 'パスワードリセットトークンが無効です',
    RESET_TOKEN_EXPIRED: 'パスワードリセットトークンの有効期限が切れています。再度リクエストしてください',
    DUPLICATE_EMAIL: 'このメールアドレスは既に使用されています',
    INVALID_AUTHORIZATION_CODE: '認可コードが無効です',
    PROVIDER_DENIED: '外部サービスでログインが許可されませんでした',
    PROVIDER_EMAIL_MISSING:
      '外部サービスにメールアドレスが登録されていません。先に外部サービスでメールアドレスを登録し、確認を済ませてください',
    PROVIDER_EMAIL_UNVERIFIED: '先に外部サービスでメールアドレスの確認を済ませてください',
    PROVIDER_ALREADY_CONNECTED: 'この外部サービスの別のアカウントがすでに連携されています',
    ACCOUNT_NOT_ACTIVE: 'アカウントは有効ではありません',
    CSRF_TOKEN_INVALID: 'CSRFトークンが無効です',
    PERMISSION_DENIED: 'このリソースにアクセスする権限がありません',
    NOT_FOUND: 'リソースが見つかりません',
    METHOD_NOT_ALLOWED: 'このメソッドは使用できません',
    PAYLOAD_TOO_LARGE: 'リクエスト本文が大きすぎます',
    UNSUPPORTED_MEDIA_TYPE: 'Content-Type には application/json を指定してください',
    RATE_LIMIT_EXCEEDED: 'リクエスト制限を超えました。しばらく待ってから再試行してください',
    INTERNAL_SERVER_ERROR: '内部サーバーエラーが発生しました',
    SERVICE_UNAVAILABLE: 'サービスを一時的に利用できません。しばらく待ってから再試行してください',
  },

  /** `ACCOUNT_LOCKED`, with the minutes that are really left. */
  accountLocked: (minutes: number): string => `ログイン試行回数が多すぎます。${minutes}分後に再試行してください`,

  fields: {
    emailRequired: 'メールアドレスを入力してください',
    emailMalformed: 'メールアドレスの形式が正しくありません',
    passwordRequired: 'パスワードを入力してください',
    passwordTooShort: 'パスワードは8文字以上である必要があります',
    passwordTooLong: 'パスワードが長すぎます',
    passwordTooCommon: 'よく使われているパスワードは使用できません',
    passwordSameAsEmail: 'メールアドレスと同じパスワードは使用できません',
    passwordNotText: 'パスワードに使用できない文字が含まれています',
    nameRequired: '名前を入力してください',
    nameLength: '名前は1文字以上50文字以下で入力してください',
    nameControl: '名前に制御文字は使用できません',
    organizationNameRequired: '組織名を入力してください',
    organizationNameLength: '組織名は1文字以上100文字以下で入力してください',
    organizationNameControl: '組織名に制御文字は使用できません',
    rememberMeNotBoolean: 'rememberMe には true または false を指定してください',
    refreshTokenNotText: 'refreshToken には文字列を指定してください',
    tokenRequired: 'トークンを指定してください',
    providerUnsupported: 'この外部サービスには対応していません',
    redirectNotAllowed: 'redirectTo には許可されたオリジンのURLを指定してください',
    codeRequired: '認可コードを指定してください',
    codeTooLong: '認可コードが長すぎます',
    stateTooLong: 'state が長すぎます',
    fieldUnknown: '存在しないフィールド名が指定されています',
    /** For whatever has no words of its own. */
    notValid: '値が正しくありません',
  },
};

type Texts = typeof ja;

const en: Texts = {
  done: {
    loggedOut: 'You have been logged out',
    resetSent: 'We have sent an email with instructions for resetting your password',
    resetDone: 'Your password has been reset',
  },

  failures: {
    VALIDATION_ERROR: 'The input is not valid',
    INVALID_REQUEST: 'The request body is not valid',
    AUTH_REQUIRED: 'Authentication is required',
    TOKEN_EXPIRED: 'The access token has expired',
    INVALID_TOKEN: 'The token is not valid',
    INVALID_CREDENTIALS: 'The email address or password is incorrect',
    INVALID_REFRESH_TOKEN: 'The refresh token is not valid',
    REFRESH_TOKEN_EXPIRED: 'The refresh token has expired. Please log in again',
    INVALID_RESET_TOKEN: 'The password reset token is not valid',
    RESET_TOKEN_EXPIRED: 'The password reset token has expired. Please request a new one',
    DUPLICATE_EMAIL: 'This email address is already in use',
    INVALID_AUTHORIZATION_CODE: 'The authorization code is not valid',
    PROVIDER_DENIED: 'You did not allow the provider to log you in',
    PROVIDER_EMAIL_MISSING: 'The provider gave no email address. Please add one there and verify it first',
    PROVIDER_EMAIL_UNVERIFIED: 'Please verify your email address at the provider first',
    PROVIDER_ALREADY_CONNECTED: 'Another account of this provider is already connected',
    ACCOUNT_NOT_ACTIVE: 'The account is not active',
    CSRF_TOKEN_INVALID: 'The CSRF token is not valid',
    PERMISSION_DENIED: 'You do not have permission to access this resource',
    NOT_FOUND: 'The resource was not found',
    METHOD_NOT_ALLOWED: 'This method is not allowed',
    PAYLOAD_TOO_LARGE: 'The request body is too large',
    UNSUPPORTED_MEDIA_TYPE: 'The content type must be application/json',
    RATE_LIMIT_EXCEEDED: 'Too many requests. Please wait a while and try again',
    INTERNAL_SERVER_ERROR: 'An internal server error occurred',
    SERVICE_UNAVAILABLE: 'The service is temporarily unavailable. Please wait a while and try again',
  },

  accountLocked: (minutes) => `Too many login attempts. Please try again in ${minutes === 1 ? '1 minute' : `${minutes} minutes`}`,

  fields: {
    emailRequired: 'Email address is required',
    emailMalformed: 'Email address is not valid',
    passwordRequired: 'Password is required',
    passwordTooShort: 'Password must be at least 8 characters',
    passwordTooLong: 'Password is too long',
    passwordTooCommon: 'Password is too common',
    passwordSameAsEmail: 'Password must not be your email address',
    passwordNotText: 'Password contains characters that are not valid text',
    nameRequired: 'Name is required',
    nameLength: 'Name must be 1 to 50 characters',
    nameControl: 'Name must not contain control characters',
    organizationNameRequired: 'Organization name is required',
    organizationNameLength: 'Organization name must be 1 to 100 characters',
    organizationNameControl: 'Organization name must not contain control characters',
    rememberMeNotBoolean: 'rememberMe must be true or false',
    refreshTokenNotText: 'refreshToken must be a string',
    tokenRequired: 'Token is required',
    providerUnsupported: 'This provider is not supported',
    redirectNotAllowed: 'redirectTo must be an address on an allowed origin',
    codeRequired: 'Authorization code is required',
    codeTooLong: 'Authorization code is too long',
    stateTooLong: 'state is too long',
    fieldUnknown: 'There is no field of this name',
    notValid: 'The value is not valid',
  },
};

export const texts: Record<Locale, Texts> = { ja, en };

/** Also the machine codes: each failure has one text, but for the lock, whose text has the minutes. */
export type FailureCode = keyof Texts['failures'] | 'ACCOUNT_LOCKED';
export type FieldText = keyof Texts['fields'];
export type DoneText = keyof Texts['done'];
