import type { Bucket, SessionPolicy } from '@tegata/core';
import type { Config } from '../../../config/config.ts';

const minute = 60;
const hour = 60 * minute;

/** The limits of the contract. Names are the contract's own, so that two contracts never share a bucket. */
export const limits = {
  logIn: { name: 'standard:login', points: 10, windowSeconds: minute },
  register: { name: 'standard:register', points: 10, windowSeconds: minute },
  resend: { name: 'standard:resend', points: 5, windowSeconds: hour },
  resendAddress: { name: 'standard:resend-address', points: 3, windowSeconds: hour },
  forgot: { name: 'standard:forgot', points: 5, windowSeconds: hour },
  forgotAddress: { name: 'standard:forgot-address', points: 3, windowSeconds: hour },
  reset: { name: 'standard:reset', points: 10, windowSeconds: hour },
  verify: { name: 'standard:verify', points: 10, windowSeconds: hour },
  refresh: { name: 'standard:refresh', points: 60, windowSeconds: minute },
  oauth: { name: 'standard:oauth', points: 20, windowSeconds: minute },
  oauthAuthorize: { name: 'standard:oauth-authorize', points: 20, windowSeconds: minute },
  addEmail: { name: 'standard:add-email', points: 10, windowSeconds: hour },
  services: { name: 'standard:services', points: 6000, windowSeconds: minute },
  feeds: { name: 'standard:feeds', points: 600, windowSeconds: minute },
  /** Counted only when a credential was refused, for whoever tries many. */
  serviceRefused: { name: 'standard:service-refused', points: 60, windowSeconds: minute },
  me: { name: 'standard:me', points: 600, windowSeconds: minute },
} as const satisfies Record<string, Bucket>;

/** Access claims add `uid` and `email`; lifetimes are the configured ones. */
export const sessionPolicy = ({ ttl }: Pick<Config, 'ttl'>): SessionPolicy => ({
  accessTtlSeconds: ttl.access,
  refreshTtlSeconds: ttl.refresh,
  rememberTtlSeconds: ttl.remember,
  claims: (user) => ({ uid: user.id, email: user.email }),
});
