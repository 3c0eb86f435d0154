import type { Deps } from '../deps.ts';
import type { User } from './user.ts';

/** For operators: users, newest first, `limit` at a time; `before` is the id of the last one seen. */
export const listUsers = (
  { users }: Pick<Deps, 'users'>,
  page: { limit: number; before?: string; search?: string },
): Promise<User[]> => users.list(page);
