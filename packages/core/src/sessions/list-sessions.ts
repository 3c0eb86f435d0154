import type { Deps } from '../deps.ts';
import type { Session } from './session.ts';

/** The person's live sessions, last used first. */
export const listSessions = (
  { sessions, clock }: Pick<Deps, 'sessions' | 'clock'>,
  { userId }: { userId: string },
): Promise<Session[]> => sessions.listLive(userId, clock());
