import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { createMailToken } from './mail-token.ts';

/**
 * A person makes another verified address the primary one. The old address is told, with a link that undoes it for
 * 72 hours; only if it was verified, since a mistyped address belongs to a stranger who must not get such a link.
 * Reset links die. Records `email.primary_changed`.
 */
export type SetPrimaryEmailFailure = { code: 'email_not_found' } | { code: 'email_not_verified' };

export const setPrimaryEmail = async (
  deps: Pick<Deps, 'atomically' | 'clock' | 'secrets' | 'settings'>,
  { userId, emailId }: { userId: string; emailId: string },
): Promise<Result<undefined, SetPrimaryEmailFailure>> =>
  deps.atomically(async (stores) => {
    const now = deps.clock();
    await stores.users.lock(userId);
    const user = await stores.users.find(userId);
    const addresses = await stores.emails.list(userId);
    const next = addresses.find((own) => own.id === emailId);
    if (!user || !next) {
      const waiting = await stores.oneTimeTokens.listUsable(userId, 'verify_email', now);
      return fail(waiting.some((token) => token.id === emailId) ? 'email_not_verified' : 'email_not_found');
    }
    if (next.isPrimary) return ok(undefined);
    if (!(await stores.emails.setPrimary(userId, emailId, now))) return fail('email_not_verified');
    await stores.oneTimeTokens.invalidate(userId, 'reset_password', now);
    await stores.audit.add({ type: 'email.primary_changed', userId }, now);

    if (!user.emailVerified) return ok(undefined);
    const { email: to, locale, name } = user;
    const ttlSeconds = deps.settings.undoEmailChangeSeconds;
    const made = await createMailToken(deps, stores, { userId, email: to, purpose: 'undo_primary_email', ttlSeconds });
    const { token, expiresAt } = made;
    await stores.outbox.add({ kind: 'primary_email_changed', to, locale, name, newEmail: next.email, token, expiresAt }, now);
    return ok(undefined);
  });
