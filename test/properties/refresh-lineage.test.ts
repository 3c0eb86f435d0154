import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../packages/server/src/config/config.ts';
import { limits, sessionPolicy } from '../../packages/server/src/http/contracts/standard/policy.ts';
import { cookiePair, startServer, type TestServer } from '../server.ts';
import { goodPassword, loggedIn, me, refresh, registered } from '../standard/people.ts';
import { decodeToken, tokenIn } from '../standard/tokens.ts';

/**
 * The rotation policy is one pure function with properties of its own, beside it in the core. These are the same
 * properties of everything around it: tokens that are signed and read, rows that are compared and set, requests that
 * run at the same time. Once through the use cases on a SQLite file, and, fewer of them, over HTTP.
 */
const numRuns = Number(process.env.PROPERTY_RUNS ?? 60);
const timeout = 20_000 + numRuns * 1000;

const seconds = 1000;
const hours = 3600 * seconds;
const days = 24 * hours;
const grace = 10 * seconds;
/** How far the clock may go back: the tolerance for tokens of a server whose clock is ahead, less a second of rounding. */
const clockSkew = 4 * seconds;

type Pair = { accessToken: string; refreshToken: string };
type Served = Pair | { refused: string };

/** A way in: the same three calls, by function or by HTTP. Refusals are their `reason`. */
type Way = {
  logIn: () => Promise<Pair>;
  refresh: (refreshToken: string) => Promise<Served>;
  /** Undefined when the access token opened the door. */
  use: (accessToken: string) => Promise<string | undefined>;
};

const email = 'ada@example.com';

const byUseCases = ({ engine }: TestServer): Way => {
  const policy = sessionPolicy(parseConfig({}));
  const client = { userAgent: null, ipAddress: null };
  return {
    logIn: async () => {
      const loggedIn = await engine.auth.logIn({ email, password: goodPassword, remember: false, client, policy });
      if (!loggedIn.ok) throw new Error(loggedIn.failure.code);
      return loggedIn.value.tokens;
    },
    refresh: async (refreshToken) => {
      const refreshed = await engine.auth.refreshSession({ refreshToken, ipAddress: null, policy, limit: limits.refresh });
      if (refreshed.ok) return refreshed.value.tokens;
      return { refused: 'reason' in refreshed.failure ? refreshed.failure.reason : refreshed.failure.code };
    },
    use: async (accessToken) => {
      const caller = await engine.auth.authenticate(accessToken);
      if (caller.ok) return undefined;
      return 'reason' in caller.failure ? caller.failure.reason : caller.failure.code;
    },
  };
};

const byHttp = (server: TestServer): Way => ({
  logIn: async () => {
    const { accessToken, refreshCookie } = await loggedIn(server, email);
    return { accessToken, refreshToken: tokenIn(refreshCookie) };
  },
  refresh: async (refreshToken) => {
    const answer = await refresh(server, `refresh_token=${refreshToken}`);
    if (answer.status !== 200) return { refused: answer.body.error.reason };
    return { accessToken: answer.body.data.access_token, refreshToken: tokenIn(cookiePair(answer, 'refresh_token')) };
  },
  use: async (accessToken) => (await me(server, accessToken)).body.error?.reason,
});

/**
 * One session with a bystander who sees every answer, the lost ones too. Whatever comes back is checked at once: each
 * generation has one refresh token, byte for byte, and generations follow one another without a gap.
 */
