import type { Membership } from '../organizations/organization.ts';
import type { User } from '../users/user.ts';

/** What a contract decides about the sessions it starts and refreshes. */
export type SessionPolicy = {
  accessTtlSeconds: number;
  refreshTtlSeconds: number;
  /** Instead of `refreshTtlSeconds` when the person asked to be remembered. */
  rememberTtlSeconds: number;
  /** Whether `claims` wants to know the user's organization, which costs one query. */
  needsMembership?: boolean;
  /** The contract's own claims in the access token, such as `uid` and `email`; may replace `sub`. */
  claims: (user: User, membership: Membership | undefined) => { sub?: string; [claim: string]: unknown };
  /** The contract's own claims in the refresh token; may replace `sub`. Nothing that changes often: a repeated answer signs them again. */
  refreshClaims?: SessionPolicy['claims'];
};

/** Where a session was started from, shown to its owner in the list of sessions. */
export type ClientInfo = { userAgent: string | null; ipAddress: string | null };
