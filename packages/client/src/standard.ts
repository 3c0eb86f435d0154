import { type ApplicationFetch, createApplicationFetch } from './application-calls.ts';
import { type ClientOptions, nothingKept, settle, type TransportChoice } from './options.ts';
import { type Failure, type LoggedOutCode, ok, type Result } from './result.ts';
import { type AuthState, createSession, type Issued, type Session } from './session.ts';
import type {
  Connection,
  Message,
  PageOf,
  PageQuery,
  Pagination,
  Provider,
  User,
  UserEmail,
  UserSession,
} from './standard-types.ts';
import { type Call, createTransport, type ReadAnswer } from './transport.ts';

// Contract `standard`, one plain function per call. Arguments are camelCase; what comes back is what travelled.

type Refused<Code extends string = never> = Failure<Code>;
type Denied<Code extends string = never> = Failure<Code | LoggedOutCode>;

export type StandardClient = {
  contract: 'standard';

  /** Who is logged in. For React there is `useAuth` in `@tegata/react`. */
  getState: () => AuthState<User>;
  /** Calls back at every change of the state. Gives the function that stops it. */
  subscribe: (listener: () => void) => () => void;
  /** Finds out who is logged in: call it when the page opens. Once is enough, more do no harm. */
  start: () => Promise<AuthState<User>>;
  /** Ends timers and listeners, and logs nobody out. */
  close: () => void;
  /** For your own API: `Authorization: Bearer …`, never one that has ended. */
  accessToken: () => Promise<Result<string, Denied>>;
  /** `fetch` with that header, and one more try after a 401. @throws TypeError for an origin that is not in `apiOrigins`. */
  fetch: ApplicationFetch;

  register: (input: {
    email: string;
    password: string;
    name: string;
  }) => Promise<Result<{ user_id: string } & Message, Refused<'CONFLICT' | 'VALIDATION_ERROR'>>>;
  /** By the token of the mailed link, or by the code in the same mail. */
  verifyEmail: (
    input: { token: string } | { email: string; code: string },
  ) => Promise<Result<Message, Refused<'VALIDATION_ERROR' | 'CONFLICT'>>>;
  resendVerification: (input: { email: string }) => Promise<Result<Message, Refused<'VALIDATION_ERROR'>>>;

  /**
   * `reason` of `UNAUTHORIZED` is `email_not_verified`, `account_suspended`, `account_deactivated` or `no_password` behind the
   * right password, and missing otherwise. `ACCOUNT_LOCKED` has `lockedUntil`.
   */
  login: (input: {
    email: string;
    password: string;
    rememberMe?: boolean;
  }) => Promise<Result<User, Refused<'UNAUTHORIZED' | 'ACCOUNT_LOCKED' | 'VALIDATION_ERROR'>>>;
  /** Whatever comes back, nobody is logged in here any more. After a failure the server is told again at the next start. */
  logout: () => Promise<Result<undefined, Refused>>;
  logoutEverywhere: () => Promise<Result<Message & { revoked_sessions: number }, Denied>>;
  listSessions: (query?: PageQuery) => Promise<Result<PageOf<UserSession>, Denied<'VALIDATION_ERROR'>>>;
  revokeSession: (id: string) => Promise<Result<Message, Denied<'NOT_FOUND'>>>;

  forgotPassword: (input: { email: string }) => Promise<Result<Message, Refused<'VALIDATION_ERROR'>>>;
  resetPassword: (input: { token: string; password: string }) => Promise<Result<Message, Refused<'VALIDATION_ERROR'>>>;
  /** A wrong password is `UNAUTHORIZED` with `reason` `wrong_password`. */
  changePassword: (input: {
    currentPassword: string;
    newPassword: string;
  }) => Promise<Result<Message, Denied<'UNAUTHORIZED' | 'ACCOUNT_LOCKED' | 'CONFLICT' | 'VALIDATION_ERROR'>>>;

  /** Asks the server anew, and shows the answer to everybody who looks at the state. */
  me: () => Promise<Result<User, Denied>>;
  updateProfile: (input: { name?: string; avatarUrl?: string | null }) => Promise<Result<User, Denied<'VALIDATION_ERROR'>>>;
  /** `password`, unless the account has none. A wrong one is `UNAUTHORIZED` with `reason` `wrong_password`. */
  closeAccount: (input: {
    password?: string;
  }) => Promise<Result<Message, Denied<'UNAUTHORIZED' | 'ACCOUNT_LOCKED' | 'STEP_UP_REQUIRED' | 'VALIDATION_ERROR'>>>;

  listEmails: (query?: PageQuery) => Promise<Result<PageOf<UserEmail>, Denied<'VALIDATION_ERROR'>>>;
  addEmail: (input: { email: string }) => Promise<Result<UserEmail, Denied<'CONFLICT' | 'VALIDATION_ERROR'>>>;
  removeEmail: (id: string) => Promise<Result<Message, Denied<'NOT_FOUND' | 'CONFLICT'>>>;
  setPrimaryEmail: (id: string) => Promise<Result<Message, Denied<'NOT_FOUND' | 'CONFLICT'>>>;
  /** With the token that was mailed to the old address. Ends every session. */
  undoEmailChange: (input: { token: string }) => Promise<Result<Message, Refused<'VALIDATION_ERROR'>>>;

  /** The providers that this server logs in with. */
  listProviders: () => Promise<Result<Provider[], Refused>>;
  /**
   * Gives the provider's address to send the browser to. `redirectTo` is the page of yours that takes the answer. For
   * somebody who is logged in, the provider is added to their account instead.
   */
  beginConnection: (
    provider: string,
    input?: { redirectTo?: string },
  ) => Promise<Result<{ url: string }, Denied<'VALIDATION_ERROR'>>>;
  /** With what the provider put behind the address of that page: logs in, or adds the provider. */
  finishConnection: (
    provider: string,
    input: { code?: string; state?: string; iss?: string; error?: string },
  ) => Promise<Result<{ user: User; isNewUser: boolean }, Denied<FinishCode>>>;
  listConnections: (query?: PageQuery) => Promise<Result<PageOf<Connection>, Denied<'VALIDATION_ERROR'>>>;
  /** Never the last way in. */
  removeConnection: (provider: string) => Promise<Result<Message, Denied<'NOT_FOUND' | 'CONFLICT'>>>;
  /** A first password, for an account that logs in through providers only. */
  setPassword: (input: {
    password: string;
  }) => Promise<Result<Message, Denied<'CONFLICT' | 'STEP_UP_REQUIRED' | 'VALIDATION_ERROR'>>>;
};

