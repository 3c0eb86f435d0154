import { type ApplicationFetch, createApplicationFetch } from './application-calls.ts';
import { type ClientOptions, nothingKept, settle, type TransportChoice } from './options.ts';
import { type Failure, type LoggedOutCode, ok, type Result } from './result.ts';
import { type AuthState, createSession, type Issued, type Session } from './session.ts';
import { createTransport, type ReadAnswer } from './transport.ts';

// Contract `organization`, with the seven calls of its front-end guide. In a browser both tokens are in HttpOnly cookies, and
// the page must be of the server's own origin, because it has to read the CSRF cookie.

export type OrganizationUser = {
  /** `user_<uuid>` */
  id: string;
  email: string;
  name: string;
  role: 'user' | 'admin' | 'owner';
  /** `org_<uuid>`; null for whoever registered through a contract without organizations. */
  organizationId: string | null;
  /** Known once `me` was asked. */
  organization?: { id: string; name: string; subscription: 'free' } | null | undefined;
  /** Known right after registering. */
  createdAt?: string | undefined;
};

/** `expiresAt` is the end of the access token. */
export type OrganizationToken = { token: string; refreshToken: string; expiresAt: string };

type Refused<Code extends string = never> = Failure<Code>;
type Denied<Code extends string = never> = Failure<Code | LoggedOutCode>;
type Message = { message: string };

export type OrganizationClient = {
  contract: 'organization';

  /** Who is logged in. For React there is `useAuth` in `@tegata/react`. */
  getState: () => AuthState<OrganizationUser>;
  /** Calls back at every change of the state. Gives the function that stops it. */
  subscribe: (listener: () => void) => () => void;
  /** Finds out who is logged in: call it when the page opens. Once is enough, more do no harm. */
  start: () => Promise<AuthState<OrganizationUser>>;
  /** Ends timers and listeners, and logs nobody out. */
  close: () => void;
  /** For an API of your own on another origin: `Authorization: Bearer …`, never one that has ended. */
  accessToken: () => Promise<Result<string, Denied>>;
  /** `fetch` with the credentials, and one more try after a 401. @throws TypeError for an origin that is not in `apiOrigins`. */
  fetch: ApplicationFetch;

  /** Makes the user and the organization, and logs in at once. */
  register: (input: {
    email: string;
    password: string;
    name: string;
    organizationName: string;
  }) => Promise<Result<OrganizationUser, Refused<'DUPLICATE_EMAIL' | 'VALIDATION_ERROR'>>>;
  login: (input: {
    email: string;
    password: string;
    rememberMe?: boolean;
  }) => Promise<Result<OrganizationUser, Refused<'INVALID_CREDENTIALS' | 'ACCOUNT_LOCKED' | 'VALIDATION_ERROR'>>>;
  /** Whatever comes back, nobody is logged in here any more. After a failure the server is told again at the next start. */
  logout: () => Promise<Result<undefined, Refused>>;
  /** Gets the next pair now. Hardly ever needed: it happens by itself, before the access token ends. */
  refreshToken: () => Promise<Result<undefined, Denied>>;
  requestPasswordReset: (input: { email: string }) => Promise<Result<Message, Refused<'VALIDATION_ERROR'>>>;
  confirmPasswordReset: (input: {
    token: string;
    password: string;
  }) => Promise<Result<Message, Refused<'INVALID_RESET_TOKEN' | 'RESET_TOKEN_EXPIRED' | 'VALIDATION_ERROR'>>>;
  /** Asks the server anew, and shows the answer to everybody who looks at the state. */
  me: () => Promise<Result<OrganizationUser, Denied>>;
};

type LoggedIn = { user: OrganizationUser; token: OrganizationToken };