const openLineage = async (server: TestServer, way: Way) => {
  const issued: Pair[] = [];
  let rotatedAt = 0;
  let successorSeen = true;

  const record = (pair: Pair) => {
    const { gen, sid } = decodeToken(pair.refreshToken).claims;
    expect(decodeToken(pair.accessToken).claims).toMatchObject({ gen, sid });
    if (gen < issued.length) expect(pair.refreshToken).toBe(issued[gen]?.refreshToken);
    else {
      expect(gen).toBe(issued.length);
      issued.push(pair);
      rotatedAt = server.now();
      successorSeen = gen === 0;
    }
    return pair;
  };
  const first = record(await way.logIn());

  return {
    first,
    sessionId: decodeToken(first.accessToken).claims.sid,
    userId: decodeToken(first.accessToken).claims.sub,
    issued: issued as readonly Pair[],
    current: () => issued.length - 1,
    sinceRotation: () => server.now() - rotatedAt,
    isSuccessorSeen: () => successorSeen,
    refresh: async (refreshToken: string): Promise<Served> => {
      const served = await way.refresh(refreshToken);
      return 'refused' in served ? served : record(served);
    },
    use: async (accessToken: string): Promise<string | undefined> => {
      const refused = await way.use(accessToken);
      if (refused === undefined && decodeToken(accessToken).claims.gen === issued.length - 1) successorSeen = true;
      return refused;
    },
  };
};
type Lineage = Awaited<ReturnType<typeof openLineage>>;

const outlives = ({ refreshToken }: Pair, time: number) => (decodeToken(refreshToken).claims.exp as number) * 1000 > time;

/**
 * An honest client: browser tabs that share one cookie jar.
 * - A request carries the refresh token that is in the jar when it is sent.
 * - An answer puts its refresh token into the jar, and only then is its access token used.
 * - Tabs that refresh at the same moment make one round. The requests of a round reach the server in any order and at
 *   the same time, some of them twice, within the grace of the first one, or never.
 * - While they refresh, another tab may go on working with the access token it has.
 * - A round that asks again for the lost answer of an earlier one uses an access token only when all its requests have
 *   been served.
 * The network may lose any request before the server and any answer after it. Between rounds any time passes until the
 * token in the jar ends, and the clock may be corrected by a few seconds.
 */
type Fate = { request: 'lost' | 'once' | 'twice'; answer: 'lost' | 'arrives'; used: boolean; pauseMs: number };
type Round = { kind: 'round'; tabs: Fate[]; anotherWorks: boolean };
type Step = Round | { kind: 'wait'; ms: number } | { kind: 'use' } | { kind: 'clock_back'; ms: number };

const anyWait = fc.oneof(
  fc.integer({ min: 0, max: 30 * seconds }),
  fc.integer({ min: 0, max: hours }),
  fc.integer({ min: 0, max: 6 * days }),
);
const maxTabs = 5;
const anyFate: fc.Arbitrary<Fate> = fc.record({
  request: fc.constantFrom('once', 'once', 'twice', 'lost'),
  answer: fc.constantFrom('arrives', 'lost'),
  used: fc.boolean(),
  // No pause is at the same time; and twice five arrivals with nine pauses between them stay within the grace.
  pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: Math.floor(grace / (2 * maxTabs)) })),
});
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('round' as const),
      tabs: fc.array(anyFate, { minLength: 1, maxLength: maxTabs }),
      anotherWorks: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: anyWait }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'use' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock_back' as const), ms: fc.integer({ min: 1, max: clockSkew }) }) },
);
const anyLife = fc.array(anyStep, { minLength: 1, maxLength: 15 });

/** Arrivals without a pause between them come at the same time. */
const batchesOf = (tabs: readonly Fate[]): Fate[][] => {
  const batches: Fate[][] = [[]];
  for (const tab of tabs) {
    if (tab.request === 'lost') continue;
    for (let time = tab.request === 'once' ? 1 : 0; time < 2; time += 1) {
      batches.at(-1)?.push(tab);
      if (tab.pauseMs > 0) batches.push([]);
    }
  }
  return batches;
};

const round = (change: Partial<Fate>, anotherWorks = false): Round => ({
  kind: 'round',
  tabs: [{ request: 'once', answer: 'arrives', used: false, pauseMs: 0, ...change }],
  anotherWorks,
});

/** An access token comes back at the very moment of a rotation whose answer is lost: it must not count as its successor. */
const workingWhileAnAnswerIsLost: Step[] = [round({}), round({ answer: 'lost' }, true), { kind: 'wait', ms: hours }, round({})];

