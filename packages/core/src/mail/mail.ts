import type { EmailAddress } from '../emails/email-address.ts';
import type { SecretToken } from '../tokens/secret-token.ts';

export type Locale = 'en' | 'ja';

/** Every mail Tegata sends, as data. The server's templates turn one into a subject, a text and an HTML body. */
export type Mail = { to: EmailAddress; locale: Locale } & (
  | { kind: 'verify_registration'; name: string; token: SecretToken; code: string; expiresAt: number }
  | { kind: 'verify_added_email'; name: string; token: SecretToken; code: string; expiresAt: number }
  /** Somebody tried to register or add an address that already has an account; told to the owner when hints are off. */
  | { kind: 'already_registered'; name: string }
  | { kind: 'reset_password'; name: string; token: SecretToken; expiresAt: number }
  /** Somebody asked for a reset for an account that has no password. `providers`: how it logs in, by their labels. */
  | { kind: 'no_password'; name: string; providers: string[] }
  | { kind: 'password_set'; name: string; at: number }
  /** A provider, by its label, became a way into the account, or is none any longer. */
  | { kind: 'connection_added'; name: string; provider: string }
  | { kind: 'connection_removed'; name: string; provider: string }
  | { kind: 'password_changed'; name: string; at: number }
  /** To the primary address: another one joined the account. */
  | { kind: 'email_added'; name: string; newEmail: EmailAddress }
  | { kind: 'primary_email_changed'; name: string; newEmail: EmailAddress; token: SecretToken; expiresAt: number }
  | { kind: 'primary_email_restored'; name: string }
  | { kind: 'account_closed'; name: string }
);

/**
 * A request for mail that a stranger made by naming an address. It waits in the outbox like a mail and is answered by
 * the worker (`answer-mail-request.ts`), so that the call itself does the same work whether the address is known or not.
 */
export type MailRequest = { to: EmailAddress; locale: Locale } & (
  | { kind: 'verification_requested'; ttlSeconds: number }
  | { kind: 'reset_requested'; ttlSeconds: number; verifyTtlSeconds: number }
);

export type OutboxMessage = Mail | MailRequest;
