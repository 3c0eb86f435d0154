import type { SecurityEvent } from '@tegata/core';

/** One thing that verifiers elsewhere must refuse from now on. Hearing it twice is the same as hearing it once. */
export type Revocation = {
  /** UUIDv7 of the server that wrote it: several servers' ids are nearly, and only nearly, in the order of their commits. */
  id: string;
  /** Null: every session of the user. */
  sessionId: string | null;
  userId: string;
  /** The last rotation whose tokens are meant: later ones are as good as before. Null: all of them. */
  generation: number | null;
  reason: SecurityEvent;
  revokedAt: number;
  /** When the last token that it is about has expired. */
  expiresAt: number;
};

/** Where revocations are kept. Whatever ends a session writes here in the same transaction; see `recording-stores.ts`. */
export type RevocationLog = {
  /** Those whose id is greater than `afterId`, in the order of ids, without what has expired. */
  listAfter: (afterId: string, now: number) => Promise<Revocation[]>;
  /** Deletes up to `limit` that have expired; returns how many. */
  purge: (now: number, limit: number) => Promise<number>;
};
