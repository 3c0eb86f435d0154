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
  if (state.lockedUntil !== null && state.lockedUntil > now) return { allowed: false, lockedUntil: state.lockedUntil };
  const lockEnded = state.lockedUntil ?? state.updatedAt;
  if (now - Math.max(lockEnded, state.updatedAt) >= forgetAfterMs) state = noFailures(now);
  if (state.lockedUntil !== null) state = { ...state, failures: 0, lockedUntil: null };
  const failures = state.failures + 1;
  if (failures < rules.threshold) return { allowed: true, next: { ...state, failures, updatedAt: now } };
  const seconds = Math.min(rules.durationSeconds * 2 ** Math.min(state.locks, 32), rules.maxDurationSeconds);
  return { allowed: true, next: { failures, locks: state.locks + 1, lockedUntil: now + seconds * 1000, updatedAt: now } };
};

/** Gives an attempt back that was never evaluated: the server was too busy, which is not the person's failure. */
export const returnAttempt = (state: Lockout | undefined, rules: LockoutRules, now: number): Lockout => {
  if (!state || state.failures === 0) return noFailures(now);
  const unlocks = state.failures >= rules.threshold && state.lockedUntil !== null;
  return {
    failures: state.failures - 1,
    locks: unlocks ? state.locks - 1 : state.locks,
    lockedUntil: unlocks ? null : state.lockedUntil,
    updatedAt: now,
  };
};
