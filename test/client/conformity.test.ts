import {
  type CookieClient,
  type CookieUser,
  createCookieClient,
  createOrganizationClient,
  createStandardClient,
  type OrganizationClient,
  type OrganizationToken,
  type OrganizationUser,
  type Pagination,
  type Result,
  type StandardClient,
  type TroubleCode,
  type User,
  type UserEmail,
  type UserSession,
} from '@tegata/client';
import {
  type EmailBody,
  type EndpointName,
  endpoints,
  failureStatus,
  type PaginationBody,
  type SessionBody,
  type UserBody,
} from '@tegata/contract';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { endpoints as cookieEndpoints } from '../../packages/server/src/http/contracts/cookie/endpoints.ts';
import {
  failures as cookieFailures,
  failureStatus as cookieStatus,
} from '../../packages/server/src/http/contracts/cookie/failures.ts';
import type { userSchema as cookieUserSchema } from '../../packages/server/src/http/contracts/cookie/schemas.ts';
import { endpoints as organizationEndpoints } from '../../packages/server/src/http/contracts/organization/endpoints.ts';
import { failureStatus as organizationStatus } from '../../packages/server/src/http/contracts/organization/failures.ts';
import type {
  meSchema,
  registeredUserSchema,
  tokenSchema,
} from '../../packages/server/src/http/contracts/organization/schemas.ts';

// The client's types and calls are written by hand, so that reading them takes nobody through a schema library. This is what
// keeps them from drifting: types are compared by the compiler, calls by making each of them.

// Types: these lines do not compile when a shape differs.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;
type Flat<T> = { [Key in keyof T]: T[Key] };
const same = <_Verdict extends true>() => {};

same<Same<Flat<User>, Flat<UserBody>>>();
same<Same<Flat<UserSession>, Flat<SessionBody>>>();
same<Same<Flat<UserEmail>, Flat<EmailBody>>>();
same<Same<Flat<Pagination>, Flat<PaginationBody>>>();
same<Same<Flat<OrganizationToken>, Flat<z.infer<typeof tokenSchema>>>>();
same<Same<Flat<CookieUser>, Flat<z.infer<typeof cookieUserSchema>>>>();
type Me = z.infer<typeof meSchema>;
same<Same<Flat<Omit<OrganizationUser, 'organization' | 'createdAt'>>, Flat<Omit<Me, 'organization'>>>>();
same<Me extends OrganizationUser ? true : never>();
same<z.infer<typeof registeredUserSchema> extends OrganizationUser ? true : never>();

/** The contract's codes that a function may give: those of its endpoint, and the one of its form. */
type Named<Call> = Call extends (...input: never[]) => Promise<Result<unknown, { code: infer Code }>>
  ? Exclude<Code, TroubleCode | 'logged_out'>
  : never;
type OfContract<Name extends EndpointName> =
  | (typeof endpoints)[Name]['failures'][number][0]
  | ((typeof endpoints)[Name] extends { body: unknown } | { query: unknown } ? 'VALIDATION_ERROR' : never);

type Renamed = { logIn: 'login'; logOutEverywhere: 'logoutEverywhere' };
/** `logOut` and `refreshSession` are the client's own business: it sends nothing that could be refused there. */
type Public = Exclude<EndpointName, 'logOut' | 'refreshSession'>;
type ClientNameOf<Name extends Public> = Name extends keyof Renamed
  ? Renamed[Name]
  : Name extends keyof StandardClient
    ? Name
    : never;
type Differing = {
  [Name in Public]: Same<Named<StandardClient[ClientNameOf<Name>]>, OfContract<Name>> extends true ? never : Name;
}[Public];
same<Same<Differing, never>>();

// Calls: every function is called once, and once more for every refusal that the contract knows.

type Sent = { method: string; url: URL; body: unknown };
type Answered = { status: number; body: unknown };
type Calls<Client> = Record<string, { endpoint: string; call: (client: Client) => Promise<unknown> }>;

const recorder = (answer: (sent: Sent) => Answered | undefined) => {
  const sent: Sent[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = {
      method: init?.method ?? 'GET',
      url: new URL(String(input)),
      body: init?.body && JSON.parse(String(init.body)),
    };
    sent.push(request);
    const { status, body } = answer(request) ?? { status: 404, body: {} };
    return Response.json(body, { status });
  };
  return { sent, fetch };
};

const matches = (path: string, pathname: string) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname);

