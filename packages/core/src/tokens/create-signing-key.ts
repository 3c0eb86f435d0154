import { fail, ok, type Result } from '../result.ts';
import { type AsymmetricAlgorithm, type KeyRecord, keyState } from './signing-key.ts';
import { carryOut, type KeyDeps, tendLocked } from './tend-signing-keys.ts';

/**
 * For operators: makes a key ahead of a change of algorithm. It is published at once and signs nothing until a server
 * with that algorithm needs a key, so that everybody who verifies tokens knows it by then. Records `signing_key.created`.
 */
export type CreateSigningKeyFailure = { code: 'already_prepared'; key: KeyRecord };

export const createSigningKey = async (
  deps: KeyDeps,
  { algorithm }: { algorithm: AsymmetricAlgorithm },
): Promise<Result<{ key: KeyRecord }, CreateSigningKeyFailure>> =>
  deps.atomically(async (stores) => {
    const keys = await tendLocked(deps, stores);
    const ofAlgorithm = (list: KeyRecord[]) => list.filter((key) => key.algorithm === algorithm);
    const prepared = ofAlgorithm(keys).find((key) => keyState(key, deps.settings.signingKeys, deps.clock()) === 'prepared');
    if (prepared) return fail('already_prepared', { key: prepared });
    const after = await carryOut(deps, stores, keys, [{ do: 'make', algorithm, activatesAt: null }]);
    return ok({ key: ofAlgorithm(after).at(-1) as KeyRecord });
  });
