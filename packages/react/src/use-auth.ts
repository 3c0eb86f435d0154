import type { Failure, StandardClient } from '@tegata/client';
import { type AnyClient, type UserOf, useAuthClient, useSession } from './auth-context.ts';

export type UseAuth<Client extends AnyClient> = {
  /** Null while nobody is logged in, or nobody knows yet. */
  user: UserOf<Client> | null;
  isAuthenticated: boolean;
  /** True until it is known who is logged in. Show neither state meanwhile. */
  loading: boolean;
  /** Why somebody was signed out, in the contract's words; undefined for whoever just arrived. */
  reason: string | undefined;
  /** While loading: why the server could not be asked so far. It will be again, by itself. */
  failure: Failure | undefined;
  /** Gives the user, or the failure; nothing is thrown. The state changes with it. */
  login: Client['login'];
  /** Nobody is logged in from this moment on, in any tab, whatever comes back. */
  logout: Client['logout'];
  register: Client['register'];
  /** Everything else that the contract can do. */
  client: Client;
};

/**
 * Who is logged in, and how that changes. `useAuth<OrganizationClient>()` and `useAuth<CookieClient>()` where the provider's
 * client is one of those.
 */
export const useAuth = <Client extends AnyClient = StandardClient>(): UseAuth<Client> => {
  const client = useAuthClient<Client>();
  const state = useSession<Client>();
  return {
    user: state.status === 'logged_in' ? state.user : null,
    isAuthenticated: state.status === 'logged_in',
    loading: state.status === 'loading',
    reason: state.status === 'logged_out' ? state.reason : undefined,
    failure: state.status === 'loading' ? state.failure : undefined,
    login: client.login,
    logout: client.logout,
    register: client.register,
    client,
  };
};
