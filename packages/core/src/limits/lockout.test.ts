import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Lockout, type LockoutRules, returnAttempt, takeAttempt } from './lockout.ts';

// biome-ignore lint/style/noProcessEnv: how long to search is asked from outside
const numRuns = Number(process.env.PROPERTY_RUNS ?? 300);

const seconds = 1000;
const minutes = 60 * seconds;
const hours = 60 * minutes;
const days = 24 * hours;
const noon = Date.UTC(2026, 0, 15, 12);
const rules: LockoutRules = { threshold: 5, durationSeconds: 15 * 60, maxDurationSeconds: 24 * 3600 };

/** One address's failures, kept as the store keeps them. */
const counter = (given: LockoutRules = rules, state?: Lockout) => {
  let now = noon;
  return {
    state: () => state,
    now: () => now,
    wait: (ms: number) => {
      now += ms;
    },
    /** Takes an attempt; tells whether it may be evaluated, or for how many milliseconds it may not. */
    take: (): 'allowed' | number => {
      const taken = takeAttempt(state, given, now);
      if (!taken.allowed) return taken.lockedUntil - now;
      state = taken.next;
      return 'allowed';
    },
    giveBack: () => {
      state = returnAttempt(state, given, now);
    },
    succeed: () => {
      state = undefined;
    },
  };
};
type Counter = ReturnType<typeof counter>;
const fail = (address: Counter, times: number) => Array.from({ length: times }, () => address.take());
const allAllowed = (times: number) => Array(times).fill('allowed');

describe('consecutive failures', () => {
  it('are evaluated up to the fifth, which locks for 15 minutes', () => {
    const address = counter();
    expect(fail(address, 5)).toEqual(allAllowed(5));
    expect(address.take()).toBe(15 * minutes);
  });

  it('do not lock below five', () => {
    const address = counter();
    fail(address, 4);
    expect(address.state()).toMatchObject({ failures: 4, locks: 0, lockedUntil: null });
  });

  it('start over after a success', () => {
    const address = counter();
    fail(address, 4);
    address.take();
    address.succeed();
    expect(fail(address, 5)).toEqual(allAllowed(5));
    expect(address.take()).toBe(15 * minutes);
  });

  it('count however slowly they come, within a day of each other', () => {
    const address = counter();
    for (let failure = 0; failure < 5; failure += 1) {
      expect(address.take()).toBe('allowed');
      if (failure < 4) address.wait(days - 1);
    }
    expect(address.take()).toBe(15 * minutes);
  });

  it('are forgotten a day after the last', () => {
    const address = counter();
    fail(address, 4);
    address.wait(days);
    expect(fail(address, 5)).toEqual(allAllowed(5));
  });
});

describe('a lock', () => {
  it('tells the real time that is left, and ends by itself at that time', () => {
    const address = counter();
    fail(address, 5);
    address.wait(14 * minutes);
    expect(address.take()).toBe(minutes);
    address.wait(minutes - 1);
    expect(address.take()).toBe(1);
    address.wait(1);
    expect(address.take()).toBe('allowed');
  });

  it('does not grow by attempts that it refuses', () => {
    const address = counter();
    fail(address, 5);
    const before = address.state();
    fail(address, 100);
    expect(address.state()).toBe(before);
  });

  it('is followed by five more attempts, and then doubles, up to a day', () => {
    const address = counter();
    const locks: (number | 'allowed')[] = [];
    for (let lock = 0; lock < 10; lock += 1) {
      expect(fail(address, 5)).toEqual(allAllowed(5));
      const left = address.take();
      locks.push(left);
      address.wait(Number(left));
    }
    const quarters = [1, 2, 4, 8, 16, 32, 64, 96, 96, 96];
    expect(locks).toEqual(quarters.map((quarter) => quarter * 15 * minutes));
  });

  it('starts small again a day after the last one ended', () => {
    const address = counter();
    fail(address, 5);
    address.wait(15 * minutes);
    fail(address, 5);
    address.wait(30 * minutes + days);
    fail(address, 5);
    expect(address.take()).toBe(15 * minutes);
  });

  it('still doubles when less than a day has passed since it ended', () => {
    const address = counter();
    fail(address, 5);
    address.wait(15 * minutes + days - 1);
    fail(address, 5);
    expect(address.take()).toBe(30 * minutes);
  });

  test.each([31, 32, 33, 64, 1100, Number.MAX_SAFE_INTEGER - 1])('after %i others is as long as the longest', (locks) => {
    const address = counter(rules, { failures: 4, locks, lockedUntil: null, updatedAt: noon });
    address.take();
    expect(address.take()).toBe(days);
    expect(Number.isSafeInteger(address.state()!.locks)).toBe(true);
  });

  it('is never longer than the maximum, even when the first one would be', () => {
    const address = counter({ threshold: 1, durationSeconds: 3600, maxDurationSeconds: 60 });
    address.take();
    expect(address.take()).toBe(minutes);
  });
});

