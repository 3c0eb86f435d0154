/**
 * Messages between nodes over Redis' publish and subscribe, on a connection of its own that listens to one channel:
 *
 *     <prefix><name>                         channel
 *
 * Redis keeps nothing for a listener that is away, so whoever listens is told when it may have missed something. That is
 * also noticed on a line that is cut without a word: every second the connection has to answer.
 */
import type { Logger } from '../../observe/logger.ts';
import type { Channel } from '../../revocations/channel.ts';
import { createRedisClient } from './client.ts';
import { DeadlinePassed, type Redis, withDeadline } from './connection.ts';

type Listener = { heard: (message: string) => void; onGap: () => void };
type ChannelOptions = { url: string; prefix: string; name: string; logger: Logger; heartbeatMs?: number };

export const createRedisChannel = (
  redis: Pick<Redis, 'send'>,
  { url, prefix, name, logger, heartbeatMs = 1_000 }: ChannelOptions,
): Channel & { close: () => Promise<void> } => {
  const channel = `${prefix}${name}`;
  const listeners = new Set<Listener>();
  const tell = (told: (listener: Listener) => void) => {
    for (const listener of listeners) {
      try {
        told(listener);
      } catch (err) {
        // One listener's mistake must not keep the message from the others.
        logger.error({ err }, 'a listener failed');
      }
    }
  };

  const tellOfGap = () => tell(({ onGap }) => onGap());
  let line: Line | undefined;

  const open = (): Line => {
    const client = createRedisClient(url);
    const heard = Promise.withResolvers<void>();
    let isSubscribed = false;
    let isUp = false;
    client.on('error', () => {
      if (isUp) tellOfGap();
      isUp = false;
    });
    client.on('ready', async () => {
      // The library subscribes again by itself before it says that it is ready; a first time that failed is left to us.
      const isBack = isSubscribed;
      try {
        if (!isSubscribed) await client.subscribe(channel, (message) => tell((listener) => listener.heard(message)));
      } catch {
        return;
      }
      isSubscribed = true;
      isUp = true;
      if (isBack) tellOfGap();
      heard.resolve();
    });
    client.connect().catch(() => {});

    const heartbeat = setInterval(async () => {
      if (!client.isReady) return;
      const failure = await withDeadline(client.ping(), heartbeatMs).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!(failure instanceof DeadlinePassed) || line !== opened) return;
      opened.end();
      line = open();
      tellOfGap();
      line.heard.then(tellOfGap);
    }, heartbeatMs);
    heartbeat.unref();

    const opened: Line = {
      heard: heard.promise,
      end: () => {
        isUp = false;
        clearInterval(heartbeat);
        client.destroy();
      },
    };
    return opened;
  };

  return {
    publish: async (message) => {
      await redis.send('PUBLISH', channel, message);
    },
    subscribe: async (heard, onGap) => {
      const listener = { heard, onGap };
      listeners.add(listener);
      line ??= open();
      const first = line.heard;
      await withDeadline(first, 2 * heartbeatMs).catch(() => {
        onGap();
        first.then(onGap);
      });
      return async () => {
        listeners.delete(listener);
      };
    },
    close: async () => {
      line?.end();
      listeners.clear();
    },
  };
};

/** `heard` resolves when messages can be heard for the first time. */
type Line = { heard: Promise<void>; end: () => void };