const user: User = {
  id: 'ada',
  email: 'ada@example.com',
  name: 'Ada',
  status: 'active',
  email_verified: true,
  created_at: '2030-01-15T09:00:00.000Z',
  updated_at: '2030-01-15T09:00:00.000Z',
};
const keeper = () => {
  let kept: string | undefined = 'a refresh token';
  return {
    get: () => kept,
    set: (token: string | undefined) => {
      kept = token;
    },
  };
};
const email = 'ada@example.com';
const password = 'correct horse battery';

const standardCalls: Calls<StandardClient> = {
  register: { endpoint: 'register', call: (c) => c.register({ email, password, name: 'Ada' }) },
  verifyEmail: { endpoint: 'verifyEmail', call: (c) => c.verifyEmail({ token: 'a' }) },
  resendVerification: { endpoint: 'resendVerification', call: (c) => c.resendVerification({ email }) },
  login: { endpoint: 'logIn', call: (c) => c.login({ email, password, rememberMe: true }) },
  logout: { endpoint: 'logOut', call: (c) => c.logout() },
  logoutEverywhere: { endpoint: 'logOutEverywhere', call: (c) => c.logoutEverywhere() },
  listSessions: { endpoint: 'listSessions', call: (c) => c.listSessions({ page: 2, perPage: 5 }) },
  revokeSession: { endpoint: 'revokeSession', call: (c) => c.revokeSession('a/b') },
  forgotPassword: { endpoint: 'forgotPassword', call: (c) => c.forgotPassword({ email }) },
  resetPassword: { endpoint: 'resetPassword', call: (c) => c.resetPassword({ token: 'a', password }) },
  changePassword: {
    endpoint: 'changePassword',
    call: (c) => c.changePassword({ currentPassword: password, newPassword: 'another one' }),
  },
  me: { endpoint: 'me', call: (c) => c.me() },
  updateProfile: { endpoint: 'updateProfile', call: (c) => c.updateProfile({ name: 'Ada', avatarUrl: null }) },
  closeAccount: { endpoint: 'closeAccount', call: (c) => c.closeAccount({ password }) },
  listEmails: { endpoint: 'listEmails', call: (c) => c.listEmails() },
  addEmail: { endpoint: 'addEmail', call: (c) => c.addEmail({ email }) },
  removeEmail: { endpoint: 'removeEmail', call: (c) => c.removeEmail('1') },
  setPrimaryEmail: { endpoint: 'setPrimaryEmail', call: (c) => c.setPrimaryEmail('1') },
  undoEmailChange: { endpoint: 'undoEmailChange', call: (c) => c.undoEmailChange({ token: 'a' }) },
  listProviders: { endpoint: 'listProviders', call: (c) => c.listProviders() },
  beginConnection: {
    endpoint: 'beginConnection',
    call: (c) => c.beginConnection('google', { redirectTo: 'https://app.example.com/back' }),
  },
  finishConnection: { endpoint: 'finishConnection', call: (c) => c.finishConnection('google', { code: 'a', state: 'b' }) },
  listConnections: { endpoint: 'listConnections', call: (c) => c.listConnections() },
  removeConnection: { endpoint: 'removeConnection', call: (c) => c.removeConnection('google') },
  setPassword: { endpoint: 'setPassword', call: (c) => c.setPassword({ password }) },
  accessToken: { endpoint: 'refreshSession', call: (c) => c.accessToken() },
};

