/**
 * The tables as Kysely sees them. They are the same on SQLite and PostgreSQL: ids are text, times are integers in
 * milliseconds since 1970 UTC (`bigint`, read as a number), flags are 0 or 1. Kept in step with `migrations/` by hand.
 */
import type {
  AuditEvent,
  EmailAddress,
  InactiveReason,
  Locale,
  OutboxMessage,
  PasswordHash,
  SessionEndReason,
  SigningAlgorithm,
  TokenDigest,
  TokenPurpose,
} from '@tegata/core';
import type { Driver, Kysely, RawBuilder, Transaction } from 'kysely';

export type Flag = 0 | 1;

/** A user is active while `active_users` has a row for it; `inactive_reason` only says why there is none. */
export type UsersTable = {
  id: string;
  name: string;
  avatar_url: string | null;
  locale: Locale;
  inactive_reason: InactiveReason | null;
  created_at: number;
  updated_at: number;
};

export type ActiveUsersTable = { user_id: string; activated_at: number };

export type UserEmailsTable = {
  id: string;
  user_id: string;
  email: EmailAddress;
  is_primary: Flag;
  verified_at: number | null;
  created_at: number;
  updated_at: number;
};

export type PasswordCredentialsTable = {
  id: string;
  user_id: string;
  password_hash: PasswordHash;
  created_at: number;
  updated_at: number;
};

/** No foreign key to `users`: sessions may live in another store than the users. */
export type SessionsTable = {
  id: string;
  user_id: string;
  generation: number;
  refresh_jti: string;
  previous_jti: string | null;
  refresh_kid: string;
  rotated_at: number;
  successor_seen: Flag;
  idle_seconds: number;
  user_agent: string | null;
  ip_address: string | null;
  created_at: number;
  last_used_at: number;
  expires_at: number;
  absolute_expires_at: number;
  ended_at: number | null;
  end_reason: SessionEndReason | null;
};

export type OneTimeTokensTable = {
  id: string;
  user_id: string;
  purpose: TokenPurpose;
  email: EmailAddress;
  digest: TokenDigest;
  code_digest: TokenDigest | null;
  code_attempts: number;
  created_at: number;
  expires_at: number;
  used_at: number | null;
};

export type LockoutsTable = {
  subject: string;
  source: string;
  failures: number;
  locks: number;
  locked_until: number | null;
  updated_at: number;
  /** A new random stamp at each write: what a compare-and-set compares. */
  version: number;
};

export type MailOutboxTable = {
  id: string;
  kind: OutboxMessage['kind'];
  recipient: EmailAddress;
  /** The whole message, encrypted; null once it was sent and need not be kept. */
  sealed_body: string | null;
  attempts: number;
  created_at: number;
  next_attempt_at: number;
  claimed_until: number | null;
  last_error: string | null;
  sent_at: number | null;
  failed_at: number | null;
};

/** Outlives the user it speaks of: it holds ids and no address. */
export type AuditEventsTable = {
  id: string;
  at: number;
  type: AuditEvent['type'];
  user_id: string | null;
  session_id: string | null;
  ip_address: string | null;
  reason: string | null;
};

export type OrganizationsTable = { id: string; name: string; subscription: string; created_at: number; updated_at: number };

export type MembershipsTable = { user_id: string; organization_id: string; role: string; created_at: number };

export type SigningKeysTable = {
  kid: string;
  alg: SigningAlgorithm;
  /** Unique within `alg`: it decides which of two nodes made the next key. */
  sequence: number;
  public_jwk: string | null;
  /** Encrypted with a key of the server's secret. */
  sealed_private: string | null;
  created_at: number;
  activates_at: number | null;
  retires_at: number | null;
  revoked_at: number | null;
};

export type OauthAccountsTable = {
  id: string;
  user_id: string;
  provider: string;
  /** Issuer and subject. */
  provider_user_id: string;
  email: EmailAddress | null;
  sealed_tokens: string | null;
  created_at: number;
  updated_at: number;
};

/** What may happen once, until it expires anyway. */
export type SingleUseMarksTable = { key: string; expires_at: number };

export type ServicesTable = {
  id: string;
  name: string;
  digest: TokenDigest;
  /** Separated by spaces. */
  scopes: string;
  created_at: number;
  revoked_at: number | null;
};

/** What verifiers elsewhere must know. It outlives the users and sessions it speaks of, and only as long as their tokens. */
export type RevocationsTable = {
  id: string;
  /** Null: every session of the user. */
  session_id: string | null;
  user_id: string;
  /** The last rotation whose tokens are meant; null: all of them. */
  generation: number | null;
  reason: string;
  revoked_at: number;
  expires_at: number;
};

/** Who does for now what only one node should do. */
export type LeasesTable = { name: string; holder: string; held_until: number };

export type Database = {
  leases: LeasesTable;
  organizations: OrganizationsTable;
  memberships: MembershipsTable;
  users: UsersTable;
  active_users: ActiveUsersTable;
  user_emails: UserEmailsTable;
  password_credentials: PasswordCredentialsTable;
  oauth_accounts: OauthAccountsTable;
  single_use_marks: SingleUseMarksTable;
  sessions: SessionsTable;
  one_time_tokens: OneTimeTokensTable;
  lockouts: LockoutsTable;
  mail_outbox: MailOutboxTable;
  audit_events: AuditEventsTable;
  signing_keys: SigningKeysTable;
  services: ServicesTable;
  revocations: RevocationsTable;
};

/** Stands around every statement: see `observe/traced-parts.ts`. */
export type AroundDriver = (driver: Driver) => Driver;

/** An open database, with the few things that SQLite and PostgreSQL do each in its own way. */
export type SqlDatabase = {
  db: Kysely<Database>;
  /** Makes transactions that name the same key wait for one another, from here to their end. */
  serialize: (transaction: Transaction<Database>, key: string) => Promise<void>;
  /** Ends the selection of one row that nobody else may change or lock until the transaction ends. */
  lockRow: RawBuilder<unknown>;
  /** Ends the selection of rows of that table that nobody else may be changing: it waits until they have. */
  waitForWriters: (table: keyof Database) => RawBuilder<unknown>;
  /** Ends the sub-select of a claim, so that a worker passes over rows another one is claiming: `for update skip locked`. */
  skipLocked: RawBuilder<unknown>;
  /** Ends a write that need not wait for the disk: it may be forgotten when the power fails, never when the process dies. */
  unflushed: RawBuilder<unknown>;
  /** Whether one statement can write rows and select from what it has written: `with … as (update … returning …) select …`. */
  readsFromWrites: boolean;
  /** Runs `work` while no other process can migrate this database, and keeps all it did or nothing. */
  migrateAlone: <Value>(work: (db: Kysely<Database>) => Promise<Value>) => Promise<Value>;
  /** Connections of this process, and who waits for one. Undefined where there is no pool. */
  poolCounts?: () => { total: number; idle: number; waiting: number };
  /** Waits for what is running, then closes. */
  close: () => Promise<void>;
};

/** Runs `work` in the transaction that `db` already is, or else in one of its own. */
export const inTransaction = <Value>(
  db: Kysely<Database>,
  work: (transaction: Transaction<Database>) => Promise<Value>,
): Promise<Value> => (isTransaction(db) ? work(db) : db.transaction().execute(work));

const isTransaction = (db: Kysely<Database>): db is Transaction<Database> => db.isTransaction;
