// What the feed has told, for as long as it matters: look-ups by session and by user, each one step.

import { type AccessClaims, userIdOf } from './claims.ts';

/** One event of the feed, as the server writes it. */
export type RevocationEvent = {
  user_id: string;
  session_id?: string;
  generation?: number;
  issued_through?: number;
  reason: string;
  revoked_at: number;
  expires_at: number;
};

type Revoked = { through: number; reason: string; expiresAt: number };

export type Revocations = {
  add: (event: RevocationEvent) => void;
  /** The reason when the token is revoked. */
  reasonFor: (claims: AccessClaims) => string | undefined;
  size: () => number;
};

/** Verifiers' clocks may be behind the server's: what has expired is kept a little longer. */
const marginMs = 60_000;
const sweepEvery = 1_000;

export const createRevocations = (clock: () => number): Revocations => {
  /** By session: the last rotation that is meant. By user: the last second of issue that is meant. */
  const sessions = new Map<string, Revoked>();
  const users = new Map<string, Revoked>();
  let added = 0;

  const keep = (known: Map<string, Revoked>, id: string, next: Revoked) => {
    const before = known.get(id);
    // Events may come twice and in any order: the one that takes more holds.
    if (!before || next.through > before.through) known.set(id, next);
    else before.expiresAt = Math.max(before.expiresAt, next.expiresAt);
  };

  const sweep = () => {
    const now = clock();
    for (const known of [sessions, users]) {
      for (const [id, { expiresAt }] of known) if (expiresAt + marginMs < now) known.delete(id);
    }
  };

  return {
    add: ({ user_id, session_id, generation, issued_through, reason, expires_at: expiresAt }) => {
      if (session_id !== undefined) {
        keep(sessions, session_id, { through: generation ?? Number.POSITIVE_INFINITY, reason, expiresAt });
      } else if (issued_through !== undefined) {
        keep(users, user_id, { through: issued_through, reason, expiresAt });
      }
      added += 1;
      if (added % sweepEvery === 0) sweep();
    },

    reasonFor: (claims) => {
      const session = sessions.get(claims.sid);
      if (session && claims.gen <= session.through) return session.reason;
      if (users.size === 0) return undefined;
      const user = users.get(userIdOf(claims));
      return user && claims.iat <= user.through ? user.reason : undefined;
    },

    size: () => sessions.size + users.size,
  };
};
