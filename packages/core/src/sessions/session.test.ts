import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decideRefresh, isLive, type RefreshDecision, type Session, slidEnd } from './session.ts';

// biome-ignore lint/style/noProcessEnv: how long to search is asked from outside
const numRuns = Number(process.env.PROPERTY_RUNS ?? 300);

const seconds = 1000;
const hours = 3600 * seconds;
const days = 24 * hours;
const noon = Date.UTC(2026, 0, 15, 12);
const grace = 10;

type Token = { gen: number; jti: string };
const tokenOf = (gen: number): Token => ({ gen, jti: `jti-${gen}` });

/** A session after its fifth rotation, at noon. */
const rotated = (change: Partial<Session> = {}): Session => ({
  id: 'session',
  userId: 'ada',
  generation: 5,
  refreshJti: 'jti-5',
  previousJti: 'jti-4',
  refreshKid: 'key-1',
  rotatedAt: noon,
  successorSeen: false,
  idleSeconds: 7 * 24 * 3600,
  userAgent: null,
  ipAddress: null,
  createdAt: noon - days,
  lastUsedAt: noon,
  expiresAt: noon + 7 * days,
  absoluteExpiresAt: noon + 89 * days,
  endedAt: null,
  endReason: null,
  ...change,
});

describe('given a session at its fifth rotation, when a refresh token comes', () => {
  const seen = { successorSeen: true };
  type Case = [sentence: string, session: Partial<Session>, gen: number, after: number, graceSeconds: number, RefreshDecision];
  test.each<Case>([
    ['the current one rotates', {}, 5, 0, grace, 'rotate'],
    ['the current one rotates days later', seen, 5, 6 * days, grace, 'rotate'],
    ['the current one rotates under the strict policy too', seen, 5, days, 0, 'rotate'],
    ['the previous one is repeated at once', {}, 4, 0, grace, 'repeat'],
    ['the previous one is repeated within the grace, although its successor was seen', seen, 4, 9999, grace, 'repeat'],
    ['the previous one is repeated in the last millisecond of the grace', seen, 4, 10 * seconds, grace, 'repeat'],
    ['the previous one is theft a millisecond after the grace, when its successor was seen', seen, 4, 10_001, grace, 'reuse'],
    ['the previous one is repeated after the grace, while its successor was never seen', {}, 4, 10_001, grace, 'repeat'],
    ['the previous one is repeated days later, while its successor was never seen', {}, 4, 6 * days, grace, 'repeat'],
    ['an older one is theft, however soon', {}, 3, 0, grace, 'reuse'],
    ['the first one is theft', {}, 0, 0, grace, 'reuse'],
    ['the previous one is theft under the strict policy, however soon and unseen', {}, 4, 0, 0, 'reuse'],
    ['one of a generation to come is unknown', {}, 6, 0, grace, 'unknown'],
    ['one of a generation to come is unknown under the strict policy', {}, 6, 0, 0, 'unknown'],
    ['the previous one is repeated when the clock went back, unseen', {}, 4, -hours, grace, 'repeat'],
    ['the previous one is repeated when the clock went back, seen', seen, 4, -hours, grace, 'repeat'],
  ])('%s', (_, change, gen, after, graceSeconds, decision) => {
    expect(decideRefresh(rotated(change), tokenOf(gen), graceSeconds, noon + after)).toBe(decision);
  });

  it('one that claims the current generation under another id is unknown, and ends nothing', () => {
    expect(decideRefresh(rotated(), { gen: 5, jti: 'jti-x' }, grace, noon)).toBe('unknown');
  });

  it('one that claims the previous generation under another id is theft', () => {
    expect(decideRefresh(rotated(), { gen: 4, jti: 'jti-x' }, grace, noon)).toBe('reuse');
  });

  it('before the first rotation there is no previous token to repeat', () => {
    const fresh = rotated({ generation: 0, refreshJti: 'jti-0', previousJti: null });
    expect(decideRefresh(fresh, tokenOf(0), grace, noon)).toBe('rotate');
    expect(decideRefresh(fresh, tokenOf(1), grace, noon)).toBe('unknown');
    expect(decideRefresh(fresh, { gen: -1, jti: 'null' }, grace, noon)).toBe('reuse');
  });
});

describe('a session lives', () => {
  test.each([
    ['until the millisecond before its end', {}, 7 * days - 1, true],
    ['and not in the millisecond of its end', {}, 7 * days, false],
    ['and not once it was ended', { endedAt: noon }, 0, false],
    ['and not before it was ended, either: the clock may have gone back', { endedAt: noon }, -hours, false],
  ])('%s', (_, change, after, live) => {
    expect(isLive(rotated(change), noon + after)).toBe(live);
  });
});

