/**
 * How every connection to Redis is made. A dead Redis is noticed at once and never waited for: nothing is queued while
 * the connection is away, and it comes back by itself, with a pause that grows to one second.
 */
import { createClient } from '@redis/client';

export type RedisClient = ReturnType<typeof createRedisClient>;

const longestPauseMs = 1_000;

/** With a random part, so that the nodes do not all knock at the same moment. */
const pauseBefore = (attempt: number): number => Math.min(50 * 2 ** attempt, longestPauseMs) * (0.5 + Math.random() / 2);

/**
 * Not connected yet.
 * @param url `redis://` or, with TLS, `rediss://`; with user, password and database number where there are any.
 * @param giveUp Asked before each further attempt; true ends them, and `connect` rejects with the cause.
 */
export const createRedisClient = (url: string, giveUp: (cause: Error) => boolean = () => false) => {
  const client = createClient({
    url,
    name: 'tegata',
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // Whoever sends a command has a deadline of their own; a second timer for each would be a fiftieth of a refresh.
    commandOptions: { timeout: 0 },
    // Keeps a healthy connection from looking idle to `socketTimeout`, which is there for a handshake that is never answered.
    pingInterval: 2_000,
    socket: {
      connectTimeout: 2_000,
      socketTimeout: 5_000,
      reconnectStrategy: (attempt, cause) => (giveUp(cause) ? false : pauseBefore(attempt)),
    },
  });
  // Without a listener the first lost connection would end the process. Whoever sends a command hears of it there.
  client.on('error', () => {});
  return client;
};
