import type { Bucket, SessionPolicy } from '@tegata/core';
import type { Config } from '../../../config/config.ts';

const minute = 60;

/**
 * The contract prescribes no limits. It has them all the same, and why: each of the two calls costs a hash, and a
 * registration a mail as well, at nobody's expense but ours.
 */
export const limits = {
  register: { name: 'bearer:register', points: 10, windowSeconds: minute },
  /** Mails about a taken address, where an answer must not tell that it is. Here it may: registering logs in. */
  registerAddress: { name: 'bearer:register-address', points: 1, windowSeconds: minute },
  logIn: { name: 'bearer:login', points: 10, windowSeconds: minute },
} as const satisfies Record<string, Bucket>;

/** The session lives as long as the one token: nobody is given a refresh token that could prolong it. Claims add `email`. */
export const sessionPolicy = ({ ttl }: Pick<Config, 'ttl'>): SessionPolicy => ({
  accessTtlSeconds: ttl.bearer,
  refreshTtlSeconds: ttl.bearer,
  rememberTtlSeconds: ttl.bearer,
  claims: (user) => ({ email: user.email }),
});
