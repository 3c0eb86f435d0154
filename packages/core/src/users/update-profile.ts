import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import type { User } from './user.ts';

/** A person changes their name or picture. Nothing else about a user can be changed by naming it in a body. */
export type UpdateProfileFailure = { code: 'user_not_found' };

export const updateProfile = async (
  { atomically, clock }: Pick<Deps, 'atomically' | 'clock'>,
  { userId, change }: { userId: string; change: { name?: string; avatarUrl?: string | null } },
): Promise<Result<User, UpdateProfileFailure>> =>
  atomically(async (stores) => {
    const user = await stores.users.update(userId, change, clock());
    if (!user) return fail('user_not_found');
    await stores.audit.add({ type: 'user.updated', userId }, clock());
    return ok(user);
  });
