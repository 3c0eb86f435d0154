import fc from 'fast-check';
import { expect } from 'vitest';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { limits, sessionPolicy } from '../../packages/server/src/http/contracts/standard/policy.ts';
import type { TestServer } from '../server.ts';
import { goodPassword } from '../standard/people.ts';
import { decodeToken } from '../standard/tokens.ts';

// The model of an honest client and of the network between it and the server, for whatever is to be true of all of them.

export const seconds = 1000;
export const hours = 3600 * seconds;
export const days = 24 * hours;
export const grace = 10 * seconds;
/** How far the clock may go back: the tolerance for tokens of a server whose clock is ahead, less a second of rounding. */
const clockSkew = 4 * seconds;

export type Pair = { accessToken: string; refreshToken: string };
export type Served = Pair | { refused: string };

/** A way in: the same three calls, by function or by HTTP. Refusals are their `reason`. */
export type Way = {
  logIn: () => Promise<Pair>;
  refresh: (refreshToken: string) => Promise<Served>;
  /** Undefined when the access token opened the door. */
  use: (accessToken: string) => Promise<string | undefined>;
};

/** What the model needs of a server: its clock, which it moves. */
export type Clocked = Pick<TestServer, 'now' | 'advance'>;

export const byUseCases = ({ engine }: TestServer, email: string): Way => {
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

/**
 * One session with a bystander who sees every answer, the lost ones too. Whatever comes back is checked at once: each
 * generation has one refresh token, byte for byte, and generations follow one another without a gap.
 */
export const openLineage = async (server: Clocked, way: Way) => {
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
export type Lineage = Awaited<ReturnType<typeof openLineage>>;

export const outlives = ({ refreshToken }: Pair, time: number) => (decodeToken(refreshToken).claims.exp as number) * 1000 > time;

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
export type Step = Round | { kind: 'wait'; ms: number } | { kind: 'use' } | { kind: 'clock_back'; ms: number };

export const anyWait = fc.oneof(
  fc.integer({ min: 0, max: 30 * seconds }),
  fc.integer({ min: 0, max: hours }),
  fc.integer({ min: 0, max: 6 * days }),
);
/** Lives of up to so many steps; in each round up to so many tabs refresh. */
export const anyLife = (maxTabs: number, maxSteps = 15): fc.Arbitrary<Step[]> => {
  const anyFate: fc.Arbitrary<Fate> = fc.record({
    request: fc.constantFrom('once', 'once', 'twice', 'lost'),
    answer: fc.constantFrom('arrives', 'lost'),
    used: fc.boolean(),
    // No pause is at the same time; and each tab arriving twice, with pauses between, stays within the grace.
    pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: Math.floor(grace / (2 * maxTabs)) })),
  });
  const anyRound = (maxLength: number) =>
    fc.record({
      kind: fc.constant('round' as const),
      tabs: fc.array(anyFate, { minLength: 1, maxLength }),
      anotherWorks: fc.boolean(),
    });
  const anyStep: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.oneof({ weight: 4, arbitrary: anyRound(Math.min(5, maxTabs)) }, { weight: 1, arbitrary: anyRound(maxTabs) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: anyWait }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'use' as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock_back' as const), ms: fc.integer({ min: 1, max: clockSkew }) }) },
  );
  return fc.array(anyStep, { minLength: 1, maxLength: maxSteps });
};

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
export const workingWhileAnAnswerIsLost: Step[] = [
  round({}),
  round({ answer: 'lost' }, true),
  { kind: 'wait', ms: hours },
  round({}),
];

/** Plays an honest client's life, until it is over or the token in the jar ends. Tells how often it was refused. */
export const playHonestly = async (server: Clocked, lineage: Lineage, steps: readonly Step[]) => {
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
