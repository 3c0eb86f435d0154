import type { EmailAddress } from '../emails/email-address.ts';
import type { Locale } from '../mail/mail.ts';

/** Why a user has no row among the active users. */
export type InactiveReason = 'pending' | 'suspended' | 'deactivated';
export type UserStatus = 'active' | InactiveReason;

/** Times are milliseconds since 1970 UTC, everywhere in the core. */
export type User = {
  id: string;
  /** The primary address. */
  email: EmailAddress;
  emailVerified: boolean;
  name: string;
  avatarUrl: string | null;
  /** The language of mails to this person, from `Accept-Language` at registration. */
  locale: Locale;
  status: UserStatus;
  createdAt: number;
  updatedAt: number;
};

/** Verification may wake a pending user, and nobody else: a suspended one must not lift the suspension with an old mail. */
export const mayActivateByVerification = (status: UserStatus): boolean => status === 'pending';
