import type { Deps, Stores } from '../deps.ts';
import type { User } from '../users/user.ts';
import { type Session, slidEnd } from './session.ts';
import type { ClientInfo, SessionPolicy } from './session-policy.ts';

/**
 * Adds a session for a person who has just proved who they are, inside the caller's transaction. Always a new id: a
 * session that existed before log-in is never kept (session fixation). The least recently used one goes when there are
 * too many.
 */
export const startSession = async (
  { tokens, secrets, clock, settings }: Pick<Deps, 'tokens' | 'secrets' | 'clock' | 'settings'>,
  stores: Pick<Stores, 'sessions' | 'audit'>,
  { user, client, remember, policy }: { user: User; client: ClientInfo; remember: boolean; policy: SessionPolicy },
): Promise<Session> => {
  const now = clock();
  const idleSeconds = remember ? policy.rememberTtlSeconds : policy.refreshTtlSeconds;
  const absoluteExpiresAt = now + settings.sessionMaxAgeSeconds * 1000;
  const session: Session = {
    id: secrets.uuid(),
    userId: user.id,
    generation: 0,
    refreshJti: secrets.uuid(),
    previousJti: null,
    refreshKid: tokens.refreshKid(),
    rotatedAt: now,
    successorSeen: true,
    idleSeconds,
    userAgent: client.userAgent,
    ipAddress: client.ipAddress,
    createdAt: now,
    lastUsedAt: now,
    expiresAt: slidEnd({ idleSeconds, absoluteExpiresAt }, now),
    absoluteExpiresAt,
    endedAt: null,
    endReason: null,
  };
  const evicted = await stores.sessions.create(session, settings.maxSessions);
  await stores.audit.add({ type: 'session.started', userId: user.id, sessionId: session.id, ipAddress: client.ipAddress }, now);
  for (const sessionId of evicted) {
    await stores.audit.add({ type: 'session.ended', userId: user.id, sessionId, reason: 'session_limit' }, now);
  }
  return session;
};
