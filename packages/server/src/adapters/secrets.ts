// The core's source of ids, one-time tokens and codes, and of the digests by which the store knows them.

import { createHash, createHmac, type KeyObject, randomBytes, randomInt, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Clock, Secrets, SecretToken, TokenDigest } from '@tegata/core';
import type { DerivedKeys } from './derived-keys.ts';

/**
 * UUIDv7 with the 12-bit counter of RFC 9562, section 6.2, method 1: ids of one process sort in the order they were
 * made, also within a millisecond and when the clock steps back, so `order by id` is the order of creation.
 */
const monotonicUuids = (clock: Clock): (() => string) => {
  let lastMs = 0;
  let counter = 0;
  return () => {
    const now = clock();
    if (now > lastMs) {
      lastMs = now;
      // The upper half stays free, so that a burst can count up before it borrows the next millisecond.
      counter = randomInt(0x800);
    } else if (counter < 0xfff) {
      counter += 1;
    } else {
      lastMs += 1;
      counter = 0;
    }
    const time = lastMs.toString(16).padStart(12, '0');
    const count = counter.toString(16).padStart(3, '0');
    // Its last 62 bits are as random as ours are to be, and come after the same variant; and Node draws them in bulk.
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${randomUUID().slice(19)}`;
  };
};

export const createSecrets = (keys: DerivedKeys, clock: Clock): Secrets => {
  const codeKeys = keys.ring('one-time-code');
  const codeDigest = (key: KeyObject, code: string, email: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([email, code]))
      .digest('base64url') as TokenDigest;
  // Only today's key: to look a lockout up under every earlier name would be a query more at each log-in, and what a
  // change of the secret forgets is a few failures.
  const addressKey = keys.current('lockout-subject').key;
  return {
    uuid: monotonicUuids(clock),
    token: () => randomBytes(32).toString('base64url') as SecretToken,
    // `randomInt` rejects the uneven rest that a modulo would fold onto the low codes.
    code: () => String(randomInt(1_000_000)).padStart(6, '0'),
    digestToken: (token) => createHash('sha256').update(token).digest('base64url') as TokenDigest,
    digestAddress: (email) => createHmac('sha256', addressKey).update(email).digest('base64url'),
    digestCode: (code, email) => codeDigest(codeKeys[0].key, code, email),
    isDigestOfCode: (digest, code, email) => {
      const presented = Buffer.from(digest);
      const possible = codeKeys.map(({ key }) => Buffer.from(codeDigest(key, code, email)));
      return possible.some((own) => own.length === presented.length && timingSafeEqual(own, presented));
    },
  };
};
