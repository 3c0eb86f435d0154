// The channel over PostgreSQL: LISTEN and NOTIFY on a connection of its own, because a pooled one would be handed back with
// its subscriptions. PostgreSQL keeps nothing for whoever is away, so coming back is a gap.

import { Client } from 'pg';
import type { Channel } from './channel.ts';

export type PostgresChannelOptions = {
  url: string;
  /** The name under which the servers of one database meet. */
  name?: string;
  /** Told of a lost connection, and of every try to get it back that failed. */
  onTrouble?: (error: Error) => void;
  /** Waiting before the first try to connect again, in milliseconds; doubles up to five seconds. */
  reconnectMs?: number;
};

const longestWaitMs = 5_000;

export type PostgresChannel = Channel & { close: () => Promise<void> };

export const createPostgresChannel = (options: PostgresChannelOptions): PostgresChannel => {
  const { url, name = 'tegata_revocations', onTrouble = () => {}, reconnectMs = 100 } = options;
  const subscribers = new Set<{ listener: (message: string) => void; onGap: () => void }>();
  let client: Client | undefined;
  let connecting: Promise<Client> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let waitMs = reconnectMs;
  let closed = false;

  const lost = (which: Client, error: Error) => {
    if (client !== which) return;
    client = undefined;
    // It may be half open: nobody waits for its good-bye.
    which.end().catch(() => {});
    if (closed) return;
    onTrouble(error);
    reconnectLater();
  };

  const reconnectLater = () => {
    if (closed || retry !== undefined || subscribers.size === 0) return;
    retry = setTimeout(() => {
      retry = undefined;
      connected().then(
        () => {
          for (const { onGap } of subscribers) onGap();
        },
        (error: Error) => {
          onTrouble(error);
          waitMs = Math.min(waitMs * 2, longestWaitMs);
          reconnectLater();
        },
      );
    }, waitMs);
  };

  const connect = async (): Promise<Client> => {
    const opened = new Client({
      connectionString: url,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      query_timeout: 5_000,
      application_name: 'tegata revocations',
    });
    // Without a listener a lost connection would end the process.
    opened.on('error', (error) => lost(opened, error));
    opened.on('end', () => lost(opened, new Error('PostgreSQL closed the connection of the revocation channel')));
    opened.on('notification', ({ payload = '' }) => {
      for (const { listener } of subscribers) listener(payload);
    });
    try {
      await opened.connect();
      await opened.query(`listen ${opened.escapeIdentifier(name)}`);
    } catch (error) {
      opened.end().catch(() => {});
      throw error;
    }
    if (closed) {
      await opened.end();
      throw new Error('the revocation channel is closed');
    }
    client = opened;
    waitMs = reconnectMs;
    return opened;
  };

  const connected = async (): Promise<Client> => {
    if (client) return client;
    connecting ??= connect().finally(() => {
      connecting = undefined;
    });
    return connecting;
  };

  return {
    publish: async (message) => {
      const open = await connected();
      await open.query('select pg_notify($1, $2)', [name, message]);
    },

    subscribe: async (listener, onGap) => {
      const subscriber = { listener, onGap };
      subscribers.add(subscriber);
      await connected().catch((error: Error) => {
        onTrouble(error);
        reconnectLater();
      });
      return async () => void subscribers.delete(subscriber);
    },

    close: async () => {
      closed = true;
      clearTimeout(retry);
      subscribers.clear();
      const open = client;
      client = undefined;
      await open?.end();
    },
  };
};
