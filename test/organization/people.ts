import { type Answer, type CallOptions, cookiePair, startServer, type TestServer } from '../server.ts';

// People for the tests of the organization contract, made through the product itself.

export const path = (call: string): string => `/api/auth/${call}`;

export const startOrganization = (settings: Record<string, string> = {}): Promise<TestServer> =>
  startServer({ TEGATA_CONTRACTS: 'organization', ...settings });

export const goodPassword = 'correct horse battery';

export const registration = (email: string, change: Record<string, unknown> = {}): Record<string, unknown> => ({
  email,
  password: goodPassword,
  name: '山田太郎',
  organizationName: '株式会社サンプル',
  ...change,
});

export const register = (
  server: TestServer,
  email: string,
  change: Record<string, unknown> = {},
  options: CallOptions = {},
): Promise<Answer> => server.call('POST', path('register'), { body: registration(email, change), ...options });

export const logIn = (
  server: TestServer,
  email: string,
  { password = goodPassword, rememberMe, ...options }: { password?: string; rememberMe?: unknown } & CallOptions = {},
): Promise<Answer> =>
  server.call('POST', path('login'), {
    body: { email, password, ...(rememberMe === undefined ? {} : { rememberMe }) },
    ...options,
  });

/** What somebody holds after an answer with tokens, in a program or in a browser. */
export type Person = {
  answer: Answer;
  accessToken: string;
  refreshToken: string;
  csrfToken: string;
  /** As a browser sends them back: `name=value`. */
  accessCookie: string;
  refreshCookie: string;
  csrfCookie: string;
};

const personOf = (answer: Answer): Person => {
  const csrfCookie = cookiePair(answer, 'csrf_token');
  return {
    answer,
    accessToken: answer.body.data.token.token,
    refreshToken: answer.body.data.token.refreshToken,
    csrfToken: csrfCookie.slice('csrf_token='.length),
    accessCookie: cookiePair(answer, 'access_token'),
    refreshCookie: cookiePair(answer, 'refresh_token'),
    csrfCookie,
  };
};

const expectStatus = (answer: Answer, status: number): Answer => {
  if (answer.status !== status) throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
};

export const registered = async (server: TestServer, email: string): Promise<Person> =>
  personOf(expectStatus(await register(server, email), 201));

export const loggedIn = async (server: TestServer, email: string, options: Parameters<typeof logIn>[2] = {}): Promise<Person> =>
  personOf(expectStatus(await logIn(server, email, options), 200));

/** All that a browser sends by itself, and the header that the page adds. */
export const asBrowser = ({ accessCookie, refreshCookie, csrfCookie, csrfToken }: Person): CallOptions => ({
  cookie: [accessCookie, refreshCookie, csrfCookie].join('; '),
  headers: { 'x-csrf-token': csrfToken },
});

/** The same after a quarter of an hour, when the browser has dropped the access cookie. */
export const asBrowserLater = ({ refreshCookie, csrfCookie, csrfToken }: Person): CallOptions => ({
  cookie: [refreshCookie, csrfCookie].join('; '),
  headers: { 'x-csrf-token': csrfToken },
});

export const me = (server: TestServer, options: CallOptions, query = ''): Promise<Answer> =>
  server.call('GET', path('me') + query, options);

export const logOut = (server: TestServer, options: CallOptions): Promise<Answer> => server.call('POST', path('logout'), options);

export const refresh = (server: TestServer, options: CallOptions): Promise<Answer> =>
  server.call('POST', path('refresh'), options);

/** With the token in the body, as a program does it. */
export const refreshWith = (server: TestServer, refreshToken: unknown, options: CallOptions = {}): Promise<Answer> =>
  refresh(server, { body: { refreshToken }, ...options });

export const refreshed = async (server: TestServer, options: CallOptions): Promise<Person> =>
  personOf(expectStatus(await refresh(server, options), 200));

export const requestReset = (server: TestServer, email: string, options: CallOptions = {}): Promise<Answer> =>
  server.call('POST', path('password-reset/request'), { body: { email }, ...options });

export const confirmReset = (server: TestServer, token: string, password: string, options: CallOptions = {}): Promise<Answer> =>
  server.call('POST', path('password-reset/confirm'), { body: { token, password }, ...options });

/** The token in the link of the newest mail that leads to the reset page. */
export const resetToken = async (server: TestServer, email: string): Promise<string> => {
  const links = (await server.mails(email)).flatMap((mail) => mail.links).map((link) => new URL(link));
  const link = links.find(({ pathname }) => pathname === '/auth/reset-password');
  if (!link) throw new Error(`no mail to ${email} leads to the reset page`);
  return link.searchParams.get('token') as string;
};

export const inEnglish = { 'accept-language': 'en' };

export const failure = (code: string, message: string, details?: unknown) => ({
  success: false,
  error: { code, message, ...(details === undefined ? {} : { details }) },
});

export const authRequired = failure('AUTH_REQUIRED', '認証が必要です');
export const invalidToken = failure('INVALID_TOKEN', 'トークンが無効です');
export const tokenExpired = failure('TOKEN_EXPIRED', 'アクセストークンの有効期限が切れています');
export const invalidCredentials = failure('INVALID_CREDENTIALS', 'メールアドレスまたはパスワードが正しくありません');
export const invalidRefreshToken = failure('INVALID_REFRESH_TOKEN', 'リフレッシュトークンが無効です');
export const invalidInput = (details: Record<string, string>) => failure('VALIDATION_ERROR', '入力データが不正です', details);

export const challenge = 'Bearer realm="tegata"';
export const challengeRefused = 'Bearer realm="tegata", error="invalid_token"';
