/**
 * The keys that sign access tokens, and when each of them does what. With HS256 the key is derived from the server's
 * secret and there is nothing to keep; ES256 and EdDSA have a record per key:
 *
 * prepared (published, no date yet) → next (published, its date is set) → active (signs) → retired (its last tokens
 * live) → expired. Revoked ends any of them at once.
 */
export type AsymmetricAlgorithm = 'ES256' | 'EdDSA';
export type SigningAlgorithm = 'HS256' | AsymmetricAlgorithm;

export type KeyRecord = {
  kid: string;
  algorithm: SigningAlgorithm;
  /** Counts the keys of one algorithm and is unique with it: of two nodes that make the next key, one succeeds. */
  sequence: number;
  /** JSON; null for a derived key, of which only the times are kept. */
  publicJwk: string | null;
  /** Null for a derived key, and for one that will never sign again. */
  sealedPrivate: string | null;
  createdAt: number;
  activatesAt: number | null;
  /** When it stops signing. */
  retiresAt: number | null;
  revokedAt: number | null;
};

export type KeyState = 'prepared' | 'next' | 'active' | 'retired' | 'expired' | 'revoked';

export type KeyRules = {
  /** What the configuration asks for. */
  algorithm: SigningAlgorithm;
  /** From this age on a key is replaced. */
  maxAgeSeconds: number;
  /** How long the next key is published before it signs. */
  publishAheadSeconds: number;
  /** The longest lifetime of an access token: how long a retired key is believed. */
  longestTokenSeconds: number;
};

export type KeyChange =
  | { do: 'make'; algorithm: AsymmetricAlgorithm; activatesAt: number | null }
  /** Begins to keep a record of a derived key. */
  | { do: 'note'; kid: string; activatesAt: number; retiresAt: number | null }
  | { do: 'change'; kid: string; to: KeyTimes & { sealedPrivate?: null } }
  | { do: 'remove'; kid: string };
type KeyTimes = Partial<Pick<KeyRecord, 'activatesAt' | 'retiresAt' | 'revokedAt'>>;

/** How far the clocks of nodes may differ. */
const clockSkewMs = 60_000;
/** While nodes are moved to another algorithm one by one, both kinds sign: that long, and then the former one retires. */
const rollOutMs = 24 * 3_600_000;
/** A key that is over stays in the list for operators. */
const keepMs = 30 * 24 * 3_600_000;

export const keyState = (key: KeyRecord, rules: KeyRules, now: number): KeyState => {
  if (key.revokedAt !== null) return 'revoked';
  if (key.activatesAt === null) return 'prepared';
  if (key.retiresAt === null || key.retiresAt > now) return key.activatesAt > now ? 'next' : 'active';
  return now < key.retiresAt + rules.longestTokenSeconds * 1000 + clockSkewMs ? 'retired' : 'expired';
};

/** Whether its signatures count. One published ahead counts too: the clock of the node that signed may run ahead. */
export const isBelieved = (state: KeyState): boolean => state !== 'expired' && state !== 'revoked';

/** Active keys of the algorithm, the one that signs first. */
export const activeKeys = (keys: readonly KeyRecord[], rules: KeyRules, now: number): KeyRecord[] =>
  keys
    .filter((key) => key.algorithm === rules.algorithm && keyState(key, rules, now) === 'active')
    .sort((a, b) => (b.activatesAt ?? 0) - (a.activatesAt ?? 0) || b.sequence - a.sequence);

/** The key that has a date, or else one that was prepared. */
export const comingKey = (keys: readonly KeyRecord[], rules: KeyRules, now: number): KeyRecord | undefined => {
  const inState = (state: KeyState) =>
    keys.find((key) => key.algorithm === rules.algorithm && keyState(key, rules, now) === state);
  return inState('next') ?? inState('prepared');
};

/** The coming key, or a new one, signs from `at` on, and those of today until then. */
export const succession = (keys: readonly KeyRecord[], rules: KeyRules, now: number, at: number): KeyChange[] => {
  if (rules.algorithm === 'HS256') return [];
  const coming = comingKey(keys, rules, now);
  return [
    coming
      ? { do: 'change', kid: coming.kid, to: { activatesAt: at } }
      : { do: 'make', algorithm: rules.algorithm, activatesAt: at },
    ...activeKeys(keys, rules, now).map(({ kid }): KeyChange => ({ do: 'change', kid, to: { retiresAt: at } })),
  ];
};

