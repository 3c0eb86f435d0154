import { describe, expect, test } from 'vitest';
import { aKeyRecord, day, hour, startOfTest as now, second } from '../testing/test-data.ts';
import {
  activeKeys,
  dueChanges,
  isBelieved,
  type KeyChange,
  type KeyRecord,
  type KeyRules,
  keyState,
  succession,
} from './signing-key.ts';

const rules: KeyRules = {
  algorithm: 'ES256',
  maxAgeSeconds: 90 * 86_400,
  publishAheadSeconds: 86_400,
  longestTokenSeconds: 3600,
};
const derived = ['derived-now', 'derived-old'];
const due = (keys: KeyRecord[], at = now, change: Partial<KeyRules> = {}, kids = derived) =>
  dueChanges(keys, { ...rules, ...change }, kids, at);

/** What the keys become. Made ones are named by their order. */
const carriedOut = (keys: KeyRecord[], changes: KeyChange[], at: number): KeyRecord[] => {
  let next = keys;
  for (const change of changes) {
    if (change.do === 'remove') next = next.filter(({ kid }) => kid !== change.kid);
    else if (change.do === 'change') next = next.map((key) => (key.kid === change.kid ? { ...key, ...change.to } : key));
    else {
      const algorithm = change.do === 'note' ? 'HS256' : change.algorithm;
      const sequence = 1 + Math.max(0, ...next.filter((key) => key.algorithm === algorithm).map((key) => key.sequence));
      const kid = change.do === 'note' ? change.kid : `${algorithm}-${sequence}`;
      const { activatesAt } = change;
      const retiresAt = change.do === 'note' ? change.retiresAt : null;
      next = [...next, aKeyRecord({ kid, algorithm, sequence, activatesAt, retiresAt, createdAt: at })];
    }
  }
  return next;
};
const tended = (keys: KeyRecord[], at: number, change: Partial<KeyRules> = {}, kids = derived) =>
  carriedOut(keys, due(keys, at, change, kids), at);
const signerOf = (keys: KeyRecord[], at: number, change: Partial<KeyRules> = {}) =>
  activeKeys(keys, { ...rules, ...change }, at)[0]?.kid;

describe('a key', () => {
  const key = aKeyRecord({ activatesAt: now, retiresAt: now + 10 * day });
  test.each([
    ['next', now - 1],
    ['active', now],
    ['active', now + 10 * day - 1],
    ['retired', now + 10 * day],
    ['retired', now + 10 * day + hour],
    ['expired', now + 10 * day + hour + 60 * second],
  ])('is %s at its time', (state, at) => expect(keyState(key, rules, at)).toBe(state));

  test('is believed unless it is expired or revoked', () => {
    const states = (['prepared', 'next', 'active', 'retired', 'expired', 'revoked'] as const).filter(isBelieved);
    expect(states).toEqual(['prepared', 'next', 'active', 'retired']);
    expect(keyState({ ...key, revokedAt: now }, rules, now)).toBe('revoked');
    expect(keyState(aKeyRecord({ activatesAt: null }), rules, now)).toBe('prepared');
  });
});

describe('with HS256', () => {
  test('nothing is ever due and nothing kept, as long as nothing else has signed', () => {
    expect(due([], now, { algorithm: 'HS256' })).toEqual([]);
    expect(due([aKeyRecord({ activatesAt: null })], now + 400 * day, { algorithm: 'HS256' })).toEqual([]);
    expect(succession([], { ...rules, algorithm: 'HS256' }, now, now)).toEqual([]);
  });
});

describe('the first start with an algorithm of its own keys', () => {
  test('makes a key that signs at once, and lets the derived ones count for another day', () => {
    expect(due([])).toEqual([
      { do: 'make', algorithm: 'ES256', activatesAt: now },
      { do: 'note', kid: 'derived-now', activatesAt: now, retiresAt: now + day },
      { do: 'note', kid: 'derived-old', activatesAt: now, retiresAt: now + day },
    ]);
    const keys = tended([], now);
    expect(due(keys)).toEqual([]);
    expect(signerOf(keys, now)).toBe('ES256-1');
  });

  test('takes the key that was prepared for it', () => {
    const keys = tended([aKeyRecord({ kid: 'prepared', activatesAt: null })], now);
    expect(signerOf(keys, now)).toBe('prepared');
    expect(keys.filter(({ algorithm }) => algorithm === 'ES256')).toHaveLength(1);
  });

  test('believes no derived key of a secret that came later', () => {
    const keys = tended([], now);
    expect(due(keys, now + day, {}, ['derived-later', ...derived])).toEqual([]);
  });
});

