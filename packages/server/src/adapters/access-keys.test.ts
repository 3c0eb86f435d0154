import { type KeyRecord, type KeyRules, Unavailable } from '@tegata/core';
import { aKeyRecord, startOfTest as now } from '@tegata/core/testing';
import { describe, expect, test } from 'vitest';
import { createLivingKeys, SigningKeyUnreadable } from './access-keys.ts';
import { deriveKeys } from './derived-keys.ts';
import { createKeyMaker } from './key-pairs.ts';
import { createSeal } from './seal.ts';
import { hs256Ring } from './signing-key.ts';

const secret = 'a secret of the tests, long enough to be one';
const earlier = 'the secret that was there before the rotation';
const derived = hs256Ring(deriveKeys([secret, earlier]).ring('access-token'));
const sealOf = (of: string) => createSeal(deriveKeys([of]).ring('signing-key'));
const rules: KeyRules = { algorithm: 'ES256', maxAgeSeconds: 7_776_000, publishAheadSeconds: 86_400, longestTokenSeconds: 900 };

const aKey = (sequence: number, change: Partial<KeyRecord> = {}, sealedWith = secret): KeyRecord =>
  aKeyRecord({ sequence, ...createKeyMaker(sealOf(sealedWith), []).make('ES256'), ...change });

/** The keys over rows that a test changes, with a database that a test can take away. */
const livingKeys = (rows: KeyRecord[], change: Partial<KeyRules> = {}) => {
  const world = { now, rows, reads: 0, isDown: false, logged: [] as string[] };
  const note = (...parts: unknown[]) => world.logged.push(String(parts.at(-1)));
  const read = async () => {
    world.reads += 1;
    if (world.isDown) throw new Unavailable('the database is not available');
    return world.rows;
  };
  const keys = createLivingKeys({
    derived,
    list: read,
    tend: async () => world.rows,
    seal: sealOf(secret),
    rules: { ...rules, ...change },
    clock: () => world.now,
    logger: { warn: note, error: note, info: note },
  });
  return { keys, world };
};
const derivedRow = aKeyRecord({ algorithm: 'HS256', kid: 'another-one-', publicJwk: null, sealedPrivate: null, retiresAt: now });

describe('reading', () => {
  test('happens once a second however many ask, and once for all who ask at the same time', async () => {
    const { keys, world } = livingKeys([aKey(1), derivedRow]);
    const kid = world.rows[0]?.kid ?? '';
    await Promise.all(Array.from({ length: 100 }, () => keys.find(kid)));
    expect(world.reads).toBe(1);
    world.now += 999;
    await Promise.all([keys.signing(), keys.published(), keys.find(kid)]);
    expect(world.reads).toBe(1);
    world.now += 1;
    await Promise.all([keys.signing(), keys.published(), keys.find(kid)]);
    expect(world.reads).toBe(2);
  });

  test('happens also after the clock was set back', async () => {
    const { keys, world } = livingKeys([aKey(1), derivedRow]);
    await keys.load();
    world.now -= 3_600_000;
    await keys.find(world.rows[0]?.kid ?? '');
    expect(world.reads).toBe(2);
  });

  test('for names that nobody knows is bounded, and finds a key that has just come', async () => {
    const { keys, world } = livingKeys([aKey(1), derivedRow]);
    await keys.load();
    const strangers = Array.from({ length: 500 }, (_, index) => keys.find(`stranger-${String(index).padStart(3, '0')}`));
    const young = aKey(2);
    world.rows = [...world.rows, young];
    expect((await keys.find(young.kid))?.kid).toBe(young.kid);
    expect((await Promise.all(strangers)).every((key) => key === undefined)).toBe(true);
    expect(world.reads).toBeLessThanOrEqual(3);
  });

  test('is not done for what cannot be the name of a key', async () => {
    const { keys, world } = livingKeys([aKey(1), derivedRow]);
    await keys.load();
    for (const kid of ['', 'x', '../../dev/null', 'constructor', `${'A'.repeat(13)}`])
      expect(await keys.find(kid)).toBeUndefined();
    expect(world.reads).toBe(1);
  });
});

