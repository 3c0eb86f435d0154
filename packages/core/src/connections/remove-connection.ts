import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { providerLabel } from './provider-label.ts';

/**
 * A person disconnects a provider. Never the last way in: there must be a password, or a connection to another provider
 * that is still on offer. Their primary address is told. Records `connection.removed`.
 */
export type RemoveConnectionFailure = { code: 'connection_not_found' } | { code: 'last_way_in' };

export const removeConnection = async (
  { providers, atomically, clock }: Pick<Deps, 'providers' | 'atomically' | 'clock'>,
  input: { userId: string; sessionId: string; provider: string; ipAddress: string | null },
): Promise<Result<undefined, RemoveConnectionFailure>> =>
  atomically(async (stores) => {
    const { userId, sessionId, provider, ipAddress } = input;
    // Two removals at once would each count on the other's connection.
    await stores.users.lock(userId);
    const user = await stores.users.find(userId);
    const connections = await stores.connections.list(userId);
    if (!user || !connections.some((own) => own.provider === provider)) return fail('connection_not_found');
    const remaining = connections.some((own) => own.provider !== provider && providers.find(own.provider));
    if (!remaining && (await stores.passwords.find(userId)) === undefined) return fail('last_way_in');

    const now = clock();
    await stores.connections.remove(userId, provider);
    const { email: to, locale, name } = user;
    await stores.outbox.add({ kind: 'connection_removed', to, locale, name, provider: providerLabel(providers, provider) }, now);
    await stores.audit.add({ type: 'connection.removed', userId, sessionId, ipAddress, reason: provider }, now);
    return ok(undefined);
  });
