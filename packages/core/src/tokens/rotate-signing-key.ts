import { fail, ok, type Result } from '../result.ts';
import { activeKeys, comingKey, type KeyRecord, succession } from './signing-key.ts';
import { carryOut, type KeyDeps, tendLocked } from './tend-signing-keys.ts';

/**
 * For operators: replaces the signing key before its age asks for it. The next key is published first, and signs when
 * everybody who verifies tokens has had the time to learn it; `atOnce` is for those who cannot wait. Tokens of the
 * former key are believed until they expire: nobody is signed out.
 *
 * Records `signing_key.rotated`, and `signing_key.created` for a new one.
 */
export type RotateSigningKeyFailure =
  /** HS256: the key changes with the server's secret. */
  { code: 'derived_key' } | { code: 'already_published'; key: KeyRecord };

export const rotateSigningKey = async (
  deps: KeyDeps,
  { atOnce }: { atOnce: boolean },
): Promise<Result<{ key: KeyRecord; former: KeyRecord | undefined }, RotateSigningKeyFailure>> =>
  deps.atomically(async (stores) => {
    const now = deps.clock();
    const rules = deps.settings.signingKeys;
    if (rules.algorithm === 'HS256') return fail('derived_key');
    const keys = await tendLocked(deps, stores);
    const [former] = activeKeys(keys, rules, now);
    const coming = comingKey(keys, rules, now);
    if (coming && coming.activatesAt !== null && !atOnce) return fail('already_published', { key: coming });
    const at = atOnce ? now : now + rules.publishAheadSeconds * 1000;
    const after = await carryOut(deps, stores, keys, succession(keys, rules, now, at));
    const key = after.find((one) => one.algorithm === rules.algorithm && one.activatesAt === at && one.kid !== former?.kid);
    await stores.audit.add({ type: 'signing_key.rotated', reason: key?.kid }, now);
    return ok({ key: key as KeyRecord, former });
  });
