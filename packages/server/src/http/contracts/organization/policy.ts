import type { Bucket, Membership, SessionPolicy, User } from '@tegata/core';
import type { Config } from '../../../config/config.ts';
import { organizationId, userId } from './ids.ts';

const minute = 60;
const hour = 60 * minute;

/** The limits of the contract. Names are the contract's own, so that two contracts never share a bucket. */
export const limits = {
  register: { name: 'organization:register', points: 5, windowSeconds: hour },
  /** Mails about a taken address, where an answer must not tell that it is. Here it may: registering logs in. */
  registerAddress: { name: 'organization:register-address', points: 1, windowSeconds: hour },
  logIn: { name: 'organization:login', points: 10, windowSeconds: minute },
  logInAddress: { name: 'organization:login-address', points: 10, windowSeconds: minute },
  logOut: { name: 'organization:logout', points: 10, windowSeconds: minute },
  refresh: { name: 'organization:refresh', points: 30, windowSeconds: hour },
  /** Counted for each address of the network, and only when a token was refused: people behind one address do not share it. */
  refreshRefused: { name: 'organization:refresh-refused', points: 30, windowSeconds: hour },
  resetRequest: { name: 'organization:reset-request', points: 5, windowSeconds: hour },
  resetRequestAddress: { name: 'organization:reset-request-address', points: 1, windowSeconds: hour },
  resetConfirm: { name: 'organization:reset-confirm', points: 10, windowSeconds: hour },
  oauth: { name: 'organization:oauth', points: 20, windowSeconds: minute },
  oauthAuthorize: { name: 'organization:oauth-authorize', points: 20, windowSeconds: minute },
  me: { name: 'organization:me', points: 60, windowSeconds: minute },
} as const satisfies Record<string, Bucket>;

const claims = (user: User, membership: Membership | undefined) => ({
  sub: userId(user.id),
  role: membership?.role ?? 'user',
  organizationId: membership ? organizationId(membership.organization.id) : null,
});

/** Claims add `role` and `organizationId`, and `sub` is the prefixed id; a refresh token says that it is one. */
export const sessionPolicy = ({ ttl }: Pick<Config, 'ttl'>): SessionPolicy => ({
  accessTtlSeconds: ttl.access,
  refreshTtlSeconds: ttl.refresh,
  rememberTtlSeconds: ttl.remember,
  needsMembership: true,
  claims,
  refreshClaims: (user, membership) => ({ ...claims(user, membership), type: 'refresh' }),
});
