import type { Deps } from '../deps.ts';
import { ok } from '../result.ts';

/** Ends every session of the user, the caller's own included. Records `session.ended` once, with the reason. */
export const logOutEverywhere = async (
  { atomically, clock }: Pick<Deps, 'atomically' | 'clock'>,
  { userId }: { userId: string },
): Promise<{ ended: number }> => {
  const done = await atomically(async (stores) => {
    await stores.users.lock(userId);
    const ended = await stores.sessions.endAll(userId, 'logged_out_everywhere', clock());
    await stores.audit.add({ type: 'session.ended', userId, reason: 'logged_out_everywhere' }, clock());
    return ok({ ended });
  });
  return done.ok ? done.value : { ended: 0 };
};
