// When a mail that failed is tried again: after 5 s, 10 s, 20 s … up to an hour, for a day.

const firstPauseMilliseconds = 5_000;
const longestPauseMilliseconds = 60 * 60 * 1000;
const giveUpAfterMilliseconds = 24 * 60 * 60 * 1000;

/**
 * When to try again after the `attempts`-th try failed at `now`, or null to give up. `jitter` is from 0 to 1: without
 * it, all mails of an outage would come back at the same instant and fall over the server that has just recovered.
 */
export const nextTry = (mail: { attempts: number; createdAt: number }, now: number, jitter: number): number | null => {
  const pause = Math.min(longestPauseMilliseconds, firstPauseMilliseconds * 2 ** Math.min(mail.attempts - 1, 20));
  const retryAt = now + Math.round(pause * (0.8 + 0.4 * jitter));
  return retryAt - mail.createdAt > giveUpAfterMilliseconds ? null : retryAt;
};