/** Plays an honest client's life, until it is over or the token in the jar ends. Tells how often it was refused. */
const playHonestly = async (server: TestServer, lineage: Lineage, steps: readonly Step[]) => {
  let jar = lineage.first;
  let latest = server.now();
  const refusals: string[] = [];

  const use = async (pair: Pair) => {
    const refused = await lineage.use(pair.accessToken);
    // The client notices and refreshes; nobody was signed out.
    if (refused !== undefined && refused !== 'token_expired') refusals.push(refused);
  };
  const playRound = async ({ tabs, anotherWorks }: Round) => {
    const carried = jar;
    const asksAgain = decodeToken(carried.refreshToken).claims.gen < lineage.current();
    for (const batch of batchesOf(tabs)) {
      const arrive = async (tab: Fate) => {
        const served = await lineage.refresh(carried.refreshToken);
        if ('refused' in served) refusals.push(served.refused);
        else if (tab.answer === 'arrives') {
          jar = served;
          if (tab.used && !asksAgain) await use(served);
        }
      };
      await Promise.all([...batch.map(arrive), ...(anotherWorks ? [use(carried)] : [])]);
      server.advance({ milliseconds: batch.at(-1)?.pauseMs ?? 0 });
    }
    if (tabs.some((tab) => tab.used)) await use(jar);
  };

  for (const step of steps) {
    latest = Math.max(latest, server.now());
    if (!outlives(jar, latest + grace)) break;
    if (step.kind === 'wait') server.advance({ milliseconds: step.ms });
    if (step.kind === 'clock_back') {
      server.advance({ milliseconds: Math.max(-step.ms, latest - clockSkew - server.now()) });
    }
    if (!outlives(jar, server.now() + grace)) break;
    if (step.kind === 'use') await use(jar);
    if (step.kind === 'round') await playRound(step);
  }
  return { refusals, jar };
};

