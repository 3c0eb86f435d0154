import type { StandardClient } from '@tegata/client';
import type { ReactNode } from 'react';
import { type AnyClient, type UserOf, useSession } from './auth-context.ts';

export type LoggedInProps<Client extends AnyClient = StandardClient> = {
  /** A function gets the user. */
  children?: ReactNode | ((user: UserOf<Client>) => ReactNode);
};

/** Shows its children when somebody is logged in, and nothing while that is not known. */
export const LoggedIn = <Client extends AnyClient = StandardClient>({ children }: LoggedInProps<Client>): ReactNode => {
  const state = useSession<Client>();
  if (state.status !== 'logged_in') return null;
  return typeof children === 'function' ? children(state.user) : children;
};

/** Shows its children when it is known that nobody is logged in. */
export const LoggedOut = ({ children }: { children?: ReactNode }): ReactNode =>
  useSession().status === 'logged_out' ? children : null;
