import type { User } from '../users/user.ts';

/** What a contract decides about the sessions it starts and refreshes. */
export type SessionPolicy = {
  accessTtlSeconds: number;
  refreshTtlSeconds: number;
  /** Instead of `refreshTtlSeconds` when the person asked to be remembered. */
  rememberTtlSeconds: number;
  /** The contract's own claims in the access token, such as `uid` and `email`; may replace `sub`. */
  claims: (user: User) => { sub?: string; [claim: string]: unknown };
};

/** Where a session was started from, shown to its owner in the list of sessions. */
export type ClientInfo = { userAgent: string | null; ipAddress: string | null };