/**
 * What has to be done with the keys now; empty almost always, so that looking is cheap.
 *
 * @param derivedKids Of the access-token keys derived from today's secret and earlier ones, today's first.
 */
export const dueChanges = (
  keys: readonly KeyRecord[],
  rules: KeyRules,
  derivedKids: readonly string[],
  now: number,
): KeyChange[] => [
  ...(rules.algorithm === 'HS256' ? [] : dueSuccession(keys, rules, now)),
  ...dueForDerived(keys, rules, derivedKids, now),
  ...keys.filter(isOwn).flatMap((key) => dueForOne(key, rules, now)),
];

const dueSuccession = (keys: readonly KeyRecord[], rules: KeyRules, now: number): KeyChange[] => {
  const [signer] = activeKeys(keys, rules, now);
  // Waiting for the coming key's date would mean not to sign at all.
  if (!signer) return succession(keys, rules, now, now);
  const coming = comingKey(keys, rules, now);
  if (coming && coming.activatesAt !== null) return [];
  // Retired without a successor: by nodes of another algorithm, of which this node shows that it still is in use.
  if (signer.retiresAt !== null) return endsSoon(signer, now) ? [{ do: 'change', kid: signer.kid, to: { retiresAt: null } }] : [];
  const aheadMs = rules.publishAheadSeconds * 1000;
  const replaceAt = (signer.activatesAt ?? 0) + rules.maxAgeSeconds * 1000 - aheadMs;
  return now >= replaceAt ? succession(keys, rules, now, now + aheadMs) : [];
};

/**
 * A derived key has no record until the algorithm changes: then it says until when its tokens count, and afterwards a
 * resource server that was given the key cannot make tokens for ever.
 */
const dueForDerived = (keys: readonly KeyRecord[], rules: KeyRules, derivedKids: readonly string[], now: number): KeyChange[] => {
  const othersHaveSigned = keys.some((key) => isOwn(key) && key.activatesAt !== null && key.activatesAt <= now);
  const signs = rules.algorithm === 'HS256';
  return (signs ? derivedKids.slice(0, 1) : derivedKids).flatMap((kid): KeyChange[] => {
    const record = keys.find((key) => key.kid === kid);
    if (record === undefined && signs === othersHaveSigned) {
      return [{ do: 'note', kid, activatesAt: now, retiresAt: signs ? null : now + rollOutMs }];
    }
    if (record === undefined || record.revokedAt !== null) return [];
    if (signs) return endsSoon(record, now) ? [{ do: 'change', kid, to: { activatesAt: now, retiresAt: null } }] : [];
    return record.retiresAt === null ? [{ do: 'change', kid, to: { retiresAt: now + rollOutMs } }] : [];
  });
};

const dueForOne = (key: KeyRecord, rules: KeyRules, now: number): KeyChange[] => {
  const { kid } = key;
  const state = keyState(key, rules, now);
  const isForeign = key.algorithm !== rules.algorithm;
  if (state === 'active' && isForeign && key.retiresAt === null) {
    return [{ do: 'change', kid, to: { retiresAt: now + rollOutMs } }];
  }
  const overSince = key.revokedAt ?? key.retiresAt ?? now;
  const isOver = state === 'revoked' || state === 'retired' || state === 'expired';
  if (isOver && state !== 'retired' && now >= overSince + keepMs) return [{ do: 'remove', kid }];
  // What cannot be used any more cannot be stolen any more either.
  const canErase = isOver && key.sealedPrivate !== null && now >= overSince + clockSkewMs;
  return canErase ? [{ do: 'change', kid, to: { sealedPrivate: null } }] : [];
};

const isOwn = (key: KeyRecord): boolean => key.algorithm !== 'HS256';

/** Half of the time, so that nodes of two algorithms side by side change the other's date twice a day and not all the time. */
const endsSoon = (key: KeyRecord, now: number): boolean => key.retiresAt !== null && key.retiresAt - now < rollOutMs / 2;
