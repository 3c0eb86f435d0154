/**
 * Sessions in Redis. Every change is one script, so that of parallel calls exactly one succeeds.
 *
 *     <prefix>{<user id>}:sessions           sorted set: ids of the sessions that have not ended, by last use
 *     <prefix>{<user id>}:sessions:<id>      string: the session as JSON, without its id and its user's
 *     <prefix>{<user id>}:sessions-ended     sorted set: ids of those that ended within a day, by when
 *
 * The hash tag keeps one user's keys in one slot of a cluster, so a script may touch them all. A record lives until a day
 * after its last refresh token ran out: until then somebody may ask why the session ended. The index outlives every
 * record in it. A session that is missing in the index counts as gone: if Redis ever dropped an index, its sessions
 * could not be ended all together any more, so they end with it.
 */
import { isLive, type Session, type SessionEndReason, type SessionStore, type UserStore } from '@tegata/core';
import type { EndedLately } from '../sql/missed-revocations.ts';
import type { Redis } from './connection.ts';
import * as scripts from './session-scripts.ts';

const dayMs = 24 * 3600 * 1000;

/** How long after its end an expired session stays in the index: the clocks of the nodes may differ, and be set back. */
const forgetAfterMs = 3600 * 1000;

/** By durations, not by dates: Redis counts them by its own clock. */
const millisecondsToKeep = (expiresAt: number, now: number): number => Math.max(expiresAt - now, 0) + dayMs;

export type RedisSessions = {
  /** As the core sees them; `users` gives the owner of a session. */
  over: (users: Pick<UserStore, 'find'>) => SessionStore;
  endedLately: EndedLately;
  /** Takes over a live session from another store. False when it is here already, whatever has become of it since. */
  adopt: (session: Session, now: number) => Promise<boolean>;
  /** Takes back what `create` made, as if it had never been. The sessions that it ended stay ended. */
  remove: (session: Pick<Session, 'id' | 'userId'>) => Promise<void>;
};

export const createRedisSessions = (redis: Redis): RedisSessions => {
  const indexOf = (userId: string) => `${redis.prefix}{${userId}}:sessions`;
  const keysOf = ({ id, userId }: Pick<Session, 'id' | 'userId'>) => [indexOf(userId), `${indexOf(userId)}:${id}`];

  const find: SessionStore['find'] = async (id, userId) => {
    const [text, score] = (await redis.run(scripts.look, keysOf({ id, userId }), [id])) as [string | null, unknown];
    if (text === null) return undefined;
    const session = fromRecord(id, userId, text);
    return session.endedAt === null && score === null ? undefined : session;
  };

  const changed = async (reply: Promise<unknown>): Promise<boolean> => (await reply) === 1;

  const store: Omit<SessionStore, 'findWithUser' | 'rotate'> = {
    find,

    create: async (session, maxSessions) => {
      const { id, lastUsedAt, expiresAt, createdAt: now, endedAt } = session;
      const record = [id, toRecord(session), lastUsedAt, millisecondsToKeep(expiresAt, now)];
      const room = [now, maxSessions - 1, endedAt === null ? '1' : '0', forgetAfterMs];
      return (await redis.run(scripts.create, keysOf(session), [...record, ...room])) as string[];
    },

    listLive: async (userId, now) => {
      const found = (await redis.run(scripts.list, [indexOf(userId)], [])) as string[];
      const sessions: Session[] = [];
      for (let at = 0; at < found.length; at += 2) {
        sessions.push(fromRecord(found[at] as string, userId, found[at + 1] as string));
      }
      return sessions.filter((session) => isLive(session, now));
    },

    markSuccessorSeen: async (id, userId, generation) => {
      await redis.run(scripts.markSuccessorSeen, keysOf({ id, userId }), [generation]);
    },

    end: (id, userId, reason, now) => changed(redis.run(scripts.end, keysOf({ id, userId }), [id, reason, now])),

    endAll: async (userId, reason, now, exceptId) =>
      (await redis.run(scripts.endAll, [indexOf(userId)], [reason, now, exceptId ?? ''])) as number,
  };

  return {
    over: (users) => ({
      ...store,
      findWithUser: async (id, userId) => {
        const [session, user] = await Promise.all([find(id, userId), users.find(userId)]);
        return session && { session, user };
      },
      rotate: async ({ id, userId, from, to, now }) => {
        const [text, user] = await Promise.all([
          redis.run(scripts.rotate, keysOf({ id, userId }), [
            ...[id, from.generation, from.refreshJti],
            ...[to.refreshJti, to.refreshKid, now],
          ]),
          users.find(userId),
        ]);
        return text === null ? undefined : { session: fromRecord(id, userId, text as string), user };
      },
    }),
    endedLately: async (userId, since) => {
      const found = (await redis.run(scripts.listEnded, [indexOf(userId)], [since])) as string[];
      const ended: Awaited<ReturnType<EndedLately>> = [];
      for (let at = 0; at < found.length; at += 2) {
        ended.push({ sessionId: found[at] as string, reason: found[at + 1] as SessionEndReason });
      }
      return ended;
    },
    adopt: (session, now) => {
      const { id, lastUsedAt, expiresAt } = session;
      const record = [id, toRecord(session), lastUsedAt, millisecondsToKeep(expiresAt, now)];
      return changed(redis.run(scripts.adopt, keysOf(session), record));
    },
    remove: async (session) => {
      await redis.run(scripts.remove, keysOf(session), [session.id]);
    },
  };
};

const toRecord = ({ id: _, userId: __, ...record }: Session): string => JSON.stringify(record);

const fromRecord = (id: string, userId: string, text: string): Session => ({ id, userId, ...JSON.parse(text) });