describe('standard', () => {
  const granted = { access_token: 'x', expires_in: 900, refresh_token: 'y', user };
  const isList = ({ url }: Sent) => /\/(sessions|emails|connections)$/.test(url.pathname);
  const succeed = (sent: Sent): Answered =>
    isList(sent)
      ? { status: 200, body: { data: [], meta: { pagination: { total_items: 0 } } } }
      : { status: 200, body: { data: { ...user, ...granted, message: 'done' }, meta: null } };
  const clientWith = (fetch: typeof globalThis.fetch) =>
    createStandardClient({ baseUrl: 'https://auth.example.com', fetch, tokenTransport: 'body', refreshTokenKeeper: keeper() });

  test('every endpoint has a function', () => {
    const covered = Object.values(standardCalls).map(({ endpoint }) => endpoint);
    expect(covered.toSorted()).toEqual(Object.keys(endpoints).toSorted());
  });

  test.each(Object.entries(standardCalls))(
    '%s sends what its endpoint takes, and names what it refuses',
    async (name, { endpoint, call }) => {
      const contract = endpoints[endpoint as EndpointName] as (typeof endpoints)['logIn'] & { query?: z.ZodObject };
      const { sent, fetch } = recorder(succeed);
      const client = clientWith(fetch);
      expect(await call(client)).toMatchObject({ ok: true });
      const made = sent.find(({ method, url }) => method === contract.method && matches(contract.path, url.pathname));
      expect(made, `${contract.method} ${contract.path}`).toBeDefined();
      if (contract.body) expect(contract.body.safeParse(made?.body).error).toBeUndefined();
      else expect(made?.body).toBeUndefined();
      if (made?.url.search) expect(contract.query?.safeParse(Object.fromEntries(made.url.searchParams)).error).toBeUndefined();
      client.close();

      if (name === 'logout' || name === 'accessToken') return;
      const named = new Set<string>(contract.failures.map(([code]) => code));
      if (contract.body || contract.query) named.add('VALIDATION_ERROR');
      for (const [code, status] of Object.entries(failureStatus)) {
        const refusing = clientWith(
          recorder((request) =>
            request.method === contract.method && matches(contract.path, request.url.pathname)
              ? { status, body: { error: { code, message: 'no', reason: 'wrong_password' }, meta: null } }
              : succeed(request),
          ).fetch,
        );
        const expected = status === 429 ? 'rate_limited' : status >= 500 ? 'unavailable' : named.has(code) ? code : 'unexpected';
        expect(await call(refusing), `${name} after ${code}`).toMatchObject({ ok: false, failure: { code: expected, status } });
        refusing.close();
      }
    },
  );
});

// S2.143 to S2.149: S2.143 register, S2.144 login, S2.145 logout, S2.146 refreshToken, S2.147 and S2.148 the reset, S2.149 me.
const organizationCalls: Calls<OrganizationClient> = {
  register: { endpoint: 'register', call: (c) => c.register({ email, password, name: 'Ada', organizationName: 'Analytical' }) },
  login: { endpoint: 'logIn', call: (c) => c.login({ email, password }) },
  logout: { endpoint: 'logOut', call: (c) => c.logout() },
  refreshToken: { endpoint: 'refreshSession', call: (c) => c.refreshToken() },
  requestPasswordReset: { endpoint: 'requestPasswordReset', call: (c) => c.requestPasswordReset({ email }) },
  confirmPasswordReset: { endpoint: 'confirmPasswordReset', call: (c) => c.confirmPasswordReset({ token: 'a', password }) },
  me: { endpoint: 'me', call: (c) => c.me() },
};

/**
 * Without a function: the front-end guide names seven and no more, and none is for providers (S2.140). A page that offers
 * them with this contract makes these calls itself.
 */
const beyondTheGuide = ['listProviders', 'beginConnection', 'finishConnection'];

describe('organization', () => {
  const data = {
    user: { ...user, id: 'user_1' },
    token: { token: 'x', refreshToken: 'y', expiresAt: user.created_at },
    message: 'done',
  };
  const succeed = (): Answered => ({ status: 200, body: { success: true, data } });
  const clientWith = (fetch: typeof globalThis.fetch) =>
    createOrganizationClient({
      baseUrl: 'https://auth.example.com',
      fetch,
      tokenTransport: 'body',
      refreshTokenKeeper: keeper(),
    });

  test('the functions are those of the front-end guide, one per endpoint, at the contract’s paths (S2.140, S2.142)', () => {
    const covered = [...Object.values(organizationCalls).map(({ endpoint }) => endpoint), ...beyondTheGuide];
    expect(covered.toSorted()).toEqual(Object.keys(organizationEndpoints).toSorted());
  });

  test.each(Object.entries(organizationCalls))(
    '%s sends what its endpoint takes, and names what it refuses',
    async (name, { endpoint, call }) => {
      const contract = organizationEndpoints[endpoint as 'logIn'];
      const { sent, fetch } = recorder(succeed);
      const client = clientWith(fetch);
      expect(await call(client)).toMatchObject({ ok: true });
      const made = sent.find(({ method, url }) => method === contract.method && url.pathname === contract.path);
      if (contract.body) expect(contract.body.safeParse(made?.body).error).toBeUndefined();
      if (name === 'login') expect(made?.body).toEqual({ email, password, rememberMe: false });
      expect(made, contract.path).toBeDefined();
      client.close();

      if (name === 'logout' || name === 'refreshToken') return;
      const named = new Set<string>([...contract.failures, ...(contract.body ? ['VALIDATION_ERROR'] : [])]);
      for (const [code, status] of Object.entries(organizationStatus)) {
        const refusing = clientWith(
          recorder((request) =>
            request.url.pathname === contract.path
              ? { status, body: { success: false, error: { code, message: 'no' } } }
              : succeed(),
          ).fetch,
        );
        const expected = status === 429 ? 'rate_limited' : status >= 500 ? 'unavailable' : named.has(code) ? code : 'unexpected';
        expect(await call(refusing), `${name} after ${code}`).toMatchObject({ ok: false, failure: { code: expected, status } });
        refusing.close();
      }
    },
  );
});