export const createOrganizationClient = (options: ClientOptions & TransportChoice = {}): OrganizationClient => {
  const settled = settle(options);
  const { keeper, environment } = settled;
  const inCookie = keeper === undefined;
  const { send, ...transport } = createTransport({ ...settled, cookies: inCookie, read });
  const csrf = (): Record<string, string> => {
    const token = inCookie ? environment.readCookie('csrf_token') : undefined;
    return token === undefined ? {} : { 'x-csrf-token': token };
  };

  /** The refresh token is kept before the access token is used: what was used cannot be asked for again. */
  const issued = async ({ token, refreshToken }: OrganizationToken): Promise<Issued<OrganizationUser>> => {
    await keeper?.set(refreshToken);
    return { token };
  };

  const session: Session<OrganizationUser> = createSession<OrganizationUser>(
    `organization@${settled.baseUrl}`,
    environment,
    { send, ...transport },
    {
      cookieAccess: inCookie,
      mayBeLoggedIn: () => !inCookie || environment.readCookie('csrf_token') !== undefined,
      credentials: (token) => (token === undefined ? csrf() : { authorization: `Bearer ${token}` }),
      refresh: async () => {
        const refreshToken = await keeper?.get();
        if (!inCookie && refreshToken === undefined) return nothingKept('INVALID_REFRESH_TOKEN');
        const result = await send<{ token: OrganizationToken }, 'INVALID_REFRESH_TOKEN' | 'REFRESH_TOKEN_EXPIRED'>({
          method: 'POST',
          path: '/api/auth/refresh',
          body: inCookie ? undefined : { refreshToken },
          codes: ['INVALID_REFRESH_TOKEN', 'REFRESH_TOKEN_EXPIRED'],
          headers: csrf(),
        });
        if (result.ok) return ok(await issued(result.value.token));
        const { code } = result.failure;
        if (code !== 'INVALID_REFRESH_TOKEN' && code !== 'REFRESH_TOKEN_EXPIRED') return result;
        await keeper?.set(undefined);
        // This contract has no `reason`; its two codes say as much.
        return {
          ok: false,
          failure: { ...result.failure, reason: code === 'REFRESH_TOKEN_EXPIRED' ? 'session_expired' : 'session_ended' },
        };
      },
      logOut: async (token) => {
        await keeper?.set(undefined);
        const headers = token === undefined ? csrf() : { authorization: `Bearer ${token}` };
        const result = await send({ method: 'POST', path: '/api/auth/logout', headers });
        // The session was over before, or there was none: that is what was asked for.
        return !result.ok && result.failure.status === 401 ? ok(undefined) : result;
      },
      me: async () => {
        const result = await session.authorized<{ user: OrganizationUser }>({ method: 'GET', path: '/api/auth/me' });
        return result.ok ? ok(result.value.user) : result;
      },
    },
  );

  const entering = async <Code extends string>(sent: Promise<Result<LoggedIn, Failure<Code>>>) => {
    const result = await sent;
    if (!result.ok) return result;
    const { user, token } = result.value;
    return ok({ issued: { ...(await issued(token)), user }, value: user });
  };

  return {
    contract: 'organization',
    getState: session.getState,
    subscribe: session.subscribe,
    start: session.start,
    close: session.close,
    accessToken: session.accessToken,
    fetch: createApplicationFetch(session, settled, inCookie),

    register: (input) =>
      session.begin(() =>
        entering(
          send({ method: 'POST', path: '/api/auth/register', body: input, codes: ['DUPLICATE_EMAIL', 'VALIDATION_ERROR'] }),
        ),
      ),
    login: ({ email, password, rememberMe = false }) =>
      session.begin(() =>
        entering(
          send({
            method: 'POST',
            path: '/api/auth/login',
            body: { email, password, rememberMe },
            codes: ['INVALID_CREDENTIALS', 'ACCOUNT_LOCKED', 'VALIDATION_ERROR'],
          }),
        ),
      ),
    logout: session.logout,
    refreshToken: session.refresh,
    requestPasswordReset: (input) =>
      send({ method: 'POST', path: '/api/auth/password-reset/request', body: input, codes: ['VALIDATION_ERROR'] }),
    confirmPasswordReset: (input) =>
      send({
        method: 'POST',
        path: '/api/auth/password-reset/confirm',
        body: input,
        codes: ['INVALID_RESET_TOKEN', 'RESET_TOKEN_EXPIRED', 'VALIDATION_ERROR'],
      }),
    me: session.reloadUser,
  };
};

type Body = {
  data?: unknown;
  error?: { code?: unknown; message?: string; details?: Record<string, unknown> };
};

/** `{success, data}` or `{success, error: {code, message, details?}}`, where details are fields, or `lockedUntil`. */
const read: ReadAnswer = (body, succeeded) => {
  const { data, error } = (body ?? {}) as Body;
  if (succeeded) return data === undefined ? undefined : { data };
  if (typeof error?.code !== 'string') return undefined;
  const { code, message = code, details } = error;
  const lockedUntil = details?.lockedUntil as string | undefined;
  const fields = code === 'VALIDATION_ERROR' ? (details as Record<string, string> | undefined) : undefined;
  return { code, message, lockedUntil, fields };
};
