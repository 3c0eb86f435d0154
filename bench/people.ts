import { writeFileSync } from 'node:fs';
import type { Session } from '@tegata/core';
import { decodeJwt } from 'jose';
import { composeEngine } from '../packages/server/src/compose.ts';
import { parseConfig } from '../packages/server/src/config/parse-config.ts';
import { openSessionsInRedis } from '../packages/server/src/stores/redis/session-transfer.ts';
import { seed } from './seed.ts';

// People who are logged in, in the database and, where sessions are kept there, in Redis; and a file with what the load
// generator needs of them.

/** Of everybody that seed.ts makes. */
export const password = 'correct horse battery';

export type Person = {
  email: string;
  accessToken: string;
  refreshToken: string;
  /** In place of tokens, with the peer: without and with what its cookie cache adds. */
  cookie?: string;
  cachedCookie?: string;
};

const inRedisAtOnce = 500;
const accessSeconds = 86_400;

export const preparePeople = async (settings: Record<string, string>, count: number, file: string): Promise<void> => {
  const seeded = await seed(settings, count, count);
  const config = parseConfig({ ...settings, LOG_LEVEL: 'silent' });
  const engine = await composeEngine(config);
  const { tokens, secrets } = engine.deps;
  const people: Person[] = [];
  const sessions: Session[] = [];
  for (const { email, userId, sessionId, refreshToken } of seeded) {
    const { iat = 0, exp = 0, jti = '' } = decodeJwt(refreshToken);
    const claims = { sub: userId, uid: userId, sid: sessionId, gen: 0, email, iat, jti: secrets.uuid() };
    people.push({ email, accessToken: await tokens.signAccess({ ...claims, exp: iat + accessSeconds }), refreshToken });
    sessions.push(sessionOf({ id: sessionId, userId, refreshJti: jti, refreshKid: tokens.refreshKid() }, iat * 1000, exp * 1000));
  }
  await engine.close();
  if (config.redis && config.sessionStore === 'redis') {
    const redis = await openSessionsInRedis(config.redis);
    for (let from = 0; from < sessions.length; from += inRedisAtOnce) {
      await redis.adopt(sessions.slice(from, from + inRedisAtOnce), Date.now());
    }
    await redis.close();
  }
  writeFileSync(file, JSON.stringify(people), { mode: 0o600 });
};

const sessionOf = (
  known: Pick<Session, 'id' | 'userId' | 'refreshJti' | 'refreshKid'>,
  now: number,
  expiresAt: number,
): Session => ({
  ...known,
  generation: 0,
  previousJti: null,
  rotatedAt: now,
  successorSeen: true,
  idleSeconds: (expiresAt - now) / 1000,
  userAgent: 'Mozilla/5.0 "seed"',
  ipAddress: '192.0.2.7',
  createdAt: now,
  lastUsedAt: now,
  expiresAt,
  absoluteExpiresAt: now + 90 * 86_400_000,
  endedAt: null,
  endReason: null,
});
