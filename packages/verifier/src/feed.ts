// Stays subscribed to the server's feed of revocations: reconnects with a growing, random pause, resumes where it was, and
// knows how long ago the server last said that everything was told.

import { createEventStreamParser, type StreamEvent } from './event-stream.ts';
import type { RevocationEvent, Revocations } from './revocations.ts';

export type FeedHealth = {
  /** `live`: everything up to a moment ago is known. `lost`: that was longer ago than `staleAfterMs`, or never. */
  state: 'off' | 'connecting' | 'live' | 'lost';
  /** Milliseconds since the server last said that everything was told; `undefined` before the first time. */
  lagMs: number | undefined;
  /** By the server's clock: what was revoked before is known, what was revoked since may not be. */
  knownUntil: number | undefined;
  /** Sessions and users that are revoked. */
  revoked: number;
  reconnects: number;
  /** Why the last connection ended or could not be made. */
  lastError: string | undefined;
};

export type Feed = {
  health: () => FeedHealth;
  /** Undefined while the feed is live. Otherwise since when, in milliseconds by the server's clock, it is not. */
  lostSince: () => number | undefined;
  /** Resolves once the feed has told everything for the first time; rejects after the given time. */
  ready: (withinMs: number) => Promise<void>;
  close: () => void;
};

export type FeedOptions = {
  url: string;
  credential: string;
  staleAfterMs: number;
  revocations: Revocations;
  clock: () => number;
  fetch: typeof fetch;
  /** From 0 to 1. */
  random?: () => number;
};

const firstPauseMs = 100;
const longestPauseMs = 5_000;

export const connectFeed = (options: FeedOptions): Feed => {
  const { url, credential, staleAfterMs, revocations, clock, random = Math.random } = options;
  const startedAt = clock();
  const stop = new AbortController();
  const told = Promise.withResolvers<void>();
  // Nobody need be waiting for it.
  told.promise.catch(() => {});
  let lastEventId: string | undefined;
  /** By the clock that only goes forward, and by the server's. */
  let heardAt: number | undefined;
  let knownUntil: number | undefined;
  let reconnects = 0;
  let pauseMs = firstPauseMs;
  let lastError: string | undefined;

  const heard = (serverTime: number) => {
    if (!Number.isFinite(serverTime)) throw new Error('the feed said no time');
    heardAt = performance.now();
    knownUntil = Math.max(knownUntil ?? 0, serverTime);
    pauseMs = firstPauseMs;
    told.resolve();
  };

  /** One connection, from its beginning to its end; returns why it ended. */
  const follow = async (): Promise<string> => {
    const connection = new AbortController();
    const giveUp = () => connection.abort(new Error('the feed fell silent'));
    stop.signal.addEventListener('abort', giveUp, { once: true });
    let silence = setTimeout(giveUp, Math.max(staleAfterMs, 2_000));
    try {
      const response = await options.fetch(url, {
        headers: {
          Accept: 'text/event-stream',
          Authorization: `Bearer ${credential}`,
          ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
        },
        cache: 'no-store',
        redirect: 'error',
        signal: connection.signal,
      });
      const type = response.headers.get('content-type') ?? '';
      if (response.status !== 200 || !type.startsWith('text/event-stream') || !response.body) {
        await response.body?.cancel();
        return `the feed answered ${response.status}`;
      }
      let isComplete = false;
      const parse = createEventStreamParser({
        event: (event) => {
          if (event.event === 'revocation') take(event);
          if (event.event !== 'ready') return;
          isComplete = true;
          heard(Number(JSON.parse(event.data).now));
        },
        // A heartbeat in the middle of the snapshot says nothing yet.
        comment: (text) => {
          if (isComplete) heard(Number(text));
        },
      });
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return 'the feed ended';
        clearTimeout(silence);
        silence = setTimeout(giveUp, staleAfterMs);
        parse(value);
      }
    } catch (error) {
      connection.abort(error);
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(silence);
      stop.signal.removeEventListener('abort', giveUp);
    }
  };

  const take = ({ data, id }: StreamEvent) => {
    const event = JSON.parse(data) as RevocationEvent;
    if (typeof event.user_id !== 'string' || !Number.isFinite(event.expires_at)) throw new Error('the feed sent no revocation');
    revocations.add(event);
    if (id !== undefined && (lastEventId === undefined || id > lastEventId)) lastEventId = id;
  };

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      stop.signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });

  const keepFollowing = async () => {
    while (!stop.signal.aborted) {
      lastError = await follow();
      if (stop.signal.aborted) return;
      reconnects += 1;
      // Random, so that verifiers that lost one server do not all come back in the same moment.
      await pause(pauseMs * (0.5 + random() / 2));
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  };
  void keepFollowing();

  const isLive = () => heardAt !== undefined && performance.now() - heardAt <= staleAfterMs;

  return {
    health: () => ({
      state: isLive() ? 'live' : heardAt === undefined && reconnects === 0 ? 'connecting' : 'lost',
      lagMs: heardAt === undefined ? undefined : performance.now() - heardAt,
      knownUntil,
      revoked: revocations.size(),
      reconnects,
      lastError,
    }),
    lostSince: () => (isLive() ? undefined : (knownUntil ?? startedAt)),
    ready: async (withinMs) => {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new Error(`the feed is not ready: ${lastError ?? 'no answer yet'}`)), withinMs);
      await Promise.race([told.promise, late.promise]).finally(() => clearTimeout(timer));
    },
    close: () => {
      stop.abort();
      told.reject(new Error('the verifier was closed'));
    },
  };
};