const cookieCalls: Calls<CookieClient> = {
  register: { endpoint: 'signUp', call: (c) => c.register({ email, password }) },
  login: { endpoint: 'signIn', call: (c) => c.login({ email, password, rememberMe: true }) },
  logout: { endpoint: 'signOut', call: (c) => c.logout() },
  logoutEverywhere: { endpoint: 'signOutEverywhere', call: (c) => c.logoutEverywhere() },
  forgotPassword: { endpoint: 'forgotPassword', call: (c) => c.forgotPassword({ email }) },
  resetPassword: { endpoint: 'resetPassword', call: (c) => c.resetPassword({ token: 'a', password }) },
  changePassword: {
    endpoint: 'changePassword',
    call: (c) => c.changePassword({ currentPassword: password, newPassword: 'another one' }),
  },
  me: { endpoint: 'me', call: (c) => c.me() },
  closeAccount: { endpoint: 'deleteAccount', call: (c) => c.closeAccount({ password }) },
  listProviders: { endpoint: 'listProviders', call: (c) => c.listProviders() },
  beginConnection: {
    endpoint: 'beginConnection',
    call: (c) => c.beginConnection('google', { redirectTo: 'https://app.example.com/back' }),
  },
  finishConnection: { endpoint: 'finishConnection', call: (c) => c.finishConnection('google', { code: 'a', state: 'b' }) },
};

describe('cookie', () => {
  const succeed = (): Answered => ({
    status: 200,
    body: { user, expires_in: 900, csrf_token: 'c', message: 'done', providers: [] },
  });
  const clientWith = (fetch: typeof globalThis.fetch) => createCookieClient({ baseUrl: 'https://app.example.com', fetch });

  test('every endpoint has a function; refreshing happens by itself', () => {
    const covered = [...Object.values(cookieCalls).map(({ endpoint }) => endpoint), 'refresh'];
    expect(covered.toSorted()).toEqual(Object.keys(cookieEndpoints).toSorted());
  });

  test.each(Object.entries(cookieCalls))(
    '%s sends what its endpoint takes, and names what it refuses',
    async (name, { endpoint, call }) => {
      const contract = cookieEndpoints[endpoint as 'signIn'] as (typeof cookieEndpoints)['signIn'] & { query?: z.ZodObject };
      const { sent, fetch } = recorder(succeed);
      const client = clientWith(fetch);
      expect(await call(client)).toMatchObject({ ok: true });
      const made = sent.find(({ method, url }) => method === contract.method && matches(contract.path, url.pathname));
      expect(made, contract.path).toBeDefined();
      if (contract.body) expect(contract.body.safeParse(made?.body).error).toBeUndefined();
      if (made?.url.search) expect(contract.query?.safeParse(Object.fromEntries(made.url.searchParams)).error).toBeUndefined();
      client.close();

      if (name === 'logout') return;
      const types = contract.failures.map((failure) =>
        failure === ('locked' as string) ? 'forbidden' : cookieFailures[failure as 'invalidBody'].type,
      );
      const named = new Set<string>([...types, ...(contract.body || contract.query ? ['validation_errors'] : [])]);
      // Only a page that is itself at fault is refused for its origin or CSRF token.
      const own: readonly string[] = contract.failures.filter((failure) => !/csrf|foreign/i.test(failure));
      if (!own.some((failure) => failure === 'locked' || failure === 'signInAgain')) named.delete('forbidden');
      for (const [code, status] of Object.entries(cookieStatus)) {
        const refusing = clientWith(
          recorder((request) =>
            request.method === contract.method && matches(contract.path, request.url.pathname)
              ? { status, body: { error: 'no', error_type: code } }
              : succeed(),
          ).fetch,
        );
        const expected = status === 429 ? 'rate_limited' : status >= 500 ? 'unavailable' : named.has(code) ? code : 'unexpected';
        expect(await call(refusing), `${name} after ${code}`).toMatchObject({ ok: false, failure: { code: expected, status } });
        refusing.close();
      }
    },
  );
});
