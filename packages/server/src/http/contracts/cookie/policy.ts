import type { Bucket, SessionPolicy } from '@tegata/core';
import type { Config } from '../../../config/config.ts';

const minute = 60;
const hour = 60 * minute;

/** The limits of the contract. Names are the contract's own, so that two contracts never share a bucket. */
export const limits = {
  signUp: { name: 'cookie:signup', points: 5, windowSeconds: hour },
  /** Mails about a taken address, where an answer must not tell that it is. Here it may: signing up logs in. */
  signUpAddress: { name: 'cookie:signup-address', points: 3, windowSeconds: hour },
  signIn: { name: 'cookie:signin', points: 10, windowSeconds: minute },
  forgot: { name: 'cookie:forgot', points: 5, windowSeconds: hour },
  forgotAddress: { name: 'cookie:forgot-address', points: 3, windowSeconds: hour },
  reset: { name: 'cookie:reset', points: 10, windowSeconds: hour },
  refresh: { name: 'cookie:refresh', points: 60, windowSeconds: minute },
  oauth: { name: 'cookie:oauth', points: 20, windowSeconds: minute },
  oauthAuthorize: { name: 'cookie:oauth-authorize', points: 20, windowSeconds: minute },
} as const satisfies Record<string, Bucket>;

/** No claims of its own: an application asks the guard, which knows more and never something old. */
export const sessionPolicy = ({ ttl }: Pick<Config, 'ttl'>): SessionPolicy => ({
  accessTtlSeconds: ttl.access,
  refreshTtlSeconds: ttl.refresh,
  rememberTtlSeconds: ttl.remember,
  claims: () => ({}),
});
