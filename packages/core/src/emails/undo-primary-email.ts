import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { oneTimeTokenState } from '../tokens/one-time-token.ts';
import type { EmailAddress } from './email-address.ts';

/**
 * "This was not me": the owner of the old address takes the account back. The old address is the primary one again,
 * every other address and every connection goes (whoever changed one may have added more), every session ends, and a reset link follows,
 * because the password is known to somebody else.
 *
 * Of several changes the earliest can be undone to the last: an address that lost its place before this one keeps its
 * link, and stays. Else a thief would change the address back and forth, and then undo the owner.
 *
 * Records `email.primary_restored`.
 */
export type UndoPrimaryEmailFailure = { code: 'token_invalid' } | { code: 'token_used' } | { code: 'token_expired' };

export const undoPrimaryEmail = async (
  deps: Pick<Deps, 'oneTimeTokens' | 'atomically' | 'clock' | 'secrets'>,
  input: { token: string; policy: { resetTtlSeconds: number; verifyTtlSeconds: number } },
): Promise<Result<{ restored: EmailAddress }, UndoPrimaryEmailFailure>> => {
  const { atomically, clock, secrets } = deps;
  const token = await deps.oneTimeTokens.findByDigest('undo_primary_email', secrets.digestToken(input.token));
  if (!token) return fail('token_invalid');
  const state = oneTimeTokenState(token, clock());
  if (state !== 'usable') return fail(state === 'used' ? 'token_used' : 'token_expired');

  return atomically(async (stores) => {
    const now = clock();
    const { userId, email } = token;
    // Newest first: behind this one stand those mailed before it.
    const undos = await stores.oneTimeTokens.listUsable(userId, 'undo_primary_email', now);
    const earlier = undos.slice(undos.findIndex(({ id }) => id === token.id) + 1).filter((undo) => undo.email !== email);
    if (!(await stores.oneTimeTokens.consume(token.id, now))) return fail('token_used');
    const user = await stores.users.find(userId);
    const addresses = await stores.emails.list(userId);
    const old = addresses.find((own) => own.email === email);
    if (!user || !old) return fail('token_invalid');
    await stores.emails.setPrimary(userId, old.id, now);
    for (const other of addresses) {
      const mayUndo = earlier.some((undo) => undo.email === other.email);
      if (other.id !== old.id && !mayUndo) await stores.emails.remove(userId, other.id);
    }
    for (const undo of undos) if (!earlier.includes(undo)) await stores.oneTimeTokens.consume(undo.id, now);
    for (const purpose of ['verify_email', 'reset_password'] as const) {
      await stores.oneTimeTokens.invalidate(userId, purpose, now);
    }
    // Whoever changed the address may have connected a provider of theirs. The owner can connect their own again.
    await stores.connections.removeAll(userId);
    await stores.sessions.endAll(userId, 'email_change_undone', now);
    const { locale, name } = user;
    const { resetTtlSeconds: ttlSeconds, verifyTtlSeconds } = input.policy;
    await stores.outbox.add({ kind: 'primary_email_restored', to: email, locale, name }, now);
    await stores.outbox.add({ kind: 'reset_requested', to: email, locale, ttlSeconds, verifyTtlSeconds }, now);
    await stores.audit.add({ type: 'email.primary_restored', userId }, now);
    return ok({ restored: email });
  });
};
