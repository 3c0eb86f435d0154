// The keys of access tokens as they are now. They live in the database, where another node may add, replace or revoke
// one at any time, so they are read again when what is held is a second old, before it is used: a revoked key is refused
// within that second on every node. No timer does it, so an idle server is idle.

import type { JsonWebKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, dueChanges, isBelieved, type KeyRecord, type KeyRules, keyState, Unavailable } from '@tegata/core';
import type { Logger } from 'pino';
import { openKey } from './key-pairs.ts';
import type { Seal } from './seal.ts';
import type { SigningKey, SigningKeyRing } from './signing-key.ts';

export type AccessKeys = {
  /** The key that signs now. */
  signing: () => Promise<SigningKey>;
  /** The key of that name if its signatures count; one that nobody here knows yet is looked for in the database. */
  find: (kid: string) => Promise<SigningKey | undefined>;
  /** Public halves for resource servers, those of keys to come included. */
  published: () => Promise<JsonWebKey[]>;
};

/** Keys that stay as they are. */
export const fixedKeys = (ring: SigningKeyRing): AccessKeys => ({
  signing: async () => ring[0],
  find: async (kid) => ring.find((key) => key.kid === kid),
  published: async () => ring.flatMap(({ publicJwk }) => (publicJwk ? [publicJwk] : [])),
});

export type LivingKeysOptions = {
  /** HS256 keys of the server's secrets, today's first. */
  derived: SigningKeyRing;
  list: () => Promise<KeyRecord[]>;
  /** Does what `dueChanges` asks for, and gives the keys as they are then. */
  tend: () => Promise<KeyRecord[]>;
  seal: Seal;
  rules: KeyRules;
  clock: Clock;
  logger: Pick<Logger, 'warn' | 'error' | 'info'>;
};

/** A key of this server cannot be opened. The message says what to do. */
export class SigningKeyUnreadable extends Error {
  override name = 'SigningKeyUnreadable';

  constructor(kid: string) {
    super(
      `The signing key ${kid} was encrypted with another TEGATA_SECRET. Give that secret in TEGATA_SECRET_PREVIOUS and start again; it can be left out after that. If it is lost, give the key up: \`tegata keys revoke ${kid}\` makes a new one, and nobody is signed out by it.`,
    );
  }
}

const freshMs = 1_000;
/** How often strangers, who can write any `kid`, make the database be asked. */
const unknownEveryMs = 200;
const kidForm = /^[\w-]{12}$/;

type Held = { record: KeyRecord; key: SigningKey; canSign: boolean };

export type LivingKeys = AccessKeys & {
  /** Reads the keys for the first time. @throws SigningKeyUnreadable when the configured algorithm could not sign. */
  load: () => Promise<void>;
  /** Whether the secrets of this process can open it; a key without a private half needs none. */
  canOpen: (record: KeyRecord) => boolean;
  /** Of the key that signs; undefined for one derived from the secret, which is as old as that. */
  ageSeconds: () => Promise<number | undefined>;
};