describe('attempts in flight', () => {
  it('count before they are evaluated, so that of any parallel ones at most five are', () => {
    const address = counter();
    const taken = fail(address, 100);
    expect(taken.filter((attempt) => attempt === 'allowed')).toHaveLength(5);
  });

  it('are at most as many as are left, whatever was before and however they interleave with those given back', () => {
    const anyCase = fc.record({
      threshold: fc.integer({ min: 1, max: 12 }),
      before: fc.nat(11),
      // A give-back frees one place: nothing was evaluated in it.
      steps: fc.array(fc.constantFrom('take', 'take', 'give back'), { maxLength: 100 }),
    });
    fc.assert(
      fc.property(anyCase, ({ threshold, before, steps }) => {
        const address = counter({ ...rules, threshold });
        const failedBefore = Math.min(before, threshold - 1);
        fail(address, failedBefore);
        let inFlight = 0;
        for (const step of steps) {
          if (step === 'take') inFlight += address.take() === 'allowed' ? 1 : 0;
          else if (inFlight > 0) {
            address.giveBack();
            inFlight -= 1;
          }
          expect(failedBefore + inFlight).toBeLessThanOrEqual(threshold);
        }
        // Nothing is lost either: as many more are allowed as there are places.
        const more = fail(address, 20).filter((attempt) => attempt === 'allowed');
        expect(failedBefore + inFlight + more.length).toBe(threshold);
      }),
      { numRuns },
    );
  });
});

