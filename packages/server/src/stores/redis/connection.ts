/**
 * The connection over which commands go. Whatever is wrong with Redis (away, loading, read-only, full) is `Unavailable`,
 * at once or within three seconds; only a mistake of ours is thrown as it is.
 */
import { createHash } from 'node:crypto';
import { ErrorReply } from '@redis/client';
import { Unavailable } from '@tegata/core';
import type { Logger } from '../../observe/logger.ts';
import { createRedisClient, type RedisClient } from './client.ts';

/** Lua that Redis runs as one step: nothing else happens in between. */
export type Script = { readonly lua: string; readonly sha1: string };

export const script = (lua: string): Script => ({ lua, sha1: createHash('sha1').update(lua).digest('hex') });

export type Redis = {
  /** Begins every key, so that several installations can share a server. */
  prefix: string;
  /** Sends one command. @throws Unavailable */
  send: (...command: string[]) => Promise<unknown>;
  /** Runs a script by its digest, sending it whole where Redis does not know it (any more). @throws Unavailable */
  run: (script: Script, keys: readonly string[], values: readonly (string | number)[]) => Promise<unknown>;
  /** @throws Unavailable */
  ping: () => Promise<void>;
  isReady: () => boolean;
  close: () => Promise<void>;
};

export type RedisOptions = {
  url: string;
  prefix: string;
  logger: Logger;
  /** Whether to wait for the first connection: what lives in Redis cannot do without it. */
  required: boolean;
  /**
   * How long a command may take, and how long the first connection is tried for. Redis itself may pause for two seconds
   * while the disk takes its append-only file.
   */
  deadlineMs?: number;
  patienceMs?: number;
};

/** @throws Unavailable when it is required and cannot be reached, or does not let us in. */
export const openRedis = async (options: RedisOptions): Promise<Redis> => {
  const { url, prefix, logger, required, deadlineMs = 3_000, patienceMs = 5_000 } = options;
  let isAway = false;
  let isClosed = false;

  const noteLoss = (error: unknown) => {
    if (!isAway && !isClosed && started) logger.warn({ reason: reasonOf(error) }, 'Redis is not available');
    isAway = true;
  };
  const watched = (client: RedisClient): RedisClient => {
    client.on('error', noteLoss);
    client.on('ready', () => {
      if (isAway && started) logger.info('Redis is available again');
      isAway = false;
    });
    return client;
  };

  let started = !required;
  const giveUpAt = performance.now() + patienceMs;
  let client = watched(createRedisClient(url, (cause) => !started && (isRefusal(cause.message) || performance.now() > giveUpAt)));
  const connected = client.connect();
  if (required) {
    await connected.catch((cause: unknown) => {
      client.destroy();
      throw new Unavailable(`Redis cannot be reached (${reasonOf(cause)}); check REDIS_URL and the server it names`, { cause });
    });
    started = true;
  } else connected.catch(() => {});

  /** A connection that does not answer, or leads to a server that only reads, is given up for a new one. */
  const renew = (old: RedisClient): void => {
    if (isClosed || client !== old) return;
    client = watched(createRedisClient(url));
    client.connect().catch(() => {});
    old.destroy();
  };

  const send = async (...command: string[]): Promise<unknown> => {
    const used = client;
    try {
      return await withDeadline(used.sendCommand(command), deadlineMs);
    } catch (error) {
      if (error instanceof DeadlinePassed || /^(READONLY|MASTERDOWN)\b/.test((error as Error).message)) {
        noteLoss(error);
        renew(used);
      }
      throw isOfRedis(error) ? new Unavailable(`Redis is not available (${reasonOf(error)})`, { cause: error }) : error;
    }
  };

  return {
    prefix,
    send,
    run: async ({ lua, sha1 }, keys, values) => {
      const rest = [String(keys.length), ...keys, ...values.map(String)];
      try {
        return await send('EVALSHA', sha1, ...rest);
      } catch (error) {
        if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
        return send('EVAL', lua, ...rest);
      }
    },
    ping: async () => {
      await send('PING');
    },
    isReady: () => client.isReady,
    close: async () => {
      isClosed = true;
      if (client.isReady) await withDeadline(client.close(), deadlineMs).catch(() => client.destroy());
      else client.destroy();
    },
  };
};

export class DeadlinePassed extends Error {
  override name = 'DeadlinePassed';
}

/** What was sent may still be carried out: every write must bear being carried out without anybody knowing. */
export const withDeadline = <Value>(work: Promise<Value>, milliseconds: number): Promise<Value> =>
  new Promise((resolve, reject) => {
    const giveUp = () => reject(new DeadlinePassed(`no answer within ${milliseconds} ms`));
    // A process that was busy itself finds its timers due before it has read what came meanwhile: it reads first.
    const timer = setTimeout(() => setImmediate(giveUp), milliseconds);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });

/** Replies that say something about the server and nothing about the command. */
const serverState =
  /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|OOM|MISCONF|BUSY|TRYAGAIN|NOREPLICAS|MOVED|ASK|NOAUTH|WRONGPASS|NOPERM)\b/;

const isOfRedis = (error: unknown): boolean => !(error instanceof ErrorReply) || serverState.test(error.message);

/** Waiting does not help: the password, the user or what it may do is wrong. */
const isRefusal = (message: string): boolean => /^(NOAUTH|WRONGPASS|NOPERM|ERR invalid DB|ERR DB index)/i.test(message);

/** The reply's code, the system's, or the library's words; never the address, which may hold a password. */
const reasonOf = (error: unknown): string => {
  const { message, code } = error as NodeJS.ErrnoException;
  if (error instanceof ErrorReply) return message.split(' ', 1)[0] as string;
  return code ?? message;
};
