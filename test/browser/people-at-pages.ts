import type { BrowserContext, Page } from 'playwright-core';
import { openBrowser, troubleIn } from './browser.ts';
import { goodPassword, type PagesServer } from './pages-server.ts';

// What a person sees and does at the pages, by the words on them and never by how they are made.

export type Language = 'en' | 'ja';

/** The words that the tests look for, written out here so that a changed text is noticed. */
export const words = {
  en: {
    email: 'E-mail address',
    password: 'Password',
    newPassword: 'New password',
    currentPassword: 'Current password',
    name: 'Your name',
    code: 'Six-digit code',
    logIn: 'Log in',
    register: 'Create account',
    checkYourMail: 'Check your mail',
    confirmAddress: 'Confirm this address',
    confirmed: 'Your address is confirmed',
    devices: 'Devices',
    thisDevice: 'this device',
    signOut: 'Sign out',
    signedOut: 'You are signed out',
    revoked: 'This device was signed out from another one.',
    forgot: 'Forgot your password?',
    sendLink: 'Send the link',
    resetTitle: 'Set a new password',
    saveNew: 'Save the new password',
    resetDone: 'Your password was changed',
    wrong: "That e-mail and password don't match.",
    deleteTitle: 'Delete account',
    deleteButton: 'Delete my account',
    deleted: 'Your account was deleted',
    profile: 'Profile',
  },
  ja: {
    email: 'メールアドレス',
    password: 'パスワード',
    newPassword: '新しいパスワード',
    currentPassword: '現在のパスワード',
    name: 'お名前',
    code: '6桁の確認コード',
    logIn: 'ログイン',
    register: 'アカウントを作成する',
    checkYourMail: 'メールをご確認ください',
    confirmAddress: 'メールアドレスを確認する',
    confirmed: '確認が完了しました',
    devices: '端末',
    thisDevice: 'この端末',
    signOut: 'サインアウト',
    signedOut: 'サインアウトしました',
    revoked: '別の端末からの操作により、この端末をサインアウトしました。',
    forgot: 'パスワードをお忘れですか？',
    sendLink: 'リンクを送信する',
    resetTitle: '新しいパスワードの設定',
    saveNew: '新しいパスワードを保存する',
    resetDone: 'パスワードを変更しました',
    wrong: 'メールアドレスまたはパスワードが正しくありません。',
    deleteTitle: 'アカウントの削除',
    deleteButton: 'アカウントを削除する',
    deleted: 'アカウントと、それに関するすべての情報を削除しました。',
    profile: 'プロフィール',
  },
} as const satisfies Record<Language, Record<string, string>>;

export type Person = { context: BrowserContext; page: Page; trouble: string[] };

export const locales: Record<Language, string> = { en: 'en-US', ja: 'ja-JP' };

export const personAt = async (
  { url }: PagesServer,
  path: string,
  options: Parameters<typeof openBrowser>[0] & { language?: Language } = {},
): Promise<Person> => {
  const { language = 'en', ...rest } = options;
  const context = await openBrowser({ locale: locales[language], baseURL: url, ...rest });
  const page = await context.newPage();
  const trouble = troubleIn(page);
  await page.goto(path);
  return { context, page, trouble };
};

export const heading = (page: Page, text: string) => page.getByRole('heading', { level: 1, name: text, exact: true });

export const typeLogIn = async (page: Page, email: string, password: string, language: Language = 'en') => {
  await page.getByLabel(words[language].email, { exact: true }).fill(email);
  await page.getByLabel(words[language].password, { exact: true }).fill(password);
  await page.getByRole('button', { name: words[language].logIn, exact: true }).click();
};

export const loggedInAt = async (
  server: PagesServer,
  email: string,
  options: Parameters<typeof personAt>[2] = {},
): Promise<Person> => {
  const language = options?.language ?? 'en';
  const person = await personAt(server, '/auth/log-in', options);
  await typeLogIn(person.page, email, goodPassword, language);
  await heading(person.page, words[language].profile).waitFor();
  return person;
};
