/**
 * Failures counted for one address from one source: the known device, or everybody else together. Unknown addresses are
 * counted like known ones, so a lock tells nobody whether there is an account.
 */
export type Lockout = {
  /** Attempts since the last success or lock, those in flight included. */
  failures: number;
  /** Locks in a row; each doubles the next. */
  locks: number;
  lockedUntil: number | null;
  updatedAt: number;
};

export type LockoutRules = { threshold: number; durationSeconds: number; maxDurationSeconds: number };

/** A day without an attempt forgets everything. */
const forgetAfterMs = 24 * 60 * 60 * 1000;

/** How far the clocks of servers that share the counters may differ. */
const clockSkewMs = 60 * 1000;

/** Since the last attempt: from then on, whether there is a row or none makes no difference. */
export const forgottenAfterMs = (rules: LockoutRules): number => forgetAfterMs + rules.maxDurationSeconds * 1000 + clockSkewMs;

export const noFailures = (now: number): Lockout => ({ failures: 0, locks: 0, lockedUntil: null, updatedAt: now });

/**
 * Takes one attempt **before** the password is looked at, so that a hundred parallel guesses cannot all be evaluated:
 * the attempt counts as failed until it succeeds. The attempt that reaches the threshold sets the lock and is still
 * evaluated; the ones after it are not.
 */
export const takeAttempt = (
  before: Lockout | undefined,
  rules: LockoutRules,
  now: number,
): { allowed: true; next: Lockout } | { allowed: false; lockedUntil: number } => {
  let state = before ?? noFailures(now);
  if (state.lockedUntil !== null && isInForce(state.lockedUntil, rules, now)) {
    return { allowed: false, lockedUntil: state.lockedUntil };
  }
  if (now - Math.max(state.lockedUntil ?? 0, state.updatedAt) >= forgetAfterMs) state = noFailures(now);
  if (state.lockedUntil !== null) state = { ...state, failures: 0, lockedUntil: null };
  const failures = state.failures + 1;
  if (failures < rules.threshold) return { allowed: true, next: { ...state, failures, updatedAt: now } };
  const seconds = Math.min(rules.durationSeconds * 2 ** Math.min(state.locks, 32), rules.maxDurationSeconds);
  return { allowed: true, next: { failures, locks: state.locks + 1, lockedUntil: now + seconds * 1000, updatedAt: now } };
};

/** A lock that ends later than any could was set by a clock that ran ahead: once that is right again, it locks nobody. */
const isInForce = (lockedUntil: number, rules: LockoutRules, now: number): boolean =>
  lockedUntil > now && lockedUntil - now <= rules.maxDurationSeconds * 1000 + clockSkewMs;

/**
 * Gives an attempt back that was never evaluated: the server was too busy, which is not the person's failure. A lock
 * that this attempt completed is lifted, whichever of the parallel attempts comes back. Only the day after which all is
 * forgotten still counts from the attempt.
 */
export const returnAttempt = (state: Lockout | undefined, rules: LockoutRules, now: number): Lockout => {
  if (!state) return noFailures(now);
  if (state.failures === 0) return state;
  const completedLock = state.lockedUntil !== null && state.failures >= rules.threshold;
  const next = { ...state, failures: state.failures - 1 };
  return completedLock ? { ...next, locks: state.locks - 1, lockedUntil: null } : next;
};