describe('rotation by age', () => {
  test('publishes the next key a day before the 90th, and then changes over without doing anything', () => {
    const keys = tended([], now);
    expect(due(keys, now + 89 * day - 1)).toEqual([]);
    const published = tended(keys, now + 89 * day);
    expect(signerOf(published, now + 89 * day)).toBe('ES256-1');
    expect(signerOf(published, now + 90 * day - 1)).toBe('ES256-1');
    expect(signerOf(published, now + 90 * day)).toBe('ES256-2');
    expect(due(published, now + 89 * day + hour)).toEqual([]);
    const former = published.find(({ kid }) => kid === 'ES256-1') as KeyRecord;
    expect(keyState(former, rules, now + 90 * day)).toBe('retired');
  });

  test('over ten years there is always one that signs, and every next one is known a day before it does', () => {
    let keys = tended([], now);
    const publishedAt = new Map<string, number>();
    const signers: string[] = [];
    for (let at = now; at < now + 3650 * day; at += 12 * hour) {
      keys = tended(keys, at);
      for (const { kid } of keys) if (!publishedAt.has(kid)) publishedAt.set(kid, at);
      const signer = signerOf(keys, at) as string;
      if (signers.at(-1) !== signer) signers.push(signer);
      if (signer !== 'ES256-1') expect(at - (publishedAt.get(signer) as number)).toBeGreaterThanOrEqual(day);
    }
    expect(signers.length).toBe(Math.ceil(3650 / 90));
    // What is over is not kept for ever.
    expect(keys.length).toBeLessThan(6);
  });

  test('a server that slept for a year still publishes first', () => {
    const at = now + 365 * day;
    const keys = tended(tended([], now), at);
    expect(signerOf(keys, at)).toBe('ES256-1');
    expect(signerOf(keys, at + day)).toBe('ES256-2');
  });
});

describe('what is over', () => {
  const retired = aKeyRecord({ kid: 'retired', activatesAt: now - 90 * day, retiresAt: now });
  const active = aKeyRecord({ kid: 'active', sequence: 2 });
  test('loses its private half, and after a month its row', () => {
    expect(due([retired, active], now)).toEqual([]);
    expect(due([retired, active], now + 60 * second)).toEqual([{ do: 'change', kid: 'retired', to: { sealedPrivate: null } }]);
    const erased = { ...retired, sealedPrivate: null };
    expect(due([erased, active], now + 30 * day - 1)).toEqual([]);
    expect(due([erased, active], now + 30 * day)).toEqual([{ do: 'remove', kid: 'retired' }]);
  });

  test('a derived key that was revoked is remembered for ever', () => {
    const revoked = aKeyRecord({ kid: 'derived-now', algorithm: 'HS256', revokedAt: now, retiresAt: now });
    expect(due([revoked, { ...active, activatesAt: now + 370 * day }], now + 371 * day)).toEqual([]);
  });
});

describe('a change of algorithm', () => {
  const es256 = tended([], now);
  test('lets the keys of the former one sign for the day in which nodes are moved, and then retire', () => {
    const moved = tended(es256, now + day, { algorithm: 'EdDSA' });
    expect(signerOf(moved, now + day, { algorithm: 'EdDSA' })).toBe('EdDSA-1');
    expect(moved.find(({ kid }) => kid === 'ES256-1')?.retiresAt).toBe(now + 2 * day);
    expect(due(moved, now + day, { algorithm: 'EdDSA' })).toEqual([]);
  });

  test('to HS256 and back: the derived key counts again, then the former key signs again or another one', () => {
    const back = tended(es256, now + 10 * day, { algorithm: 'HS256' });
    expect(back.find(({ kid }) => kid === 'derived-now')).toMatchObject({ activatesAt: now + 10 * day, retiresAt: null });
    const again = tended(back, now + 20 * day);
    expect(again.find(({ kid }) => kid === 'derived-now')?.retiresAt).toBe(now + 21 * day);
    expect(signerOf(again, now + 20 * day)).toBe('ES256-2');
  });

  test('nodes of both kinds side by side for a week: both sign all the time, and dates change twice a day at most', () => {
    let keys = es256;
    let changes = 0;
    for (let at = now + day; at < now + 8 * day; at += second * 60) {
      for (const algorithm of ['ES256', 'EdDSA'] as const) {
        const wanted = due(keys, at, { algorithm });
        changes += wanted.filter((change) => change.do === 'change' && 'retiresAt' in change.to).length;
        keys = carriedOut(keys, wanted, at);
        expect(signerOf(keys, at, { algorithm })).toBe(`${algorithm}-1`);
      }
    }
    expect(changes).toBeLessThan(7 * 8);
  });

  test('leaves a key prepared for another algorithm alone', () => {
    const prepared = aKeyRecord({ kid: 'prepared', algorithm: 'EdDSA', activatesAt: null });
    expect(due([...es256, prepared], now + day)).toEqual([]);
  });
});

describe('after the signing key was revoked', () => {
  const revoked = { revokedAt: now, retiresAt: now, sealedPrivate: null };
  test('the next one signs at once, or else a new one', () => {
    const signing = aKeyRecord({ kid: 'signing', ...revoked });
    const next = aKeyRecord({ kid: 'next', sequence: 2, activatesAt: now + day });
    expect(signerOf(tended([signing, next], now), now)).toBe('next');
    expect(signerOf(tended([signing], now), now)).toBe('ES256-2');
  });

  test('revoking the next one does not leave the signing one to end without a successor', () => {
    let keys = [
      aKeyRecord({ kid: 'signing', retiresAt: now + day }),
      aKeyRecord({ kid: 'next', sequence: 2, activatesAt: now + day, ...revoked }),
    ];
    for (let at = now; at < now + 3 * day; at += hour) {
      keys = tended(keys, at);
      expect(signerOf(keys, at)).toBe('signing');
    }
  });
});