export const createLivingKeys = (options: LivingKeysOptions): LivingKeys => {
  const { derived, rules, clock, logger } = options;
  const derivedKids = derived.map(({ kid }) => kid);
  let held: ReadonlyMap<string, Held> | undefined;
  let derivedRecords: ReadonlyMap<string, KeyRecord> = new Map();
  let readAt = { clock: 0, machine: 0 };
  let reading: Promise<void> | undefined;
  let asking: Promise<void> | undefined;
  let isDown = false;

  const open = (record: KeyRecord): Held | undefined => {
    const before = held?.get(record.kid);
    if (before && (before.canSign || before.record.sealedPrivate === record.sealedPrivate)) return { ...before, record };
    try {
      return { record, key: openKey(record, options.seal), canSign: record.sealedPrivate !== null };
    } catch {
      // The public half is enough to verify what other nodes sign.
      logger.warn({ kid: record.kid }, 'a signing key was encrypted with another TEGATA_SECRET: this node only verifies with it');
    }
    try {
      return { record, key: openKey(record, undefined), canSign: false };
    } catch {
      logger.error({ kid: record.kid }, 'a signing key in the database is not what its name says: it is ignored');
      return undefined;
    }
  };

  const hold = (records: readonly KeyRecord[]): void => {
    const now = clock();
    const usable = records.filter((record) => record.publicJwk !== null && isBelieved(keyState(record, rules, now)));
    held = new Map(usable.flatMap((record) => open(record) ?? []).map((one) => [one.record.kid, one]));
    derivedRecords = new Map(records.filter(({ publicJwk }) => publicJwk === null).map((record) => [record.kid, record]));
  };

  const readAll = async (): Promise<void> => {
    const records = await options.list();
    hold(records);
    if (dueChanges(records, rules, derivedKids, clock()).length > 0) hold(await options.tend());
  };

  /** What is held goes on being used while the database is down: sessions, which every request asks for, are there too. */
  const readOrGoOn = async (): Promise<void> => {
    try {
      await readAll();
      isDown = false;
    } catch (error) {
      if (!held) throw error;
      if (!isDown) logger.warn({ reason: (error as Error).message }, 'signing keys not read, going on with those at hand');
      isDown = true;
    } finally {
      readAt = { clock: clock(), machine: performance.now() };
    }
  };

  const read = (): Promise<void> => {
    reading ??= readOrGoOn().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  /** By both clocks: the injected one may stand still, and the machine's date may be set back. */
  const isStale = (): boolean =>
    Math.abs(clock() - readAt.clock) >= freshMs || performance.now() - readAt.machine >= freshMs || held === undefined;

  const lookAgain = (): Promise<void> => {
    asking ??= (async () => {
      await sleep(Math.max(0, readAt.machine + unknownEveryMs - performance.now()));
      asking = undefined;
      // One that is under way may have begun before the key was there.
      await reading;
      await read();
    })();
    return asking;
  };

  const findDerived = (kid: string): SigningKey | undefined => {
    const key = derived.find((one) => one.kid === kid);
    if (!key) return undefined;
    const record = derivedRecords.get(kid);
    const signs = rules.algorithm === 'HS256';
    if (!record || (signs && key === derived[0])) return signs && !record?.revokedAt ? key : undefined;
    return isBelieved(keyState(record, rules, clock())) ? key : undefined;
  };

  const findHeld = (kid: string): SigningKey | undefined => {
    const one = held?.get(kid);
    return one && isBelieved(keyState(one.record, rules, clock())) ? one.key : findDerived(kid);
  };

  /** Those that could sign, the right one first: the others are for a node that cannot open the right one for a while. */
  const signers = (): Held[] => {
    const order = { active: 0, next: 1, prepared: 2, retired: 3, expired: 4, revoked: 5 };
    const rank = ({ record }: Held) => order[keyState(record, rules, clock())];
    const own = [...(held?.values() ?? [])].filter(({ record, canSign }) => canSign && record.algorithm === rules.algorithm);
    return own
      .filter((one) => rank(one) < order.expired)
      .sort((a, b) => rank(a) - rank(b) || (b.record.activatesAt ?? 0) - (a.record.activatesAt ?? 0));
  };

  const signerNow = (): SigningKey => {
    const key = rules.algorithm === 'HS256' ? findDerived(derived[0].kid) : signers()[0]?.key;
    if (!key) throw new Unavailable('no signing key can be used: see `tegata keys list`');
    return key;
  };

  return {
    signing: async () => {
      if (isStale()) await read();
      return signerNow();
    },

    find: async (kid) => {
      if (isStale()) await read();
      const key = findHeld(kid);
      if (key || !kidForm.test(kid)) return key;
      await lookAgain();
      return findHeld(kid);
    },

    published: async () => {
      if (isStale()) await read();
      const believed = [...(held?.values() ?? [])].filter(({ record }) => isBelieved(keyState(record, rules, clock())));
      return believed.flatMap(({ key }) => (key.publicJwk ? [key.publicJwk] : []));
    },

    ageSeconds: async () => {
      if (isStale()) await read();
      const since = held?.get(signerNow().kid)?.record.activatesAt;
      return since ? Math.max(0, clock() - since) / 1000 : undefined;
    },

    canOpen: (record) => {
      try {
        return record.publicJwk === null || openKey(record, options.seal) !== undefined;
      } catch {
        return false;
      }
    },

    load: async () => {
      await read();
      const now = clock();
      for (const { record, canSign } of held?.values() ?? []) {
        const willSign = ['active', 'next', 'prepared'].includes(keyState(record, rules, now));
        if (record.algorithm === rules.algorithm && willSign && !canSign) throw new SigningKeyUnreadable(record.kid);
      }
      if (rules.algorithm === 'HS256' && !findDerived(derived[0].kid)) {
        throw new Unavailable('the key derived from TEGATA_SECRET was revoked: set another TEGATA_SECRET');
      }
    },
  };
};
