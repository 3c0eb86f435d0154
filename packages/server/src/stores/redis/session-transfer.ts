/** Redis as the place that a transfer takes live sessions to. */
import { Unavailable } from '@tegata/core';
import { createLogger } from '../../observe/logger.ts';
import { TransferError } from '../sql/transfer/sides.ts';
import type { SessionsElsewhere } from '../sql/transfer/transfer.ts';
import { openRedis } from './connection.ts';
import { parseRedisUrl } from './redis-url.ts';
import { createRedisSessions } from './sessions.ts';

export type SessionsInRedis = SessionsElsewhere & {
  /** For messages, without what opens it. */
  name: string;
  close: () => Promise<void>;
};

/** @throws TransferError that names the server, when it does not answer, now or while it is given sessions. */
export const openSessionsInRedis = async ({ url, prefix }: { url: string; prefix: string }): Promise<SessionsInRedis> => {
  const { host, port } = parseRedisUrl(url);
  const name = `Redis at ${host}:${port}, prefix ${prefix}`;
  const asking = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work();
    } catch (cause) {
      const text = cause instanceof Unavailable ? cause.message : String(cause);
      throw new TransferError(
        `${name} cannot be used (${text}). What was moved so far is kept: mend it and run the same command again.`,
        {
          cause,
        },
      );
    }
  };
  const redis = await asking(() => openRedis({ url, prefix, logger: createLogger({ level: 'silent' }), required: true }));
  const { adopt } = createRedisSessions(redis);
  return {
    name,
    adopt: (sessions, now) =>
      asking(async () => (await Promise.all(sessions.map((session) => adopt(session, now)))).filter(Boolean).length),
    close: redis.close,
  };
};