describe('each refresh slides the end', () => {
  it('by the idle time', () => {
    expect(slidEnd(rotated(), noon + days)).toBe(noon + 8 * days);
  });

  it('and never past the absolute end', () => {
    expect(slidEnd(rotated(), noon + 85 * days)).toBe(noon + 89 * days);
    expect(slidEnd(rotated(), noon + 82 * days)).toBe(noon + 89 * days);
    expect(slidEnd(rotated(), noon + 82 * days - 1)).toBe(noon + 89 * days - 1);
  });
});

/** The server's side of one session: what `refresh-session.ts` and `authenticate.ts` do with the decision. */
const serverWith = (graceSeconds: number) => {
  let session = rotated({
    generation: 0,
    refreshJti: 'jti-0',
    previousJti: null,
    createdAt: noon,
    absoluteExpiresAt: noon + 90 * days,
  });
  const answers: { presented: Token; decision: RefreshDecision; answer: Token | undefined; now: number }[] = [];
  return {
    answers,
    session: () => session,
    refresh: (presented: Token, now: number): Token | undefined => {
      const decision = decideRefresh(session, presented, graceSeconds, now);
      if (decision === 'rotate') {
        const generation = session.generation + 1;
        session = {
          ...session,
          generation,
          refreshJti: tokenOf(generation).jti,
          previousJti: session.refreshJti,
          rotatedAt: now,
          successorSeen: false,
          expiresAt: slidEnd(session, now),
        };
      }
      const served = decision === 'rotate' || decision === 'repeat';
      const answer = served ? { gen: session.generation, jti: session.refreshJti } : undefined;
      answers.push({ presented, decision, answer, now });
      return answer;
    },
    useAccessToken: (gen: number) => {
      if (gen === session.generation) session = { ...session, successorSeen: true };
    },
  };
};

/**
 * An honest client, precisely: browser tabs that share one cookie jar.
 * - A request carries the refresh token that is in the jar when it is sent.
 * - An answer puts its refresh token into the jar, and only then is its access token used. (A client that used the
 *   access token and then lost the refresh token, say in a crash, could not be told from one whose token was stolen.)
 * - Tabs that refresh at the same moment make one round. The requests of a round reach the server in any order, some
 *   of them twice, within the grace of the first one, or never. The next round starts when none of them is on its way.
 * - A round that asks again for the lost answer of an earlier one uses an access token only when all its requests have
 *   been served: the grace ran from the rotation and may be over. Tabs that refresh under one lock do all of this.
 * The network may lose any request before the server and any answer after it. The clock may be set back by an hour at
 * any time. Between rounds any time passes, and access tokens are used, while the session lives.
 */
type Fate = { request: 'lost' | 'once' | 'twice'; answer: 'lost' | 'arrives'; used: boolean; pauseMs: number };
type Step =
  | { kind: 'round'; tabs: Fate[]; clockBackMs: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'use' }
  | { kind: 'clock_back'; ms: number };

const anyWait = fc.oneof(
  fc.integer({ min: 0, max: 30 * seconds }),
  fc.integer({ min: 0, max: hours }),
  fc.integer({ min: 0, max: 6 * days }),
);
const anyBackwardMs = fc.integer({ min: 1, max: hours });
const maxTabs = 5;
const anyFate: fc.Arbitrary<Fate> = fc.record({
  request: fc.constantFrom('once', 'once', 'twice', 'lost'),
  answer: fc.constantFrom('arrives', 'lost'),
  used: fc.boolean(),
  // Twice five arrivals with nine pauses between them stay within the grace.
  pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: Math.floor((grace * seconds) / (2 * maxTabs)) })),
});
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('round' as const),
      tabs: fc.array(anyFate, { minLength: 1, maxLength: maxTabs }),
      clockBackMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, anyBackwardMs),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: anyWait }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'use' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock_back' as const), ms: anyBackwardMs }) },
);
const anyLife = fc.array(anyStep, { minLength: 1, maxLength: 40 });

/** Plays an honest client's life until the session runs out by itself. */
const playHonestly = (server: ReturnType<typeof serverWith>, steps: Step[]) => {
  let now = noon;
  let jar = tokenOf(0);
  let rounds = 0;
  for (const step of steps) {
    if (!isLive(server.session(), now)) break;
    if (step.kind === 'wait') now += step.ms;
    if (step.kind === 'clock_back') now -= step.ms;
    if (step.kind === 'use') server.useAccessToken(jar.gen);
    if (step.kind !== 'round') continue;
    rounds += 1;
    const carried = jar;
    const asksAgain = jar.gen < server.session().generation;
    const arrivals = step.tabs.flatMap((tab) => (tab.request === 'lost' ? [] : tab.request === 'once' ? [tab] : [tab, tab]));
    for (const [index, tab] of arrivals.entries()) {
      if (index === 1) now -= step.clockBackMs;
      const answer = server.refresh(carried, now);
      if (!answer) return { signedOut: true, rounds };
      if (tab.answer === 'arrives') jar = answer;
      if (tab.answer === 'arrives' && tab.used && !asksAgain) server.useAccessToken(answer.gen);
      now += tab.pauseMs;
    }
    if (step.tabs.some((tab) => tab.used)) server.useAccessToken(jar.gen);
  }
  return { signedOut: false, rounds };
};

