import { type ApplicationFetch, createApplicationFetch } from './application-calls.ts';
import { type ClientOptions, settle } from './options.ts';
import { type Failure, type LoggedOutCode, ok, type Result } from './result.ts';
import { type AuthState, createSession, type Session } from './session.ts';
import type { Provider } from './standard-types.ts';
import { createTransport, type ReadAnswer } from './transport.ts';

// Contract `cookie`: both tokens in HttpOnly cookies, so that this program never sees one. For pages of the server's own
// origin, such as those of an application that embeds Tegata.

export type CookieUser = {
  id: string;
  email: string;
  name: string;
  is_active: boolean;
  email_verified: boolean;
  created_at: string;
  updated_at: string;
};

type Refused<Code extends string = never> = Failure<Code>;
type Denied<Code extends string = never> = Failure<Code | LoggedOutCode>;
type Message = { message: string };

/** Codes are the contract's `error_type`s; a `forbidden` is a locked account unless the page itself is at fault. */
export type CookieClient = {
  contract: 'cookie';

  /** Who is logged in. For React there is `useAuth` in `@tegata/react`. */
  getState: () => AuthState<CookieUser>;
  /** Calls back at every change of the state. Gives the function that stops it. */
  subscribe: (listener: () => void) => () => void;
  /** Finds out who is logged in: call it when the page opens. Once is enough, more do no harm. */
  start: () => Promise<AuthState<CookieUser>>;
  /** Ends timers and listeners, and logs nobody out. */
  close: () => void;
  /** `fetch` for the application's own API: adds the CSRF token, refreshes once after a 401. @throws TypeError for a foreign origin. */
  fetch: ApplicationFetch;

  /** Makes the account and logs in at once. */
  register: (input: {
    email: string;
    password: string;
    name?: string;
  }) => Promise<Result<CookieUser, Refused<'conflict' | 'validation_errors'>>>;
  login: (input: {
    email: string;
    password: string;
    rememberMe?: boolean;
  }) => Promise<Result<CookieUser, Refused<'unauthorized' | 'forbidden' | 'validation_errors'>>>;
  /** Whatever comes back, nobody is logged in here any more. After a failure the server is told again at the next start. */
  logout: () => Promise<Result<undefined, Refused>>;
  logoutEverywhere: () => Promise<Result<Message, Denied>>;
  /** The providers that this server logs in with. */
  listProviders: () => Promise<Result<Provider[], Refused>>;
  /** Gives the provider's address to send the browser to. `redirectTo` is the page of yours that takes the answer. */
  beginConnection: (
    provider: string,
    input?: { redirectTo?: string },
  ) => Promise<Result<{ url: string }, Refused<'bad_request' | 'validation_errors'>>>;
  /** With what the provider put behind the address of that page: logs in. */
  finishConnection: (
    provider: string,
    input: { code?: string; state?: string; iss?: string; error?: string },
  ) => Promise<Result<CookieUser, Refused<'bad_request' | 'unauthorized' | 'conflict' | 'validation_errors'>>>;
  forgotPassword: (input: { email: string }) => Promise<Result<Message, Refused<'validation_errors'>>>;
  resetPassword: (input: {
    token: string;
    password: string;
  }) => Promise<Result<Message, Refused<'bad_request' | 'validation_errors'>>>;
  /** A wrong password is `unauthorized`. */
  changePassword: (input: {
    currentPassword: string;
    newPassword: string;
  }) => Promise<Result<Message, Denied<'unauthorized' | 'forbidden' | 'conflict' | 'validation_errors'>>>;
  /** Asks the server anew, and shows the answer to everybody who looks at the state. */
  me: () => Promise<Result<CookieUser, Denied>>;
  /** `password`, unless the account has none. A wrong one is `unauthorized`. */
  closeAccount: (input: {
    password?: string;
  }) => Promise<Result<Message, Denied<'unauthorized' | 'forbidden' | 'validation_errors'>>>;
};

type LoggedIn = { user: CookieUser; expires_in: number };

