import type { Deps } from '../deps.ts';
import type { Membership } from './organization.ts';

/** The organization that the user belongs to, if any, and as what. */
export const showMembership = (
  { organizations }: Pick<Deps, 'organizations'>,
  { userId }: { userId: string },
): Promise<Membership | undefined> => organizations.findMembership(userId);