describe('an attempt given back', () => {
  it('frees its place', () => {
    const address = counter();
    fail(address, 3);
    address.giveBack();
    expect(fail(address, 3)).toEqual(allAllowed(3));
    expect(address.take()).toBe(15 * minutes);
  });

  it('lifts the lock that it completed, and the next lock is no longer for it', () => {
    const address = counter();
    fail(address, 5);
    address.giveBack();
    expect(address.state()).toMatchObject({ failures: 4, locks: 0, lockedUntil: null });
    expect(address.take()).toBe('allowed');
    expect(address.take()).toBe(15 * minutes);
  });

  it('lifts the lock although it was not the one that set it: fewer than five were evaluated', () => {
    const address = counter();
    fail(address, 5);
    address.giveBack();
    address.giveBack();
    expect(address.state()).toMatchObject({ failures: 3, locks: 0, lockedUntil: null });
  });

  it('after a lock that ended leaves the next one doubled', () => {
    const address = counter();
    fail(address, 5);
    address.wait(15 * minutes);
    address.take();
    address.giveBack();
    expect(fail(address, 5)).toEqual(allAllowed(5));
    expect(address.take()).toBe(30 * minutes);
  });

  it('comes too late to shorten what others have done since', () => {
    const address = counter();
    fail(address, 5);
    address.wait(15 * minutes);
    address.take();
    address.giveBack();
    address.giveBack();
    expect(address.state()).toMatchObject({ failures: 0, locks: 1 });
  });

  it('changes nothing when a success has cleared everything meanwhile', () => {
    const address = counter();
    fail(address, 2);
    address.succeed();
    address.giveBack();
    expect(fail(address, 5)).toEqual(allAllowed(5));
    expect(address.take()).toBe(15 * minutes);
  });

  type Past = ('fail' | 'succeed' | number)[];
  const anyPast: fc.Arbitrary<Past> = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant('fail' as const) },
      { weight: 1, arbitrary: fc.constant('succeed' as const) },
      { weight: 2, arbitrary: fc.oneof(fc.nat(20 * minutes), fc.nat(days), fc.nat(3 * days)) },
    ),
    { maxLength: 60 },
  );
  const live = (address: Counter, past: Past) =>
    past.map((event) => {
      if (event === 'fail') return address.take();
      if (event === 'succeed') return address.succeed();
      return address.wait(event);
    });

  it('was never taken, as far as anything can tell until what was before it would have been forgotten', () => {
    const anyFuture = fc.array(fc.oneof(fc.constant('fail' as const), fc.nat(20 * minutes)), { maxLength: 60 });
    let lifted = 0;
    fc.assert(
      fc.property(anyPast, anyFuture, fc.nat(30 * seconds), (past, future, evaluation) => {
        const address = counter();
        live(address, past);
        const before = address.state();
        const untouched = counter(rules, before);
        untouched.wait(address.now() - noon);

        fc.pre(address.take() === 'allowed');
        if (address.state()!.lockedUntil !== null) lifted += 1;
        address.wait(evaluation);
        untouched.wait(evaluation);
        address.giveBack();

        const forgottenAt = before ? Math.max(before.lockedUntil ?? 0, before.updatedAt) + days : 0;
        const isOld = (now: number) => now >= forgottenAt;
        const wasOld = isOld(address.now() - evaluation);
        for (const event of future) {
          if (!wasOld && isOld(address.now())) return;
          expect(live(address, [event])).toEqual(live(untouched, [event]));
        }
      }),
      { numRuns },
    );
    expect(lifted).toBeGreaterThan(0);
  });
});

describe('when the clock goes back', () => {
  it('a lock goes on, and tells the longer time', () => {
    const address = counter();
    fail(address, 5);
    address.wait(-hours);
    expect(address.take()).toBe(75 * minutes);
    address.wait(75 * minutes);
    expect(address.take()).toBe('allowed');
  });

  it('a lock that would now last longer than the longest ends, and the next one is as long as before', () => {
    const address = counter(rules, { failures: 4, locks: 20, lockedUntil: null, updatedAt: noon });
    address.take();
    address.wait(-hours);
    expect(fail(address, 5)).toEqual(allAllowed(5));
    expect(address.take()).toBe(days);
  });

  it('a lock set by a clock years ahead locks nobody', () => {
    const address = counter();
    address.wait(75 * 365 * days);
    fail(address, 5);
    address.wait(-75 * 365 * days);
    expect(address.take()).toBe('allowed');
  });

  it('the longest lock holds on a server whose clock is a minute behind', () => {
    const address = counter(rules, { failures: 4, locks: 20, lockedUntil: null, updatedAt: noon });
    address.take();
    address.wait(-minutes);
    expect(address.take()).toBe(days + minutes);
    address.wait(-1);
    expect(address.take()).toBe('allowed');
  });

  it('no lock that is told is longer than the maximum and that minute, whatever the clock does', () => {
    const anyEvent = fc.oneof(
      fc.constant('fail' as const),
      fc.constant('fail' as const),
      fc.integer({ min: -400 * days, max: 2 * days }),
    );
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 200 }), fc.nat(40), (events, locks) => {
        const address = counter(rules, { failures: 0, locks, lockedUntil: null, updatedAt: noon });
        for (const event of events) {
          if (event !== 'fail') address.wait(event);
          else {
            const taken = address.take();
            if (taken !== 'allowed') expect(taken).toBeLessThanOrEqual(days + minutes);
            if (taken !== 'allowed') expect(taken).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns },
    );
  });
});
