import type { Deps, Stores } from '../deps.ts';
import { ok, type Result, Unavailable } from '../result.ts';
import { dueChanges, type KeyChange, type KeyRecord } from './signing-key.ts';

/**
 * Does with the signing keys what their age and the settings ask for: makes the first one, publishes the next, lets the
 * former algorithm's retire, erases private halves that are over. Any node may do it at any time: the lock decides who
 * does, and the others find it done.
 *
 * Records `signing_key.created`.
 */
export const tendSigningKeys = async (deps: KeyDeps): Promise<Result<KeyRecord[]>> =>
  deps.atomically(async (stores) => ok(await tendLocked(deps, stores)));

export type KeyDeps = Pick<Deps, 'atomically' | 'clock' | 'keyMaker' | 'settings'>;
type Within = Pick<Stores, 'signingKeys' | 'audit'>;

/** The same within a transaction, which holds the lock from here on; gives the keys as they are then. */
export const tendLocked = async (deps: KeyDeps, stores: Within): Promise<KeyRecord[]> => {
  await stores.signingKeys.lock();
  const keys = await stores.signingKeys.list();
  return carryOut(deps, stores, keys, dueChanges(keys, deps.settings.signingKeys, deps.keyMaker.derivedKids, deps.clock()));
};

/** @throws Unavailable when another node made the same key first, in spite of the lock. */
export const carryOut = async (
  { clock, keyMaker }: KeyDeps,
  { signingKeys, audit }: Within,
  keys: KeyRecord[],
  changes: readonly KeyChange[],
): Promise<KeyRecord[]> => {
  const now = clock();
  const last = new Map<string, number>();
  for (const { algorithm, sequence } of keys) last.set(algorithm, Math.max(sequence, last.get(algorithm) ?? 0));
  const add = async (key: Omit<KeyRecord, 'sequence' | 'createdAt' | 'revokedAt'>) => {
    const sequence = (last.get(key.algorithm) ?? 0) + 1;
    last.set(key.algorithm, sequence);
    const added = await signingKeys.add({ ...key, sequence, createdAt: now, revokedAt: null });
    if (!added) throw new Unavailable('another node changed the signing keys at the same moment');
  };
  for (const change of changes) {
    if (change.do === 'change') await signingKeys.change(change.kid, change.to);
    else if (change.do === 'remove') await signingKeys.remove(change.kid);
    else if (change.do === 'note') {
      const { kid, activatesAt, retiresAt } = change;
      await add({ kid, algorithm: 'HS256', publicJwk: null, sealedPrivate: null, activatesAt, retiresAt });
    } else {
      const made = keyMaker.make(change.algorithm);
      await add({ ...made, algorithm: change.algorithm, activatesAt: change.activatesAt, retiresAt: null });
      await audit.add({ type: 'signing_key.created', reason: made.kid }, now);
    }
  }
  return changes.length === 0 ? keys : signingKeys.list();
};