describe('an honest client', () => {
  it('is never signed out, whatever the network and the clock do', () => {
    let rounds = 0;
    fc.assert(
      fc.property(anyLife, (steps) => {
        const played = playHonestly(serverWith(grace), steps);
        rounds += played.rounds;
        expect(played.signedOut).toBe(false);
      }),
      { numRuns },
    );
    expect(rounds).toBeGreaterThan(numRuns);
  });

  it('holds the current token or the one before it, and every answer gives the current one', () => {
    fc.assert(
      fc.property(anyLife, (steps) => {
        const server = serverWith(grace);
        playHonestly(server, steps);
        let current = 0;
        for (const { presented, decision, answer } of server.answers) {
          expect(presented.gen).toBe(decision === 'rotate' ? current : current - 1);
          if (decision === 'rotate') current += 1;
          expect(answer).toEqual(tokenOf(current));
        }
      }),
      { numRuns },
    );
  });

  it('whose answers are all lost gets the same successor for days', () => {
    const server = serverWith(grace);
    for (let day = 0; day < 7; day += 1)
      expect(server.refresh(tokenOf(0), noon + day * days - (day > 0 ? 1 : 0))).toEqual(tokenOf(1));
    expect(server.session().generation).toBe(1);
  });

  it('looks like a thief when one tab uses the repeated answer before another, after the grace, has asked for it', () => {
    const server = serverWith(grace);
    server.refresh(tokenOf(0), noon);
    const woken = noon + hours;
    const answer = server.refresh(tokenOf(0), woken)!;
    expect(answer).toEqual(tokenOf(1));
    server.useAccessToken(answer.gen);
    expect(server.refresh(tokenOf(0), woken + 200)).toBeUndefined();
  });
});

/** Anybody with copies of any tokens: what is presented, and when, follows no rule. */
type Move = { kind: 'refresh'; gen: number } | { kind: 'use'; gen: number } | { kind: 'wait'; ms: number };
/** Generations are drawn back from the current one; the shared ones are the interesting ones. */
const anyMove = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('refresh' as const), gen: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 9) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('use' as const), gen: fc.constantFrom(0, 0, 1, 2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: anyWait }) },
);
const anyMoves = fc.array(anyMove, { minLength: 1, maxLength: 60 });

/**
 * Plays the moves against a server that goes on after theft, so that what comes after it is judged too. Tells of each
 * refresh what a bystander who saw everything knows: how old the token was, and whether its successor had come back.
 */
const playFreely = (graceSeconds: number, moves: Move[]) => {
  const server = serverWith(graceSeconds);
  let now = noon;
  const usedGenerations = new Set<number>();
  const judged: {
    age: number;
    sinceRotation: number;
    successorUsed: boolean;
    decision: RefreshDecision;
    answer: Token | undefined;
  }[] = [];
  for (const move of moves) {
    if (move.kind === 'wait') {
      now += move.ms;
      continue;
    }
    const { generation: current, rotatedAt } = server.session();
    const gen = Math.max(0, current - move.gen);
    if (move.kind === 'use') {
      server.useAccessToken(gen);
      usedGenerations.add(gen);
      continue;
    }
    server.refresh(tokenOf(gen), now);
    const { decision, answer } = server.answers.at(-1)!;
    const successorUsed = usedGenerations.has(gen + 1);
    judged.push({ age: current - gen, sinceRotation: now - rotatedAt, successorUsed, decision, answer });
  }
  return { server, judged };
};

