// What this server tells the verifiers: every revocation of every server over the same database, as server-sent events. The
// table is the truth, and this reads it: at once when somebody says that there is something, and four times a second anyway.
// A heartbeat goes out only after a successful look, so a server that cannot see the table falls silent, and its verifiers
// know that they know nothing.

import { type Clock, Unavailable } from '@tegata/core';
import type { Logger } from 'pino';
import type { Channel } from './channel.ts';
import { firstIdAt, timeOfId } from './event-id.ts';
import { createReader, type Reader } from './reader.ts';
import type { Revocation, RevocationLog } from './revocation.ts';

export type OpenFeed = (options: {
  /** The last event that the reader has seen: what came well before it is left out. */
  lastEventId?: string | undefined;
  /** Asked every few seconds; the stream ends when it is no longer so. */
  isAllowed: () => Promise<boolean>;
}) => Promise<ReadableStream<Uint8Array>>;

export type RevocationFeed = {
  /** @throws Unavailable when there are too many readers, the table cannot be read, or the server is stopping. */
  open: OpenFeed;
  /** Something was committed here: look now, and have the other servers look. */
  announce: () => void;
  readers: () => number;
  /** Since the table was last read with success; 0 while nobody reads, because then nobody looks. */
  lookAgeSeconds: () => number;
  /** From the moment of a revocation until it was handed to the readers here: the longest since this was asked last. */
  takeLagSeconds: () => number;
  /** Ends every stream, and waits for what is being told to the other servers. */
  close: () => Promise<void>;
};

export type FeedOptions = {
  log: Pick<RevocationLog, 'listAfter'>;
  channel: Channel;
  clock: Clock;
  logger: Pick<Logger, 'warn' | 'info'>;
  /** Verifiers are few: more than this is a mistake or an attack. */
  maxReaders: number;
  pollMs?: number;
  heartbeatMs?: number;
};

/** How late a row may become visible, clocks of several servers included. At every look, and at a thorough one every ten seconds. */
const marginMs = 5_000;
const thoroughMarginMs = 120_000;
const thoroughEveryMs = 10_000;
const askAgainMs = 5_000;

export const createRevocationFeed = (options: FeedOptions): RevocationFeed => {
  const { log, channel, clock, logger, maxReaders, pollMs = 250, heartbeatMs = 1_000 } = options;
  /** All that still matters, in the order in which it was seen. */
  const known = new Map<string, Revocation>();
  const readers = new Set<Reader>();
  const publishing = new Set<Promise<void>>();
  let newestMs = 0;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  /** In real time, whatever the clock of the tokens says. */
  let thoroughAt = Number.NEGATIVE_INFINITY;
  let lookedAt = performance.now();
  let longestLagMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let unsubscribe: Promise<() => Promise<void>> | undefined;
  let isDown = false;
  let closed = false;

  const look = async () => {
    const now = clock();
    const isThorough = performance.now() - thoroughAt >= thoroughEveryMs;
    // Never from the future: of one server whose clock is ahead the others must not fall behind.
    const from = Math.min(newestMs, now) - (isThorough ? thoroughMarginMs : marginMs);
    const rows = await log.listAfter(newestMs === 0 || !timer ? '' : firstIdAt(from), now);
    lookedAt = performance.now();
    if (isThorough) thoroughAt = lookedAt;
    const fresh = rows.filter(({ id }) => !known.has(id));
    for (const revocation of fresh) {
      known.set(revocation.id, revocation);
      newestMs = Math.max(newestMs, timeOfId(revocation.id) ?? 0);
    }
    for (const [id, { expiresAt }] of known) if (expiresAt <= now) known.delete(id);
    for (const reader of readers) reader.tell(fresh, now);
    if (readers.size === 0) return;
    const told = clock();
    for (const { revokedAt } of fresh) longestLagMs = Math.max(longestLagMs, told - revokedAt);
  };

  /** A look that begins after this call. However many ask for one, at most one waits behind the one that runs. */
  const lookNow = (): Promise<void> => {
    if (running) {
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined;
          return lookNow();
        });
      return next;
    }
    running = look().finally(() => {
      running = undefined;
    });
    return running;
  };

  const wake = () => {
    if (readers.size > 0) lookNow().then(isUp, isNot);
  };
  const isUp = () => {
    if (isDown) logger.info('the revocation feed is up to date again');
    isDown = false;
  };
  const isNot = (error: Error) => {
    if (!isDown) logger.warn({ reason: error.message }, 'the revocation feed cannot read the database');
    isDown = true;
  };

  /** Ends by itself when `timer` is no longer the one that it set. */
  const pollOn = () => {
    const mine = setTimeout(async () => {
      await lookNow().then(isUp, isNot);
      if (timer === mine) pollOn();
    }, pollMs);
    timer = mine;
  };

  const leave = (reader: Reader) => {
    readers.delete(reader);
    if (readers.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
  };

  const refuseWhenFull = () => {
    if (closed) throw new Unavailable('the server is stopping', { retryAfterSeconds: 1 });
    if (readers.size >= maxReaders) throw new Unavailable('too many readers of the revocation feed', { retryAfterSeconds: 5 });
  };

  return {
    open: async ({ lastEventId, isAllowed }) => {
      refuseWhenFull();
      unsubscribe ??= channel.subscribe(wake, wake);
      await unsubscribe;
      await lookNow();
      // Others have joined while this one waited.
      refuseWhenFull();
      const seenMs = timeOfId(lastEventId ?? '');
      const from = seenMs === undefined ? '' : firstIdAt(seenMs - thoroughMarginMs);
      const snapshot = [...known.values()].filter(({ id }) => id > from);
      const reader = createReader({ snapshot, now: clock(), heartbeatMs, isAllowed, askAgainMs, left: () => leave(reader) });
      readers.add(reader);
      if (!timer) pollOn();
      return reader.stream;
    },

    announce: () => {
      wake();
      const told = channel.publish('').catch((error: Error) => {
        // They look by themselves in a moment.
        logger.warn({ reason: error.message }, 'the other servers could not be told of a revocation');
      });
      publishing.add(told);
      void told.finally(() => publishing.delete(told));
    },

    readers: () => readers.size,

    lookAgeSeconds: () => (readers.size === 0 ? 0 : (performance.now() - lookedAt) / 1000),

    takeLagSeconds: () => {
      const taken = longestLagMs / 1000;
      longestLagMs = 0;
      return taken;
    },

    close: async () => {
      closed = true;
      for (const reader of [...readers]) reader.end();
      clearTimeout(timer);
      timer = undefined;
      await Promise.all(publishing);
      await (await unsubscribe?.catch(() => undefined))?.();
      await running?.catch(() => {});
    },
  };
};
