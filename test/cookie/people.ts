import { expect } from 'vitest';
import { type Answer, type CallOptions, cookiePair, startServer, type TestServer } from '../server.ts';
import { tokenIn } from '../standard/tokens.ts';

// People for the tests of the cookie contract, made through the product itself.

export const startCookie = (settings: Record<string, string> = {}): Promise<TestServer> =>
  startServer({ TEGATA_CONTRACTS: 'cookie', ...settings });

export const ada = 'ada@example.com';
export const goodPassword = 'correct horse battery';
export const otherPassword = 'another good password';
export const wrongPassword = 'not the password';

export const signUp = (
  server: TestServer,
  email: string,
  { body, ...options }: { body?: Record<string, unknown> } & Omit<CallOptions, 'body'> = {},
): Promise<Answer> => server.call('POST', '/auth/signup', { body: { email, password: goodPassword, ...body }, ...options });

export const signIn = (
  server: TestServer,
  email: string,
  { body, ...options }: { body?: Record<string, unknown> } & Omit<CallOptions, 'body'> = {},
): Promise<Answer> => server.call('POST', '/auth/signin', { body: { email, password: goodPassword, ...body }, ...options });

/** What a browser holds after an answer that signed somebody in, and the tokens inside. */
export type Person = {
  answer: Answer;
  userId: string;
  accessToken: string;
  refreshToken: string;
  csrfToken: string;
  /** `name=value`, as a browser sends them back. */
  accessCookie: string;
  refreshCookie: string;
  csrfCookie: string;
};

export const personOf = (answer: Answer): Person => {
  if (answer.status >= 300) throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const [accessCookie, refreshCookie, csrfCookie] = ['access_token', 'refresh_token', 'csrf_token'].map((name) =>
    cookiePair(answer, name),
  ) as [string, string, string];
  return {
    answer,
    userId: answer.body.user.id,
    accessToken: tokenIn(accessCookie),
    refreshToken: tokenIn(refreshCookie),
    csrfToken: tokenIn(csrfCookie),
    accessCookie,
    refreshCookie,
    csrfCookie,
  };
};

export const signedUp = async (...call: Parameters<typeof signUp>): Promise<Person> => personOf(await signUp(...call));
export const signedIn = async (...call: Parameters<typeof signIn>): Promise<Person> => personOf(await signIn(...call));

/** All cookies that a browser sends by itself below `/auth`. */
export const cookiesOf = ({ accessCookie, refreshCookie, csrfCookie }: Person): string =>
  [accessCookie, refreshCookie, csrfCookie].join('; ');

/** The browser with our page in it: the cookies, and the header that the page adds. */
export const asBrowser = (person: Person): CallOptions => ({
  cookie: cookiesOf(person),
  headers: { 'x-csrf-token': person.csrfToken },
});

/** The same after a quarter of an hour, when the browser has dropped the access cookie. */
export const asBrowserLater = ({ refreshCookie, csrfCookie, csrfToken }: Person): CallOptions => ({
  cookie: [refreshCookie, csrfCookie].join('; '),
  headers: { 'x-csrf-token': csrfToken },
});

export const me = (server: TestServer, options: CallOptions = {}): Promise<Answer> => server.call('GET', '/auth/me', options);
export const refresh = (server: TestServer, options: CallOptions): Promise<Answer> =>
  server.call('POST', '/auth/refresh', options);
export const signOut = (server: TestServer, options: CallOptions): Promise<Answer> =>
  server.call('POST', '/auth/signout', options);
export const signOutEverywhere = (server: TestServer, options: CallOptions): Promise<Answer> =>
  server.call('POST', '/auth/signout-all', options);
export const deleteAccount = (server: TestServer, password: unknown, options: CallOptions): Promise<Answer> =>
  server.call('DELETE', '/auth/account', { body: { password }, ...options });
export const changePassword = (
  server: TestServer,
  passwords: { current_password: unknown; new_password: unknown },
  options: CallOptions,
): Promise<Answer> => server.call('PUT', '/auth/change-password', { body: passwords, ...options });
export const forgotPassword = (server: TestServer, email: string, options: CallOptions = {}): Promise<Answer> =>
  server.call('POST', '/auth/forgot-password', { body: { email }, ...options });
export const resetPassword = (
  server: TestServer,
  token: unknown,
  password: unknown = otherPassword,
  options: CallOptions = {},
): Promise<Answer> => server.call('POST', '/auth/reset-password', { body: { token, new_password: password }, ...options });

/** The token in the link of the newest mail that leads to that page. */
export const mailedToken = async (
  server: TestServer,
  email: string,
  page: 'reset-password' | 'verify-email' = 'reset-password',
): Promise<string> => {
  const links = (await server.mails(email)).flatMap((mail) => mail.links).map((link) => new URL(link));
  const link = links.find(({ pathname }) => pathname === `/auth/${page}`);
  if (!link) throw new Error(`no mail to ${email} leads to ${page}`);
  return link.searchParams.get('token') as string;
};

/** The address proved by the page behind the mailed link, as a person does it. */
export const verified = async (server: TestServer, email: string): Promise<void> => {
  const token = await mailedToken(server, email, 'verify-email');
  const answer = await server.call('POST', '/auth/verify-email', {
    body: new URLSearchParams({ token }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  if (answer.status !== 200) throw new Error(`verifying answered ${answer.status}`);
};

export const inJapanese = { 'accept-language': 'ja' };

export const failure = (errorType: string, error: string) => ({ error, error_type: errorType });
export const invalid = (...errors: { field: string; message: string }[]) => ({
  ...failure('validation_errors', 'validation failed'),
  errors,
});

export const invalidCredentials = failure('unauthorized', 'Invalid credentials');
export const invalidAccessToken = failure('unauthorized', 'Invalid access token');
export const invalidRefreshToken = failure('unauthorized', 'Invalid refresh token');
export const missingToken = failure('unauthorized', 'Missing authentication token');
export const foreignOrigin = failure('forbidden', 'Request from a foreign origin');
export const csrfMissing = failure('forbidden', 'CSRF token missing');
export const csrfMismatch = failure('forbidden', 'CSRF token mismatch');

export const challenge = 'Bearer realm="tegata"';
export const challengeRefused = 'Bearer realm="tegata", error="invalid_token"';

/** What the server sends to take the three away again, byte for byte. */
export const clearedCookies = [
  'access_token=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0',
  'refresh_token=; Path=/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=0',
  'csrf_token=; Path=/; Secure; SameSite=Strict; Max-Age=0',
];

/** The cookies of an answer that signed somebody in: the three of the contract, in this order and form. */
export const sessionCookies = ({ refreshSeconds = 604_800, accessSeconds = 900 } = {}) => [
  expect.stringMatching(
    new RegExp(`^access_token=[\\w-]+\\.[\\w-]+\\.[\\w-]+; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=${accessSeconds}$`),
  ),
  expect.stringMatching(
    new RegExp(
      `^refresh_token=[\\w-]+\\.[\\w-]+\\.[\\w-]+; Path=/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=${refreshSeconds}$`,
    ),
  ),
  expect.stringMatching(
    new RegExp(`^csrf_token=[\\w-]{22}\\.[\\w-]{43}; Path=/; Secure; SameSite=Strict; Max-Age=${refreshSeconds}$`),
  ),
];

/** Not one of the three: it only says that this browser has logged in before, and no sign-out takes it away. */
export const knownDeviceCookie = expect.stringMatching(
  /^tegata_device=v1\.[\w-]{22}(\.[\w-]{22}){1,5}; Path=\/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=34560000$/,
);