type Granted = { access_token: string; expires_in: number; refresh_token?: string };
type LoggedIn = Granted & { user: User };
type FinishCode = 'VALIDATION_ERROR' | 'INVALID_REQUEST' | 'UNAUTHORIZED' | 'CONFLICT';
type Connected = LoggedIn & { is_new_user: boolean };

const connected = ({ user, is_new_user: isNewUser }: Connected) => ({ user, isNewUser });

export const createStandardClient = (options: ClientOptions & TransportChoice = {}): StandardClient => {
  const settled = settle(options);
  const { keeper, environment } = settled;
  const inCookie = keeper === undefined;
  const transport = createTransport({ ...settled, cookies: inCookie, read });
  const { send } = transport;

  /** The refresh token is kept before the access token is used: what was used cannot be asked for again. */
  const issued = async ({ access_token, expires_in, refresh_token }: Granted): Promise<Issued<User>> => {
    if (refresh_token !== undefined) await keeper?.set(refresh_token);
    return { token: access_token, lifetimeMs: expires_in * 1000 };
  };
  const bodyTransport = inCookie ? {} : { token_transport: 'body' };
  const keptToken = async () => {
    const token = await keeper?.get();
    return token === undefined ? {} : { refresh_token: token };
  };

  const session: Session<User> = createSession<User>(`standard@${settled.baseUrl}`, environment, transport, {
    cookieAccess: false,
    mayBeLoggedIn: () => true,
    credentials: (token): Record<string, string> => (token === undefined ? {} : { authorization: `Bearer ${token}` }),
    refresh: async () => {
      const body = inCookie ? undefined : await keptToken();
      if (body && !('refresh_token' in body)) return nothingKept('UNAUTHORIZED');
      const result = await send<Granted, 'UNAUTHORIZED'>({
        method: 'POST',
        path: '/api/v1/auth/refresh',
        body,
        codes: ['UNAUTHORIZED'],
      });
      if (result.ok) return ok(await issued(result.value));
      if (result.failure.code === 'UNAUTHORIZED') await keeper?.set(undefined);
      return result;
    },
    logOut: async (token) => {
      const body = inCookie ? undefined : await keptToken();
      await keeper?.set(undefined);
      return send({
        method: 'POST',
        path: '/api/v1/auth/logout',
        body,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
    },
    me: () => authorized<User>({ method: 'GET', path: '/api/v1/me' }),
  });
  const { authorized, begin } = session;

  /** A call that ended the session it was made with. */
  const ending = async <Value, Problem>(result: Result<Value, Problem>, reason: string) => {
    if (result.ok) {
      await keeper?.set(undefined);
      session.end(reason);
    }
    return result;
  };
  /** A call that may have changed what the state shows. */
  const changing = <Value, Problem>(result: Result<Value, Problem>) => {
    if (result.ok && session.getState().status === 'logged_in') void session.reloadUser();
    return result;
  };
  /**
   * With the access token of whoever is logged in, without one where nobody is. As long as that is not known it is not sent
   * without: what was meant to be added to an account would become a log-in.
   */
  const asWhoeverIsHere = async <Data, Code extends string>(call: Call<Code>): Promise<Result<Data, Denied<Code>>> =>
    (await session.start()).status === 'logged_out' ? send(call) : authorized(call);
  const isWrongPassword = ({ reason }: Failure<string>) => reason === 'wrong_password';
  const pageOf = <Item>(result: Result<Listed<Item>, Denied<'VALIDATION_ERROR'>>) =>
    result.ok ? ok({ items: result.value.items, pagination: result.value.pagination }) : result;

  return {
    contract: 'standard',
    getState: session.getState,
    subscribe: session.subscribe,
    start: session.start,
    close: session.close,
    accessToken: session.accessToken,
    fetch: createApplicationFetch(session, settled, inCookie),

    register: (input) =>
      send({ method: 'POST', path: '/api/v1/auth/register', body: input, codes: ['CONFLICT', 'VALIDATION_ERROR'] }),
    verifyEmail: async (input) =>
      changing(
        await send({ method: 'POST', path: '/api/v1/auth/email/verify', body: input, codes: ['VALIDATION_ERROR', 'CONFLICT'] }),
      ),
    resendVerification: (input) =>
      send({ method: 'POST', path: '/api/v1/auth/email/resend', body: input, codes: ['VALIDATION_ERROR'] }),

    login: ({ email, password, rememberMe = false }) =>
      begin(async () => {
        const result = await send<LoggedIn, 'UNAUTHORIZED' | 'ACCOUNT_LOCKED' | 'VALIDATION_ERROR'>({
          method: 'POST',
          path: '/api/v1/auth/login',
          body: { email, password, remember_me: rememberMe, ...bodyTransport },
          codes: ['UNAUTHORIZED', 'ACCOUNT_LOCKED', 'VALIDATION_ERROR'],
        });
        if (!result.ok) return result;
        const { user } = result.value;
        return ok({ issued: { ...(await issued(result.value)), user }, value: user });
      }),
    logout: session.logout,
    logoutEverywhere: async () =>
      ending(
        await authorized<Message & { revoked_sessions: number }>({ method: 'POST', path: '/api/v1/auth/logout-all' }),
        'logged_out_everywhere',
      ),
    listSessions: async (query) =>
      pageOf(
        await authorized<Listed<UserSession>, 'VALIDATION_ERROR'>({
          method: 'GET',
          path: `/api/v1/auth/sessions${pageIn(query)}`,
          codes: ['VALIDATION_ERROR'],
        }),
      ),
    revokeSession: (id) =>
      authorized({ method: 'DELETE', path: `/api/v1/auth/sessions/${encodeURIComponent(id)}`, codes: ['NOT_FOUND'] }),

    forgotPassword: (input) =>
      send({ method: 'POST', path: '/api/v1/auth/password/forgot', body: input, codes: ['VALIDATION_ERROR'] }),
    resetPassword: async (input) =>
      changing(await send({ method: 'POST', path: '/api/v1/auth/password/reset', body: input, codes: ['VALIDATION_ERROR'] })),
    changePassword: ({ currentPassword, newPassword }) =>
      authorized(
        {
          method: 'POST',
          path: '/api/v1/auth/password/change',
          body: { current_password: currentPassword, new_password: newPassword },
          codes: ['UNAUTHORIZED', 'ACCOUNT_LOCKED', 'CONFLICT', 'VALIDATION_ERROR'],
        },
        isWrongPassword,
      ),

    me: session.reloadUser,
    updateProfile: async ({ name, avatarUrl }) => {
      const body = { name, avatar_url: avatarUrl };
      const result = await authorized<User, 'VALIDATION_ERROR'>({
        method: 'PATCH',
        path: '/api/v1/me',
        body,
        codes: ['VALIDATION_ERROR'],
      });
      if (result.ok) session.setUser(result.value);
      return result;
    },
    closeAccount: async (input) =>
      ending(
        await authorized<Message, 'UNAUTHORIZED' | 'ACCOUNT_LOCKED' | 'STEP_UP_REQUIRED' | 'VALIDATION_ERROR'>(
          {
            method: 'DELETE',
            path: '/api/v1/me',
            body: input,
            codes: ['UNAUTHORIZED', 'ACCOUNT_LOCKED', 'STEP_UP_REQUIRED', 'VALIDATION_ERROR'],
          },
          isWrongPassword,
        ),
        'account_closed',
      ),

    listEmails: async (query) =>
      pageOf(
        await authorized<Listed<UserEmail>, 'VALIDATION_ERROR'>({
          method: 'GET',
          path: `/api/v1/me/emails${pageIn(query)}`,
          codes: ['VALIDATION_ERROR'],
        }),
      ),
    addEmail: (input) =>
      authorized({ method: 'POST', path: '/api/v1/me/emails', body: input, codes: ['CONFLICT', 'VALIDATION_ERROR'] }),
    removeEmail: (id) =>
      authorized({ method: 'DELETE', path: `/api/v1/me/emails/${encodeURIComponent(id)}`, codes: ['NOT_FOUND', 'CONFLICT'] }),
    setPrimaryEmail: async (id) =>
      changing(
        await authorized({
          method: 'POST',
          path: `/api/v1/me/emails/${encodeURIComponent(id)}/primary`,
          codes: ['NOT_FOUND', 'CONFLICT'],
        }),
      ),
    undoEmailChange: async (input) =>
      changing(await send({ method: 'POST', path: '/api/v1/auth/email/undo', body: input, codes: ['VALIDATION_ERROR'] })),

    listProviders: () => send({ method: 'GET', path: '/api/v1/auth/oauth' }),
    beginConnection: async (provider, { redirectTo } = {}) => {
      const query = redirectTo === undefined ? '' : `?redirect_to=${encodeURIComponent(redirectTo)}`;
      const path = `/api/v1/auth/oauth/${encodeURIComponent(provider)}/authorize${query}`;
      return asWhoeverIsHere({ method: 'GET', path, codes: ['VALIDATION_ERROR'] });
    },
    finishConnection: async (provider, input) => {
      const call: Call<FinishCode> = {
        method: 'POST',
        path: `/api/v1/auth/oauth/${encodeURIComponent(provider)}`,
        body: { ...input, ...bodyTransport },
        codes: ['VALIDATION_ERROR', 'INVALID_REQUEST', 'UNAUTHORIZED', 'CONFLICT'],
      };
      const before = await session.start();
      const enter = async (result: Result<Connected, Denied<FinishCode>>) => {
        if (!result.ok) return result;
        return ok({ issued: { ...(await issued(result.value)), user: result.value.user }, value: connected(result.value) });
      };
      if (before.status === 'logged_out') return begin(async () => enter(await send<Connected, FinishCode>(call)));
      // A code is good for one call: only a refused token is a reason for another one.
      const added = await authorized<Connected, FinishCode>(call, ({ reason = '' }) => !reason.startsWith('token_'));
      const now = session.getState();
      // Begun by nobody, and meanwhile somebody has logged in in another tab: the answer is a log-in all the same.
      if (added.ok && now.status === 'logged_in' && added.value.user.id !== now.user.id) return begin(() => enter(added));
      if (!added.ok) return added;
      changing(added);
      return ok(connected(added.value));
    },
    listConnections: async (query) =>
      pageOf(
        await authorized<Listed<Connection>, 'VALIDATION_ERROR'>({
          method: 'GET',
          path: `/api/v1/me/connections${pageIn(query)}`,
          codes: ['VALIDATION_ERROR'],
        }),
      ),
    removeConnection: (provider) =>
      authorized({
        method: 'DELETE',
        path: `/api/v1/me/connections/${encodeURIComponent(provider)}`,
        codes: ['NOT_FOUND', 'CONFLICT'],
      }),
    setPassword: (input) =>
      authorized({
        method: 'POST',
        path: '/api/v1/auth/password/set',
        body: input,
        codes: ['CONFLICT', 'STEP_UP_REQUIRED', 'VALIDATION_ERROR'],
      }),
  };
};

type Listed<Item> = { items: Item[]; pagination: Pagination };

const pageIn = ({ page = 1, perPage }: PageQuery = {}) => `?page=${page}${perPage === undefined ? '' : `&per_page=${perPage}`}`;

type Body = {
  data?: unknown;
  meta?: { pagination?: Pagination } | null;
  error?: {
    code?: unknown;
    message?: string;
    reason?: string;
    details?: { field?: string; message?: string; locked_until?: string }[];
  };
};

/** `{data, meta}` or `{error: {code, message, reason?, details?}, meta}`. */
const read: ReadAnswer = (body, succeeded) => {
  const { data, meta, error } = (body ?? {}) as Body;
  if (succeeded) {
    if (data === undefined) return undefined;
    return { data: meta?.pagination ? { items: data, pagination: meta.pagination } : data };
  }
  if (typeof error?.code !== 'string') return undefined;
  const { code, message = code, reason, details = [] } = error;
  const fields: Record<string, string> = {};
  for (const { field, message: text } of details) if (field !== undefined) fields[field] ??= text ?? message;
  const lockedUntil = details.find(({ locked_until }) => locked_until !== undefined)?.locked_until;
  return { code, message, reason, lockedUntil, ...(details.some(({ field }) => field !== undefined) ? { fields } : {}) };
};
