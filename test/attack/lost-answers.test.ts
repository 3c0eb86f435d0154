import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  anyLife,
  anyWait,
  byUseCases,
  type Clocked,
  grace,
  type Lineage,
  openLineage,
  outlives,
  type Pair,
  playHonestly,
  type Step,
  type Way,
  workingWhileAnAnswerIsLost,
} from '../properties/honest-client.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { startServer } from '../server.ts';
import { registered } from '../standard/people.ts';
import { decodeToken } from '../standard/tokens.ts';

// The model of test/properties/refresh-lineage.test.ts at length: up to twenty tabs of one browser over two nodes, each
// request reaching either of them, in any order, once, twice or never, late by any time within the grace, and any answer
// lost after the server has committed: which is what a kill -9 between commit and answer is to a client. (Nodes are killed
// for real in test/faults/many-nodes.test.ts.)

const lives = size('LIVES', { long: 10_000, short: 150 });
const thefts = size('THEFTS', { long: 1_000, short: 50 });
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const tabs = 20;
const maxSteps = 9;
const email = 'ada@example.com';

/** The owner gets the lost answer again, by a clock that says it was not lost yet. */
const aClockSetBackAfterALostAnswer: Step[] = [
  {
    kind: 'round',
    tabs: [{ request: 'once', answer: 'lost', used: false, pauseMs: 0 }],
    anotherWorks: false,
  },
  { kind: 'clock_back', ms: 1 },
];

/** Two nodes over one database, with one clock. Calls go to either, as a balancer without sticky sessions sends them. */
const openHouse = async () => {
  const first = await startServer({ TEGATA_SECRET: 'bW9zdGx5IHJhbmRvbSBieXRlcyBmb3IgYSB0ZXN0IQ' });
  const second = await startServer(
    { TEGATA_SECRET: 'bW9zdGx5IHJhbmRvbSBieXRlcyBmb3IgYSB0ZXN0IQ', ...first.sameStores },
    first.now(),
  );
  await registered(first, email);
  const ways = [byUseCases(first, email), byUseCases(second, email)] as const;
  let calls = 0;
  const either = () => {
    calls += 1;
    // Neighbors in a batch go to different nodes, and the first of a batch to either.
    return ways[(calls + (calls >> 3)) % 2] as Way;
  };
  const way: Way = {
    logIn: () => either().logIn(),
    refresh: (token) => either().refresh(token),
    use: (token) => either().use(token),
  };
  const clock: Clocked = {
    now: first.now,
    advance: (duration) => {
      first.advance(duration);
      second.advance(duration);
    },
  };
  return { clock, openLineage: (): Promise<Lineage> => openLineage(clock, way), calls: () => calls };
};

test('nobody honest is signed out, with twenty tabs over two nodes and a network that loses, doubles, delays and reorders', {
  timeout: 900_000,
}, async () => {
  const house = await openHouse();
  let rotations = 0;
  let forced = 0;
  const startedAt = performance.now();
  await fc
    .assert(
      fc.asyncProperty(anyLife(tabs, maxSteps), async (steps) => {
        const lineage = await house.openLineage();
        const { refusals, jar } = await playHonestly(house.clock, lineage, steps);
        const goesOn = !outlives(jar, house.clock.now()) || !('refused' in (await lineage.refresh(jar.refreshToken)));
        rotations += lineage.current();
        if (refusals.length > 0 || !goesOn) forced += 1;
        expect({ refusals, goesOn }).toEqual({ refusals: [], goesOn: true });
      }),
      { numRuns: lives, seed, examples: [[workingWhileAnAnswerIsLost]] },
    )
    .finally(() => {
      figure({
        row: 'loss-proof',
        part: 'model, two nodes',
        tried: lives,
        failed: forced,
        detail: `${lives} lives of a browser with up to ${tabs} tabs, ${rotations} rotations in ${house.calls()} calls at two nodes over one SQLite file, ${((performance.now() - startedAt) / 1000).toFixed(0)} s; SEED=${seed}`,
        reached: forced === 0,
      });
    });
  expect(rotations).toBeGreaterThan(lives / 2);
});

test('a stolen token that is replayed after its successor was seen and the grace is over always ends the session', {
  timeout: 900_000,
}, async () => {
  const house = await openHouse();
  const anyReplay = fc.record({ age: fc.integer({ min: 1, max: 4 }), afterMs: anyWait });
  let replayed = 0;
  let survived = 0;
  await fc
    .assert(
      fc.asyncProperty(anyLife(tabs, maxSteps), anyReplay, async (steps, { age, afterMs }) => {
        const lineage = await house.openLineage();
        const { jar } = await playHonestly(house.clock, lineage, steps);
        if (!outlives(jar, house.clock.now() + 2 * grace)) return;
        const answer = await lineage.refresh(jar.refreshToken);
        if ('refused' in answer) throw new Error(`the owner was refused: ${answer.refused}`);
        expect(await lineage.use(answer.accessToken)).toBeUndefined();
        const copied = lineage.issued[Math.max(0, lineage.current() - age)] as Pair;
        // Past the grace, and as much longer as the stolen token lives. The grace is counted from the rotation, which is still to
        // come by a clock that was set back since.
        const over = grace + 1 + Math.max(0, -lineage.sinceRotation());
        const wait = over + (outlives(copied, house.clock.now() + over + afterMs) ? afterMs : 0);
        house.clock.advance({ milliseconds: wait });
        if (!outlives(copied, house.clock.now()) || lineage.current() === decodeToken(copied.refreshToken).claims.gen) return;
        replayed += 1;
        const thief = await lineage.refresh(copied.refreshToken);
        const owner = await lineage.refresh(answer.refreshToken);
        const used = await lineage.use(answer.accessToken);
        if (!('refused' in thief) || !('refused' in owner) || used === undefined) survived += 1;
        expect([thief, owner]).toEqual([{ refused: 'refresh_reuse' }, { refused: 'refresh_reuse' }]);
        expect(used).toBeDefined();
      }),
      { numRuns: thefts, seed, examples: [[aClockSetBackAfterALostAnswer, { age: 1, afterMs: 0 }]] },
    )
    .finally(() => {
      figure({
        row: 'loss-proof',
        part: 'replayed after the grace',
        tried: replayed,
        failed: survived,
        detail: `after ${thefts} such lives, ${replayed} copied tokens up to four rotations old were presented to either of two nodes: each ended the session for thief and owner; SEED=${seed}`,
        reached: survived === 0 && replayed > 0,
      });
    });
  expect(replayed).toBeGreaterThan(thefts / 4);
});