export const createCookieClient = (options: ClientOptions = {}): CookieClient => {
  const settled = settle(options);
  const { environment } = settled;
  const transport = createTransport({ ...settled, cookies: true, read });
  const { send } = transport;
  const csrf = (): Record<string, string> => {
    const token = environment.readCookie('csrf_token');
    return token === undefined ? {} : { 'x-csrf-token': token };
  };

  const session: Session<CookieUser> = createSession<CookieUser>(`cookie@${settled.baseUrl}`, environment, transport, {
    cookieAccess: true,
    // The CSRF cookie lives as long as the refresh cookie, and script may see it.
    mayBeLoggedIn: () => environment.readCookie('csrf_token') !== undefined,
    credentials: csrf,
    refresh: async () => {
      const result = await send<LoggedIn, 'unauthorized'>({
        method: 'POST',
        path: '/auth/refresh',
        codes: ['unauthorized'],
        headers: csrf(),
      });
      if (result.ok) return ok({ lifetimeMs: result.value.expires_in * 1000, user: result.value.user });
      return result;
    },
    logOut: () => send({ method: 'POST', path: '/auth/signout', headers: csrf() }),
    me: async () => {
      const result = await session.authorized<{ user: CookieUser }>({ method: 'GET', path: '/auth/me' });
      return result.ok ? ok(result.value.user) : result;
    },
  });

  const entering = async <Code extends string>(sent: Promise<Result<LoggedIn, Failure<Code>>>) => {
    const result = await sent;
    if (!result.ok) return result;
    const { user, expires_in } = result.value;
    return ok({ issued: { lifetimeMs: expires_in * 1000, user }, value: user });
  };

  /**
   * For calls that ask for the password: their 401 may be about that, and is not told apart from one about the token. So the
   * token is made sure of first, and the call is made once: a wrong password must not count twice.
   */
  const withPassword = async <Data, Code extends string>(call: Parameters<typeof session.authorized<Data, Code>>[0]) => {
    const known = await session.reloadUser();
    return known.ok ? session.authorized<Data, Code>(call, () => true) : known;
  };

  const ending = <Value, Problem>(result: Result<Value, Problem>, reason: string) => {
    if (result.ok) session.end(reason);
    return result;
  };

  return {
    contract: 'cookie',
    getState: session.getState,
    subscribe: session.subscribe,
    start: session.start,
    close: session.close,
    fetch: createApplicationFetch(session, settled, true),

    register: (input) =>
      session.begin(() =>
        entering(send({ method: 'POST', path: '/auth/signup', body: input, codes: ['conflict', 'validation_errors'] })),
      ),
    login: ({ email, password, rememberMe = false }) =>
      session.begin(() =>
        entering(
          send({
            method: 'POST',
            path: '/auth/signin',
            body: { email, password, remember_me: rememberMe },
            codes: ['unauthorized', 'forbidden', 'validation_errors'],
          }),
        ),
      ),
    logout: session.logout,
    logoutEverywhere: async () =>
      ending(await session.authorized<Message>({ method: 'POST', path: '/auth/signout-all' }), 'logged_out_everywhere'),
    listProviders: async () => {
      const result = await send<{ providers: Provider[] }>({ method: 'GET', path: '/auth/oauth' });
      return result.ok ? ok(result.value.providers) : result;
    },
    beginConnection: (provider, { redirectTo } = {}) =>
      send({
        method: 'GET',
        path: `/auth/oauth/${encodeURIComponent(provider)}/authorize${redirectTo === undefined ? '' : `?redirect_to=${encodeURIComponent(redirectTo)}`}`,
        codes: ['bad_request', 'validation_errors'],
      }),
    finishConnection: (provider, input) =>
      session.begin(() =>
        entering(
          send({
            method: 'POST',
            path: `/auth/oauth/${encodeURIComponent(provider)}`,
            body: input,
            codes: ['bad_request', 'unauthorized', 'conflict', 'validation_errors'],
          }),
        ),
      ),
    forgotPassword: (input) => send({ method: 'POST', path: '/auth/forgot-password', body: input, codes: ['validation_errors'] }),
    resetPassword: ({ token, password }) =>
      send({
        method: 'POST',
        path: '/auth/reset-password',
        body: { token, new_password: password },
        codes: ['bad_request', 'validation_errors'],
      }),
    changePassword: ({ currentPassword, newPassword }) =>
      withPassword({
        method: 'PUT',
        path: '/auth/change-password',
        body: { current_password: currentPassword, new_password: newPassword },
        codes: ['unauthorized', 'forbidden', 'conflict', 'validation_errors'],
      }),
    me: session.reloadUser,
    closeAccount: async (input) =>
      ending(
        await withPassword<Message, 'unauthorized' | 'forbidden' | 'validation_errors'>({
          method: 'DELETE',
          path: '/auth/account',
          body: input,
          codes: ['unauthorized', 'forbidden', 'validation_errors'],
        }),
        'account_closed',
      ),
  };
};

type Body = { error?: unknown; error_type?: unknown; errors?: { field: string; message: string }[] };

/** The data itself, or `{error, error_type, errors?}`. */
const read: ReadAnswer = (body, succeeded) => {
  const { error, error_type: code, errors } = (body ?? {}) as Body;
  if (succeeded) return typeof body === 'object' && body !== null ? { data: body } : undefined;
  if (typeof code !== 'string') return undefined;
  const fields = errors && Object.fromEntries(errors.map(({ field, message }) => [field, message]));
  return { code, message: typeof error === 'string' ? error : code, fields };
};
