import type { AuthState, CookieClient, OrganizationClient, StandardClient } from '@tegata/client';
import { createContext, createElement, type ReactNode, useContext, useEffect, useSyncExternalStore } from 'react';

/** A client of any contract. */
export type AnyClient = StandardClient | OrganizationClient | CookieClient;

/** The user as the client's contract writes one. */
export type UserOf<Client extends AnyClient> = Extract<ReturnType<Client['getState']>, { status: 'logged_in' }>['user'];

const AuthContext = createContext<AnyClient | undefined>(undefined);

export type AuthProviderProps = {
  /** Made once, outside of components: `const auth = createClient()`. */
  client: AnyClient;
  children?: ReactNode;
};

/**
 * Tells everything below who is logged in. Asks the server once, when it is first shown in a browser; on a server it asks
 * nothing, and neither `LoggedIn` nor `LoggedOut` shows anything there. The client is yours: going away does not close it.
 */
export const AuthProvider = ({ client, children }: AuthProviderProps): ReactNode => {
  // An effect runs twice under StrictMode; the client starts once.
  useEffect(() => void client.start(), [client]);
  return createElement(AuthContext.Provider, { value: client }, children);
};

/** The client of the nearest `AuthProvider`. @throws Error where there is none. */
export const useAuthClient = <Client extends AnyClient = StandardClient>(): Client => {
  const client = useContext(AuthContext);
  if (!client) throw new Error('useAuth and its siblings need an <AuthProvider client={…}> above them');
  return client as Client;
};

const unknown: AuthState<never> = { status: 'loading' };
const onServer = () => unknown;

/**
 * The state itself, to be told apart by `status`: `loading` (with the `failure` and `retryAt` when the server cannot be reached),
 * `logged_in` (with the `user`) or `logged_out` (with the `reason`). Every component gets the same object, from the one
 * client, so that all of them change at once.
 */
export const useSession = <Client extends AnyClient = StandardClient>(): AuthState<UserOf<Client>> => {
  const client = useAuthClient();
  return useSyncExternalStore(client.subscribe, client.getState, onServer) as AuthState<UserOf<Client>>;
};
