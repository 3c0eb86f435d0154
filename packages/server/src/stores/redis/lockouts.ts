/**
 * Counted failures in Redis. A change is a compare-and-set, repeated until nobody else wrote in between: no parallel
 * guess is lost, whichever nodes the guesses go to.
 *
 *     <prefix>{<subject>}:lockouts           hash: source → state as JSON, with a random stamp
 *
 * All sources of a subject are one key, so that forgetting them is one command.
 */
import { randomInt } from 'node:crypto';
import type { Lockout, LockoutStore } from '@tegata/core';
import { type Redis, script } from './connection.ts';

/** A lock lasts at most a day, and a day after it all is forgotten; kept longer than both. */
const keepMs = 3 * 24 * 3600 * 1000;

/** ARGV: source, the state as it was read or '', the next state, milliseconds to keep. */
const replace = script(`
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`);

export const createRedisLockouts = (redis: Redis): LockoutStore => {
  const keyOf = (subject: string) => `${redis.prefix}{${subject}}:lockouts`;

  return {
    change: async (subject, source, rule) => {
      const key = keyOf(subject);
      for (let written = false; !written; ) {
        const text = (await redis.send('HGET', key, source)) as string | null;
        const next = rule(text === null ? undefined : fromText(text));
        if (!next) return;
        written = (await redis.run(replace, [key], [source, text ?? '', toText(next), keepMs])) === 1;
      }
    },

    clear: async (subject, source) => {
      await redis.send('HDEL', keyOf(subject), source);
    },

    clearAll: async (subject) => {
      await redis.send('DEL', keyOf(subject));
    },
  };
};

/** The stamp is drawn, not counted: a late writer must not take a state that began anew for the one it has read. */
const toText = ({ failures, locks, lockedUntil, updatedAt }: Lockout): string =>
  JSON.stringify([failures, locks, lockedUntil, updatedAt, randomInt(2 ** 47)]);

const fromText = (text: string): Lockout => {
  const [failures, locks, lockedUntil, updatedAt] = JSON.parse(text);
  return { failures, locks, lockedUntil, updatedAt };
};