describe('whatever anybody presents', () => {
  const property = (
    graceSeconds: fc.Arbitrary<number>,
    check: (played: ReturnType<typeof playFreely>, graceSeconds: number) => void,
  ) =>
    fc.assert(
      fc.property(graceSeconds, anyMoves, (chosen, moves) => {
        check(playFreely(chosen, moves), chosen);
      }),
      { numRuns },
    );
  const anyGrace = fc.constantFrom(1, grace, 60);

  it('a token is theft once its successor has been seen and the grace is over', () => {
    let cases = 0;
    property(anyGrace, ({ judged }, graceSeconds) => {
      // A successor whose refresh token was presented has rotated: then the token is two generations old.
      for (const { age, sinceRotation, successorUsed, decision } of judged) {
        if (!(age === 1 && successorUsed && sinceRotation > graceSeconds * seconds) && age < 2) continue;
        cases += 1;
        expect(decision).toBe('reuse');
      }
    });
    expect(cases).toBeGreaterThan(numRuns / 10);
  });

  it('a token two generations old is theft, whatever the time and whatever was seen', () => {
    property(anyGrace, ({ judged }) => {
      for (const { age, decision } of judged) if (age >= 2) expect(decision).toBe('reuse');
    });
  });

  it('the previous token is repeated in every other case', () => {
    property(anyGrace, ({ judged }, graceSeconds) => {
      for (const { age, sinceRotation, successorUsed, decision } of judged) {
        if (age !== 1 || (successorUsed && sinceRotation > graceSeconds * seconds)) continue;
        expect(decision).toBe('repeat');
      }
    });
  });

  it('under the strict policy nothing but the current token is served', () => {
    property(fc.constant(0), ({ judged }) => {
      for (const { age, decision } of judged) expect(decision).toBe(age === 0 ? 'rotate' : 'reuse');
    });
  });

  it('exactly one token of the lineage rotates, and a repeat gives that one and no other', () => {
    property(fc.constantFrom(0, 1, grace), ({ server, judged }, graceSeconds) => {
      const { generation } = server.session();
      const history = Array.from({ length: generation + 3 }, (_, gen) => tokenOf(gen));
      const end = server.answers.at(-1)?.now ?? noon;
      const rotating = history.filter((token) => decideRefresh(server.session(), token, graceSeconds, end) === 'rotate');
      expect(rotating).toEqual([tokenOf(generation)]);
      let current = 0;
      for (const { decision, answer } of judged) {
        if (decision === 'rotate') current += 1;
        expect(answer).toEqual(decision === 'reuse' ? undefined : tokenOf(current));
      }
    });
  });

  it('no number of refreshes moves the end past the absolute one', () => {
    const anyRule = fc.record({
      idleSeconds: fc.integer({ min: 1, max: 400 * 24 * 3600 }),
      maxAgeMs: fc.integer({ min: 1, max: 400 * days }),
    });
    fc.assert(
      fc.property(anyRule, fc.array(anyWait), ({ idleSeconds, maxAgeMs }, waits) => {
        const absoluteExpiresAt = noon + maxAgeMs;
        let now = noon;
        for (const wait of waits) {
          now += wait;
          const end = slidEnd({ idleSeconds, absoluteExpiresAt }, now);
          expect(end).toBeLessThanOrEqual(absoluteExpiresAt);
          expect(end).toBeLessThanOrEqual(now + idleSeconds * seconds);
        }
      }),
      { numRuns },
    );
  });
});

describe('given a thief who copied the refresh token', () => {
  /** Owner and thief hold generation 0. The first to act refreshes and uses what it got; the other follows later. */
  const theft = (after: number) => {
    const server = serverWith(grace);
    const first = server.refresh(tokenOf(0), noon)!;
    server.useAccessToken(first.gen);
    return { server, second: server.refresh(tokenOf(0), noon + after) };
  };

  it('when the other one presents the copy after the grace, the session ends, whoever was first', () => {
    const { server, second } = theft(10_001);
    expect(second).toBeUndefined();
    expect(server.answers.at(-1)!.decision).toBe('reuse');
  });

  it('when both refresh within the grace, they share one lineage, and it ends at their next separate refreshes', () => {
    const { server, second } = theft(5 * seconds);
    expect(second).toEqual(tokenOf(1));
    const third = server.refresh(tokenOf(1), noon + hours)!;
    server.useAccessToken(third.gen);
    expect(server.refresh(tokenOf(1), noon + 2 * hours)).toBeUndefined();
  });

  it('when an owner and a thief go on refreshing in turns and use what they get, the second turn of either ends it', () => {
    const turn = fc.record({ who: fc.constantFrom('owner', 'thief'), after: fc.integer({ min: 10_001, max: 6 * days }) });
    fc.assert(
      fc.property(fc.array(turn, { minLength: 2, maxLength: 12 }), (turns) => {
        const server = serverWith(grace);
        const held = { owner: tokenOf(0), thief: tokenOf(0) };
        let now = noon;
        let before: string | undefined;
        for (const { who, after } of turns) {
          now += after;
          const answer = server.refresh(held[who], now);
          const tokenIsStale = before !== undefined && before !== who;
          expect(answer === undefined).toBe(tokenIsStale);
          if (!answer) return;
          held[who] = answer;
          server.useAccessToken(answer.gen);
          before = who;
        }
      }),
      { numRuns },
    );
  });
});