describe.each([
  { through: 'through the use cases', open: byUseCases, runs: numRuns },
  { through: 'over HTTP', open: byHttp, runs: Math.ceil(numRuns / 8) },
])('$through', ({ open, runs }) => {
  const startWay = async (settings: Record<string, string> = {}) => {
    const server = await startServer(settings);
    await registered(server, email);
    const way = open(server);
    return { server, openLineage: () => openLineage(server, way) };
  };

  test(
    'an honest client is never signed out, whatever the network does and however long it waits',
    async () => {
      const { server, openLineage } = await startWay();
      let rotations = 0;
      await fc.assert(
        fc.asyncProperty(anyLife, async (steps) => {
          const lineage = await openLineage();
          const { refusals, jar } = await playHonestly(server, lineage, steps);
          expect(refusals).toEqual([]);
          // It holds the current token or the one before, whose answer was lost; and it can go on.
          expect(decodeToken(jar.refreshToken).claims.gen).toBeGreaterThanOrEqual(lineage.current() - 1);
          if (outlives(jar, server.now())) expect(await lineage.refresh(jar.refreshToken)).not.toHaveProperty('refused');
          rotations += lineage.current();
        }),
        { numRuns: runs, examples: [[workingWhileAnAnswerIsLost]] },
      );
      expect(rotations).toBeGreaterThan(runs / 2);
    },
    timeout,
  );

  test(
    'a copied token that is replayed when its successor has been seen and the grace is over ends the session, whoever replays it',
    async () => {
      const { server, openLineage } = await startWay();
      const anyReplay = fc.record({ age: fc.integer({ min: 1, max: 4 }), afterMs: anyWait, lastUsed: fc.boolean() });
      const counts = { ended: 0, repeated: 0 };
      await fc.assert(
        fc.asyncProperty(anyLife, anyReplay, async (steps, { age, afterMs, lastUsed }) => {
          const lineage = await openLineage();
          const { jar } = await playHonestly(server, lineage, steps);
          if (!outlives(jar, server.now() + grace)) return;
          const answer = await lineage.refresh(jar.refreshToken);
          if ('refused' in answer) throw new Error(`the owner was refused: ${answer.refused}`);
          if (lastUsed) expect(await lineage.use(answer.accessToken)).toBeUndefined();
          const copied = lineage.issued[Math.max(0, lineage.current() - age)] as Pair;
          const wait = outlives(copied, server.now() + afterMs) ? afterMs : 0;
          server.advance({ milliseconds: wait });
          if (!outlives(copied, server.now())) return;

          const distance = lineage.current() - decodeToken(copied.refreshToken).claims.gen;
          const isTheft = distance >= 2 || (lineage.isSuccessorSeen() && lineage.sinceRotation() > grace);
          const served = await lineage.refresh(copied.refreshToken);
          if (!isTheft) {
            counts.repeated += 1;
            expect(served).toMatchObject({ refreshToken: answer.refreshToken });
            return;
          }
          counts.ended += 1;
          expect(served).toEqual({ refused: 'refresh_reuse' });
          expect(await lineage.refresh(answer.refreshToken)).toEqual({ refused: 'refresh_reuse' });
          const accessIsOver = (decodeToken(answer.accessToken).claims.exp as number) * seconds <= server.now();
          expect(await lineage.use(answer.accessToken)).toBe(accessIsOver ? 'token_expired' : 'refresh_reuse');
        }),
        {
          numRuns: runs,
          examples: [
            [[], { age: 1, afterMs: grace, lastUsed: true }],
            [[], { age: 1, afterMs: grace + 1, lastUsed: true }],
            [[], { age: 1, afterMs: days, lastUsed: false }],
          ],
        },
      );
      expect(counts.ended).toBeGreaterThan(0);
      expect(counts.repeated).toBeGreaterThan(1);
    },
    timeout,
  );

  test(
    'whatever anybody presents, one after the other or at once, one refresh token of the lineage is current and no other rotates',
    async () => {
      // Ages are counted back from the current token; the last few are the interesting ones.
      const anyAge = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 7);
      const anyMove = fc.oneof(
        { weight: 4, arbitrary: fc.array(anyAge, { minLength: 1, maxLength: 4 }).map((ages) => ({ ages })) },
        { weight: 1, arbitrary: fc.constant({ ages: [0, 0, 0, 0, 0, 0, 0, 0] }) },
        { weight: 2, arbitrary: fc.constantFrom(0, 0, 1).map((age) => ({ use: age })) },
        { weight: 2, arbitrary: anyWait.map((waitMs) => ({ waitMs: Math.min(waitMs, days) })) },
      );
      for (const settings of [{}, { TEGATA_REFRESH_GRACE: '0s' }]) {
        const { server, openLineage } = await startWay(settings);
        const property = fc.asyncProperty(fc.array(anyMove, { minLength: 1, maxLength: 12 }), async (moves) => {
          const lineage = await openLineage();
          const back = (age: number) => lineage.issued[Math.max(0, lineage.current() - age)] as Pair;
          let dead = false;
          for (const move of moves) {
            if ('waitMs' in move) server.advance({ milliseconds: move.waitMs });
            else if ('use' in move) await lineage.use(back(move.use).accessToken);
            else {
              const before = lineage.current();
              const presented = move.ages.map((age) => back(age).refreshToken);
              const currentIsAmong = presented.includes(back(0).refreshToken);
              const served = await Promise.all(presented.map(lineage.refresh));
              // `openLineage` has checked that all answers of one generation are one token.
              expect(lineage.current() - before).toBeLessThanOrEqual(currentIsAmong ? 1 : 0);
              if (dead) expect(served.filter((one) => !('refused' in one))).toEqual([]);
            }
            const session = await server.engine.stores.sessions.find(lineage.sessionId, lineage.userId);
            dead = session?.endedAt !== null;
            const current = lineage.issued.filter(({ refreshToken }) => {
              const { gen, jti } = decodeToken(refreshToken).claims;
              return gen === session?.generation && jti === session.refreshJti;
            });
            expect(current).toEqual([lineage.issued.at(-1)]);
          }
        });
        await fc.assert(property, { numRuns: Math.ceil(runs / 2) });
      }
    },
    timeout,
  );
});
