import { fail, ok, type Result } from '../result.ts';
import { activeKeys, type KeyRecord } from './signing-key.ts';
import { carryOut, type KeyDeps, tendLocked } from './tend-signing-keys.ts';

/**
 * For operators: a private key may be in wrong hands. From here on no token that it signed is believed, whenever it was
 * signed; when it was the one that signs, another begins at once. Nobody is signed out: refresh tokens have another key,
 * and clients get an access token of the new one.
 *
 * Records `signing_key.revoked`, and `signing_key.created` for a new one.
 */
export type RevokeSigningKeyFailure =
  | { code: 'key_not_found' }
  /** HS256: it comes from the server's secret, and would come from it again. */
  | { code: 'derived_key_signs' };

export const revokeSigningKey = async (
  deps: KeyDeps,
  { kid }: { kid: string },
): Promise<Result<{ signer: KeyRecord | undefined; wasSigning: boolean }, RevokeSigningKeyFailure>> =>
  deps.atomically(async (stores) => {
    const now = deps.clock();
    const rules = deps.settings.signingKeys;
    const { derivedKids } = deps.keyMaker;
    if (rules.algorithm === 'HS256' && kid === derivedKids[0]) return fail('derived_key_signs');
    // Before anything else is done with the keys: tending could not have made it the signing one.
    await stores.signingKeys.lock();
    let keys = await stores.signingKeys.list();
    const known = keys.some((key) => key.kid === kid);
    if (!known && !derivedKids.includes(kid)) return fail('key_not_found');
    const wasSigning = activeKeys(keys, rules, now)[0]?.kid === kid;
    if (!known) keys = await carryOut(deps, stores, keys, [{ do: 'note', kid, activatesAt: now, retiresAt: now }]);
    await stores.signingKeys.change(kid, { revokedAt: now, retiresAt: now, sealedPrivate: null });
    await stores.audit.add({ type: 'signing_key.revoked', reason: kid }, now);
    // By the clock as it is by then: the new key is a moment younger than the revocation.
    const [signer] = activeKeys(await tendLocked(deps, stores), rules, deps.clock());
    return ok({ signer, wasSigning });
  });
