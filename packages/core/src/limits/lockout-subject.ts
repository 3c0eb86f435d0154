import type { Secrets } from '../deps.ts';
import type { EmailAddress } from '../emails/email-address.ts';

/** Under which name failures are counted. Digested: people type passwords into the address field. */
export const addressSubject = (secrets: Pick<Secrets, 'digestAddress'>, email: EmailAddress): string =>
  `address:${secrets.digestAddress(email)}`;

/** A logged-in person's failures (change password, close account) count apart: a stranger can cause none of them. */
export const userSubject = (userId: string): string => `user:${userId}`;