describe('without the database', () => {
  test('the keys at hand go on, one line of the log says so, and the next reading is a second later', async () => {
    const { keys, world } = livingKeys([aKey(1), derivedRow]);
    const signer = await keys.signing();
    world.isDown = true;
    for (let second = 0; second < 5; second += 1) {
      world.now += 1_000;
      expect((await keys.signing()).kid).toBe(signer.kid);
      expect((await keys.find(signer.kid))?.kid).toBe(signer.kid);
    }
    expect(world.reads).toBe(6);
    expect(world.logged).toEqual(['signing keys not read, going on with those at hand']);
    world.isDown = false;
    world.rows = [{ ...(world.rows[0] as KeyRecord), revokedAt: world.now }];
    world.now += 1_000;
    expect(await keys.find(signer.kid)).toBeUndefined();
    await expect(keys.signing()).rejects.toBeInstanceOf(Unavailable);
  });

  test('at the start nothing can go on', async () => {
    const { keys, world } = livingKeys([]);
    world.isDown = true;
    await expect(keys.load()).rejects.toBeInstanceOf(Unavailable);
    await expect(keys.find('stranger-000')).rejects.toBeInstanceOf(Unavailable);
  });
});

describe('a key of another secret', () => {
  test('stops the start when it should sign, with the remedy', async () => {
    const { keys } = livingKeys([aKey(1, {}, earlier), derivedRow]);
    await expect(keys.load()).rejects.toThrow(SigningKeyUnreadable);
    await expect(keys.load()).rejects.toThrow(/TEGATA_SECRET_PREVIOUS.*tegata keys revoke/);
  });

  test('stops nothing when it has retired, or is of an algorithm that does not sign here', async () => {
    const retired = aKey(1, { retiresAt: now - 1 }, earlier);
    await livingKeys([retired, aKey(2), derivedRow]).keys.load();
    await livingKeys([aKey(1, {}, earlier)], { algorithm: 'HS256' }).keys.load();
  });

  test('that appears while the server runs verifies and does not sign, and signs once it was sealed for us', async () => {
    const { keys, world } = livingKeys([aKey(1), derivedRow]);
    const own = await keys.signing();
    const theirs = aKey(2, { activatesAt: now + 1 }, earlier);
    world.rows = [{ ...(world.rows[0] as KeyRecord), retiresAt: now + 1 }, theirs, derivedRow];
    world.now += 1_000;
    expect((await keys.signing()).kid).toBe(own.kid);
    expect((await keys.find(theirs.kid))?.kid).toBe(theirs.kid);
    expect((await keys.published()).map(({ kid }) => kid)).toEqual([own.kid, theirs.kid]);
    const opened = createSeal(deriveKeys([earlier]).ring('signing-key')).open(theirs.sealedPrivate ?? '');
    world.rows = world.rows.map((row) => (row.kid === theirs.kid ? { ...row, sealedPrivate: sealOf(secret).seal(opened) } : row));
    world.now += 1_000;
    expect((await keys.signing()).kid).toBe(theirs.kid);
  });
});

describe('derived keys', () => {
  const [today, former] = derived.map(({ kid }) => kid) as [string, string];
  const derivedRecord = (kid: string, change: Partial<KeyRecord>) =>
    aKeyRecord({ kid, algorithm: 'HS256', publicJwk: null, sealedPrivate: null, ...change });
  const believed = async (rows: KeyRecord[], algorithm: KeyRules['algorithm']) => {
    const { keys } = livingKeys(rows, { algorithm });
    const found = await Promise.all([today, former].map((kid) => keys.find(kid)));
    return found.map((key) => key !== undefined);
  };

  test('with HS256 count without a record, those of earlier secrets too; revoked ones do not', async () => {
    expect(await believed([], 'HS256')).toEqual([true, true]);
    expect(await believed([derivedRecord(former, { revokedAt: now })], 'HS256')).toEqual([true, false]);
    const { keys } = livingKeys([derivedRecord(today, { revokedAt: now })], { algorithm: 'HS256' });
    await expect(keys.load()).rejects.toThrow(/set another TEGATA_SECRET/);
  });

  test('with another algorithm count only by their record, for as long as it says', async () => {
    expect(await believed([aKey(1)], 'ES256')).toEqual([false, false]);
    const rows = [aKey(1), derivedRecord(today, { retiresAt: now }), derivedRecord(former, { retiresAt: now - 961_000 })];
    expect(await believed(rows, 'ES256')).toEqual([true, false]);
  });

  test('are never published', async () => {
    expect(await livingKeys([derivedRecord(today, {})], { algorithm: 'HS256' }).keys.published()).toEqual([]);
  });
});
