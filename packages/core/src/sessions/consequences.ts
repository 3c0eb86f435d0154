import type { SessionEndReason } from './session.ts';

// What each event does to what people hold. This table is the promise; test/verifier/consequences.test.ts drives every row
// through the product and looks at each cell, and docs/revocation.md shows it.

/** What happens that may take something from somebody. */
export type SecurityEvent = SessionEndReason | 'email_changed' | 'role_changed';

export type Fate = 'kept' | 'ended';

export type Consequence = {
  /** In the reader's words. */
  event: string;
  /** The session in which it happened, or which it is about. */
  thisSession: Fate;
  otherSessions: Fate;
  /** Of every session that ends, and of no other. */
  refreshTokens: 'of ended sessions' | 'kept';
  /** At this server, which looks at the session with each request. */
  accessTokensHere: 'of ended sessions' | 'kept';
  /**
   * At services that check tokens themselves: within a second. `renewed` are refused until the client has refreshed, because
   * what they say is no longer so.
   */
  accessTokensAtVerifiers: 'of ended sessions' | 'kept' | 'renewed';
};

const ending = (event: string, thisSession: Fate, otherSessions: Fate): Consequence => ({
  event,
  thisSession,
  otherSessions,
  refreshTokens: 'of ended sessions',
  accessTokensHere: 'of ended sessions',
  accessTokensAtVerifiers: 'of ended sessions',
});

const keeping = (event: string, accessTokensAtVerifiers: 'kept' | 'renewed'): Consequence => ({
  event,
  thisSession: 'kept',
  otherSessions: 'kept',
  refreshTokens: 'kept',
  accessTokensHere: 'kept',
  accessTokensAtVerifiers,
});

export const consequences: Readonly<Record<SecurityEvent, Consequence>> = {
  password_changed: ending('password changed by its owner', 'kept', 'ended'),
  password_reset: ending('password reset with a mailed link', 'ended', 'ended'),
  password_set: ending('password set by an operator', 'ended', 'ended'),
  email_changed: keeping('primary address changed', 'kept'),
  email_change_undone: ending('change of the primary address undone', 'ended', 'ended'),
  role_changed: keeping('role changed', 'renewed'),
  account_suspended: ending('account suspended', 'ended', 'ended'),
  account_deactivated: ending('account deactivated', 'ended', 'ended'),
  account_closed: ending('account deleted', 'ended', 'ended'),
  account_claimed: ending('unverified account claimed by the owner of its address, through a provider', 'ended', 'ended'),
  session_revoked: ending('session ended from the list of sessions', 'ended', 'kept'),
  session_limit: ending('session ended because there were too many', 'ended', 'kept'),
  logged_out: ending('log-out', 'ended', 'kept'),
  logged_out_everywhere: ending('log-out everywhere', 'ended', 'ended'),
  refresh_reuse: ending('reuse of a refresh token detected', 'ended', 'kept'),
};
