import type { Deps } from '../deps.ts';
import { addressSubject, userSubject } from '../limits/lockout-subject.ts';
import { ok, type Result } from '../result.ts';

/** For operators: lifts every lock on the user's addresses and forgets the failures. Records `user.unlocked`. */
export const unlockUser = async (
  { atomically, clock, secrets }: Pick<Deps, 'atomically' | 'clock' | 'secrets'>,
  { userId }: { userId: string },
): Promise<Result<undefined>> =>
  atomically(async (stores) => {
    const addresses = await stores.emails.list(userId);
    for (const { email } of addresses) await stores.lockouts.clearAll(addressSubject(secrets, email));
    await stores.lockouts.clearAll(userSubject(userId));
    await stores.audit.add({ type: 'user.unlocked', userId, reason: 'by_operator' }, clock());
    return ok(undefined);
  });
