/** Why a session ended before its time. Told to its owner as the `reason` of a 401. */
export type SessionEndReason =
  | 'logged_out'
  | 'logged_out_everywhere'
  | 'session_revoked'
  | 'session_limit'
  | 'refresh_reuse'
  | 'password_changed'
  | 'password_reset'
  | 'password_set'
  | 'email_change_undone'
  | 'account_suspended'
  | 'account_deactivated'
  | 'account_closed'
  /** The address was proved by its owner, through a provider, before whoever registered it had proved it. */
  | 'account_claimed';

export type Session = {
  id: string;
  userId: string;
  /** Rotations so far. The refresh token of this generation is the current one. */
  generation: number;
  /** `jti` of the current refresh token, and of the one before it. */
  refreshJti: string;
  previousJti: string | null;
  /** `kid` that signed the current refresh token: the same successor can be signed again, byte for byte. */
  refreshKid: string;
  /** When the current refresh token was issued. */
  rotatedAt: number;
  /** Whether anything issued by the last rotation has come back: proof that its answer arrived. */
  successorSeen: boolean;
  /** How far each refresh slides the end. */
  idleSeconds: number;
  userAgent: string | null;
  ipAddress: string | null;
  createdAt: number;
  lastUsedAt: number;
  expiresAt: number;
  /** Refreshing never moves `expiresAt` past this (OWASP session management: absolute timeout). */
  absoluteExpiresAt: number;
  endedAt: number | null;
  endReason: SessionEndReason | null;
};

export const isLive = (session: Pick<Session, 'endedAt' | 'expiresAt'>, now: number): boolean =>
  session.endedAt === null && session.expiresAt > now;

/** Younger than five minutes: stands in for the password of an account that has none. */
export const isFreshLogIn = (session: Pick<Session, 'createdAt'>, now: number): boolean =>
  now - session.createdAt <= 5 * 60 * 1000;

/** Where a refreshed session ends: slid forward, never past its absolute end. */
export const slidEnd = (session: Pick<Session, 'idleSeconds' | 'absoluteExpiresAt'>, now: number): number =>
  Math.min(now + session.idleSeconds * 1000, session.absoluteExpiresAt);

export type RefreshDecision =
  /** The current token: rotate. */
  | 'rotate'
  /** The previous token, and the answer that replaced it may never have arrived: give the same successor again. */
  | 'repeat'
  /** A token that an honest client no longer holds (RFC 9700, section 4.14.2): end the session. */
  | 'reuse'
  /** Not a token of this session's history, such as one from after a restored backup: refuse, end nothing. */
  | 'unknown';

/**
 * May this refresh token rotate? The whole rotation policy is this function.
 *
 * The previous token is answered with the same successor while the grace runs, and for as long as nothing of that
 * rotation has been seen again: then its answer was lost, and an honest client must not be signed out for a dropped
 * connection. With `graceSeconds` 0 the policy is strict and every reuse is theft.
 */
export const decideRefresh = (
  session: Pick<Session, 'generation' | 'refreshJti' | 'previousJti' | 'rotatedAt' | 'successorSeen'>,
  presented: { gen: number; jti: string },
  graceSeconds: number,
  now: number,
): RefreshDecision => {
  if (presented.gen > session.generation) return 'unknown';
  if (presented.gen === session.generation) return presented.jti === session.refreshJti ? 'rotate' : 'unknown';
  if (graceSeconds === 0) return 'reuse';
  if (presented.gen < session.generation - 1 || presented.jti !== session.previousJti) return 'reuse';
  const withinGrace = now - session.rotatedAt <= graceSeconds * 1000;
  return withinGrace || !session.successorSeen ? 'repeat' : 'reuse';
};
