// One verifier at the other end of a stream. What it has not taken yet waits as references to revocations that are in memory
// anyway, and is written out only when it is asked for; whoever falls too far behind is cut off, comes back, and gets what
// it missed.

import type { Revocation } from './revocation.ts';

export type Reader = {
  stream: ReadableStream<Uint8Array>;
  /** Everything up to `now` is in `fresh` or was told before. */
  tell: (fresh: readonly Revocation[], now: number) => void;
  end: () => void;
};

export type ReaderOptions = {
  snapshot: readonly Revocation[];
  now: number;
  heartbeatMs: number;
  isAllowed: () => Promise<boolean>;
  askAgainMs: number;
  left: () => void;
};

/** A reader that is this far behind what happens, or has taken nothing for this long, is not listening. */
const maxWaiting = 10_000;
const maxStalledMs = 30_000;
const eventsAtOnce = 200;

/**
 * Clocks of several servers differ, and a log-in beside a suspension may be signed a moment after it: tokens of the user
 * issued up to this long after it are meant too.
 */
const userMarginMs = 5_000;

const encoder = new TextEncoder();

export const createReader = (options: ReaderOptions): Reader => {
  const { heartbeatMs, isAllowed, askAgainMs, left } = options;
  const waiting: (Revocation | string)[] = [...options.snapshot, ready(options.now, options.snapshot.length)];
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let live = 0;
  let isOver = false;
  let beatAt = performance.now();
  let askedAt = performance.now();
  let takenAt = performance.now();

  const finish = (how: () => void) => {
    if (isOver) return;
    isOver = true;
    left();
    how();
  };
  const end = () => finish(() => controller.close());

  const hand = () => {
    if (isOver || waiting.length === 0 || (controller.desiredSize ?? 0) <= 0) return;
    const chunk = waiting.splice(0, eventsAtOnce);
    live = Math.min(live, waiting.length);
    takenAt = performance.now();
    controller.enqueue(encoder.encode(chunk.map((one) => (typeof one === 'string' ? one : eventOf(one))).join('')));
  };

  const stream = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    pull: hand,
    cancel: () => finish(() => {}),
  });

  return {
    stream,

    tell: (fresh, now) => {
      if (isOver) return;
      const at = performance.now();
      if (waiting.length === 0) takenAt = at;
      waiting.push(...fresh);
      live += fresh.length;
      // Not what it was given to begin with: that may be much, and takes as long as it takes.
      if (live > maxWaiting || at - takenAt > maxStalledMs) {
        finish(() => controller.error(new Error('a reader of the revocation feed does not keep up')));
        return;
      }
      if (waiting.length === 0 && at - beatAt >= heartbeatMs) waiting.push(`: ${now}\n\n`);
      if (fresh.length > 0 || waiting.length > 0) beatAt = at;
      hand();
      if (at - askedAt < askAgainMs) return;
      askedAt = at;
      // A database that does not answer says nothing about the credential, and lets no heartbeat through either.
      isAllowed().then(
        (allowed) => {
          if (!allowed) end();
        },
        () => {},
      );
    },

    end,
  };
};

const ready = (now: number, events: number) => `event: ready\ndata: ${JSON.stringify({ now, events })}\n\n`;

const eventOf = ({ id, sessionId, userId, generation, reason, revokedAt, expiresAt }: Revocation): string => {
  const data = {
    user_id: userId,
    ...(sessionId === null
      ? { issued_through: Math.floor((revokedAt + userMarginMs) / 1000) }
      : { session_id: sessionId, ...(generation === null ? {} : { generation }) }),
    reason,
    revoked_at: revokedAt,
    expires_at: expiresAt,
  };
  return `event: revocation\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
};
