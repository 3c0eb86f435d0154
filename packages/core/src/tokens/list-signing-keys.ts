import type { Deps } from '../deps.ts';
import { activeKeys, type KeyRecord, type KeyState, keyState, type SigningAlgorithm } from './signing-key.ts';

/** For operators: every key with what it is doing, those derived from the server's secrets included. Changes nothing. */
export type ListedKey = {
  kid: string;
  algorithm: SigningAlgorithm;
  state: KeyState;
  /** Signs the access tokens of today. */
  signs: boolean;
  /** From which secret it comes; a key of its own comes from none. */
  derivedFrom: 'secret' | 'previous_secret' | null;
  record: KeyRecord | undefined;
};

export const listSigningKeys = async ({
  signingKeys,
  clock,
  keyMaker,
  settings,
}: Pick<Deps, 'signingKeys' | 'clock' | 'keyMaker' | 'settings'>): Promise<ListedKey[]> => {
  const now = clock();
  const rules = settings.signingKeys;
  const isDerivedSigner = (kid: string) => rules.algorithm === 'HS256' && kid === keyMaker.derivedKids[0];
  const records = await signingKeys.list();
  const [signer] = activeKeys(
    records.filter((key) => key.algorithm !== 'HS256'),
    rules,
    now,
  );
  const derived = keyMaker.derivedKids.map((kid, index): ListedKey => {
    const record = records.find((key) => key.kid === kid);
    const unrecorded = rules.algorithm === 'HS256' ? 'active' : 'expired';
    return {
      kid,
      algorithm: 'HS256',
      state: record ? keyState(record, rules, now) : unrecorded,
      signs: isDerivedSigner(kid),
      derivedFrom: index === 0 ? 'secret' : 'previous_secret',
      record,
    };
  });
  const own = records.filter((key) => !keyMaker.derivedKids.includes(key.kid));
  return [
    ...derived,
    ...own.map((record): ListedKey => {
      const { kid, algorithm } = record;
      const state = keyState(record, rules, now);
      return { kid, algorithm, state, signs: kid === signer?.kid, derivedFrom: null, record };
    }),
  ];
};
