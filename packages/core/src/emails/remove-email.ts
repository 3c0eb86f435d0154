import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';

/**
 * A person removes a secondary address, or takes back one not verified yet. The primary one stays, and so does an
 * address that can still undo a change of the primary one: otherwise a thief would simply remove it. Reset links mailed
 * to the address die. Records `email.removed`.
 */
export type RemoveEmailFailure = { code: 'email_not_found' } | { code: 'email_is_primary' } | { code: 'email_can_undo' };

export const removeEmail = async (
  { atomically, clock }: Pick<Deps, 'atomically' | 'clock'>,
  { userId, emailId }: { userId: string; emailId: string },
): Promise<Result<undefined, RemoveEmailFailure>> =>
  atomically(async (stores) => {
    const now = clock();
    await stores.users.lock(userId);
    const address = (await stores.emails.list(userId)).find((own) => own.id === emailId);
    if (!address) {
      const claim = (await stores.oneTimeTokens.listUsable(userId, 'verify_email', now)).find((token) => token.id === emailId);
      if (!claim) return fail('email_not_found');
      await stores.oneTimeTokens.invalidate(userId, 'verify_email', now, claim.email);
      return ok(undefined);
    }
    if (address.isPrimary) return fail('email_is_primary');
    const undos = await stores.oneTimeTokens.listUsable(userId, 'undo_primary_email', now);
    if (undos.some((undo) => undo.email === address.email)) return fail('email_can_undo');
    await stores.emails.remove(userId, emailId);
    for (const purpose of ['reset_password', 'verify_email'] as const) {
      await stores.oneTimeTokens.invalidate(userId, purpose, now, address.email);
    }
    await stores.audit.add({ type: 'email.removed', userId }, now);
    return ok(undefined);
  });
