import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import type { Role } from './organization.ts';

/**
 * For operators: what a person may do in their organization. Nobody is signed out; access tokens issued before say the old
 * role, so whoever checks tokens without asking refuses them until their clients refresh. Records
 * `membership.role_changed`.
 */
export type ChangeRoleFailure = { code: 'membership_not_found' };

export const changeRole = async (
  { atomically, clock }: Pick<Deps, 'atomically' | 'clock'>,
  { userId, role }: { userId: string; role: Role },
): Promise<Result<{ before: Role }, ChangeRoleFailure>> =>
  atomically(async (stores) => {
    const now = clock();
    // A log-in beside this one is over before, and its token is refused, or begins after, and finds the new role.
    await stores.users.lock(userId);
    const membership = await stores.organizations.findMembership(userId);
    if (!membership) return fail('membership_not_found');
    const before = membership.role;
    if (before === role) return ok({ before });
    if (!(await stores.organizations.changeRole(userId, membership.organization.id, role, now))) {
      return fail('membership_not_found');
    }
    await stores.audit.add({ type: 'membership.role_changed', userId, reason: `${before} to ${role}` }, now);
    return ok({ before });
  });
