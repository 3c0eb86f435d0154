import type { AuditEvent, AuditQuery, AuditRecord } from './audit/audit-event.ts';
import type { ConnectionFlows, ConnectionStore } from './connections/connection.ts';
import type { Providers } from './connections/provider.ts';
import type { RedirectRules } from './connections/redirect-uri.ts';
import type { EmailAddress } from './emails/email-address.ts';
import type { Lockout, LockoutRules } from './limits/lockout.ts';
import type { Mail, OutboxMessage } from './mail/mail.ts';
import type { Membership, Organization, Role } from './organizations/organization.ts';
import type { PasswordHash } from './passwords/password-hash.ts';
import type { Result } from './result.ts';
import type { Service } from './services/service.ts';
import type { Session, SessionEndReason } from './sessions/session.ts';
import type { AccessClaims, RefreshClaims, VerifiedToken } from './tokens/claims.ts';
import type { OneTimeToken, TokenPurpose } from './tokens/one-time-token.ts';
import type { SecretToken, TokenDigest } from './tokens/secret-token.ts';
import type { AsymmetricAlgorithm, KeyRecord, KeyRules } from './tokens/signing-key.ts';
import type { InactiveReason, User } from './users/user.ts';

/** Everything the core needs from outside. A use case names the few it uses with `Pick<Deps, …>`. */
export type Deps = Stores & {
  /**
   * Runs `work` in one database transaction. It commits when `work` returns `ok`, and rolls back when it returns a
   * failure or throws: a use case is done whole or not at all.
   */
  atomically: <Outcome extends Result<unknown, { code: string }>>(work: (stores: Stores) => Promise<Outcome>) => Promise<Outcome>;
  /**
   * Runs works with the same key one after another, as far as this process goes. For what would be judged wrongly side by
   * side, never for what must happen once. @throws Unavailable when too many wait.
   */
  inTurn: <Value>(key: string, work: () => Promise<Value>) => Promise<Value>;
  clock: Clock;
  secrets: Secrets;
  hasher: PasswordHasher;
  tokens: TokenSigner;
  keyMaker: KeyMaker;
  devices: KnownDevices;
  csrf: CsrfTokens;
  /** Where people may log in instead of here. */
  providers: Providers;
  flows: ConnectionFlows;
  /** The application's own part of closing an account. */
  accountHook: AccountHook;
  limits: Limits;
  isCommonPassword: (password: string) => boolean;
  settings: Settings;
};

/** One port per table or group of tables. Every method is one atomic statement unless it says otherwise. */
export type Stores = {
  users: UserStore;
  emails: EmailStore;
  passwords: PasswordStore;
  connections: ConnectionStore;
  organizations: OrganizationStore;
  sessions: SessionStore;
  oneTimeTokens: OneTimeTokenStore;
  lockouts: LockoutStore;
  signingKeys: SigningKeyStore;
  singleUse: SingleUse;
  services: ServiceStore;
  outbox: Outbox;
  audit: Audit;
  leases: Leases;
  purge: Purge;
};

export type Settings = {
  lockout: LockoutRules;
  /** How long the previous refresh token is answered with the same successor; 0 = strict, every reuse is theft. */
  refreshGraceSeconds: number;
  /** The end of a session however often it is refreshed. */
  sessionMaxAgeSeconds: number;
  maxSessions: number;
  /** Whether answers may say that an address is taken or that an account logs in with a provider only. */
  accountHints: boolean;
  /** How long the old primary address can undo a change. */
  undoEmailChangeSeconds: number;
  signingKeys: KeyRules;
  /** Where providers may send people back to. */
  redirects: RedirectRules;
  /** How long what is over is kept: ended sessions, sent mails, audit events. */
  retention: { sessionSeconds: number; mailSeconds: number; auditSeconds: number };
};

export type Clock = () => number;

export type Secrets = {
  /** UUIDv7. */
  uuid: () => string;
  /** 256 random bits, base64url. */
  token: () => SecretToken;
  /** Six random digits, each code equally likely. */
  code: () => string;
  digestToken: (token: string) => TokenDigest;
  /** Keyed, so that a copy of the database does not tell which addresses were typed. */
  digestAddress: (email: EmailAddress) => string;
  /** A code has too little entropy for a bare hash: its digest is keyed with the server's secret and bound to the address. */
  digestCode: (code: string, email: EmailAddress) => TokenDigest;
  /** Compares in constant time, also with what an earlier secret would have made of the code. */
  isDigestOfCode: (digest: TokenDigest, code: string, email: EmailAddress) => boolean;
};

export type PasswordHasher = {
  /** @throws Unavailable as `hash` would now: asked before anything is written for an attempt that cannot be evaluated. */
  ensureRoom: () => void;
  /** @throws Unavailable when the hashing lane is full or the wait would exceed its deadline. */
  hash: (password: string) => Promise<PasswordHash>;
  /** Verifies against either algorithm; a malformed hash is a wrong password. @throws Unavailable as `hash`. */
  verify: (password: string, hash: PasswordHash) => Promise<boolean>;
  /** A hash with today's settings that no password matches; verified for unknown users so that they cost the same. */
  dummyHash: PasswordHash;
  /** Made by another algorithm or older settings than today's. */
  needsRehash: (hash: PasswordHash) => boolean;
  /** Longest password in UTF-8 bytes that the configured algorithm takes in full: 72 for bcrypt, else 256. */
  maxBytes: number;
};

export type TokenSigner = {
  signAccess: (claims: AccessClaims) => Promise<string>;
  /** Deterministic: equal claims and `kid` give equal tokens. `kid` names the key of an earlier rotation; default is today's. */
  signRefresh: (claims: RefreshClaims, kid?: string) => Promise<string>;
  refreshKid: () => string;
  verifyAccess: (token: string) => Promise<VerifiedToken<AccessClaims>>;
  verifyRefresh: (token: string) => Promise<VerifiedToken<RefreshClaims>>;
};

export type KeyMaker = {
  /** A new key pair. `sealedPrivate` can be opened with the server's secret alone. */
  make: (algorithm: AsymmetricAlgorithm) => Pick<KeyRecord, 'kid' | 'publicJwk' | 'sealedPrivate'>;
  /** Names of the HS256 keys that come from the server's secrets, today's first. */
  derivedKids: readonly string[];
};

/** Signed long-lived cookies that say "this browser has logged in to that address before". */
export type KnownDevices = {
  /** The device's id when `cookie` is authentic and names `email`. */
  recognize: (cookie: string | undefined, email: EmailAddress) => string | undefined;
  /** The cookie's next value, with `email` remembered (the last five addresses are kept). */
  remember: (cookie: string | undefined, email: EmailAddress) => string;
};

/**
 * Signed double-submit tokens (OWASP CSRF cheat sheet): bound to the session by an HMAC, so that a pair planted by a
 * sibling domain, or taken from another session, is worth nothing.
 */
export type CsrfTokens = {
  issue: (sessionId: string) => string;
  verify: (token: string, sessionId: string) => boolean;
};

export type AccountHook = {
  /**
   * Runs before a closed account goes, for an application to remove what it holds of the user. Throwing keeps the
   * account. It may run again for the same user, so it must be repeatable.
   */
  beforeClose: (user: { userId: string }) => Promise<void>;
};

export type Limits = {
  /** Takes one from `bucket` for `key`. The bucket's size is given at each call, so that contracts own their numbers. */
  take: (bucket: Bucket, key: string) => Promise<LimitState>;
};
export type Bucket = { name: string; points: number; windowSeconds: number };
export type LimitState = { allowed: boolean; remaining: number; resetSeconds: number };

export type UserStore = {
  /** Inserts `users`, and `active_users` when `user.status` is `active`. */
  create: (user: Omit<User, 'email' | 'emailVerified'>) => Promise<void>;
  find: (id: string) => Promise<User | undefined>;
  /**
   * Makes every other transaction that asks for the same user wait until this one ends; false when there is no such user.
   * First of all in whatever changes a password, a state, a primary address or sessions, or relies on them: without it a
   * log-in beside a change of password reads the old password and leaves its session behind.
   */
  lock: (id: string) => Promise<boolean>;
  findByEmail: (email: EmailAddress) => Promise<User | undefined>;
  /** The four-table join of log-in. `passwordHash` is null for an account without a password. */
  findForLogIn: (email: EmailAddress) => Promise<{ user: User; passwordHash: PasswordHash | null } | undefined>;
  update: (id: string, change: { name?: string; avatarUrl?: string | null }, now: number) => Promise<User | undefined>;
  /** Adds the row in `active_users` only when the user is pending; true when it did. */
  activatePending: (id: string, now: number) => Promise<boolean>;
  /** An operator's change. `active` adds the row in `active_users`, the others remove it and keep the reason. */
  setStatus: (id: string, status: 'active' | InactiveReason, now: number) => Promise<boolean>;
  /** Deletes the user with addresses, password and one-time tokens. Sessions are ended separately. */
  delete: (id: string) => Promise<void>;
  /** Newest first; `before` is the id of the last one seen. `search` matches part of an address or name. */
  list: (page: { limit: number; before?: string; search?: string }) => Promise<User[]>;
};

export type UserEmail = {
  id: string;
  userId: string;
  email: EmailAddress;
  isPrimary: boolean;
  verifiedAt: number | null;
  createdAt: number;
};

export type EmailStore = {
  /** False when the address is taken by anybody: the caller fails its transaction. Never throws for a duplicate. */
  add: (email: UserEmail) => Promise<boolean>;
  list: (userId: string) => Promise<UserEmail[]>;
  /** Marks it verified if it was not. False when the user no longer has that address. */
  markVerified: (userId: string, email: EmailAddress, now: number) => Promise<boolean>;
  /** Makes it the only primary one; false when it is not the user's or not verified. */
  setPrimary: (userId: string, emailId: string, now: number) => Promise<boolean>;
  /** Deletes a secondary address; false when it is not the user's, or the primary one. */
  remove: (userId: string, emailId: string) => Promise<boolean>;
};

export type PasswordStore = {
  find: (userId: string) => Promise<PasswordHash | undefined>;
  create: (credential: { id: string; userId: string; hash: PasswordHash; now: number }) => Promise<void>;
  /** Compare-and-set: replaces the hash only while it still is `from`. */
  replace: (userId: string, from: PasswordHash, to: PasswordHash, now: number) => Promise<boolean>;
  /** Sets or adds the password whatever was there: for a reset, whose token is the proof. */
  set: (credential: { id: string; userId: string; hash: PasswordHash; now: number }) => Promise<void>;
  remove: (userId: string) => Promise<void>;
};

export type OrganizationStore = {
  /** Adds the organization with its first member. */
  create: (organization: Organization, member: { userId: string; role: Role }) => Promise<void>;
  /** The organization the user belongs to; undefined for a user who registered through a contract without organizations. */
  findMembership: (userId: string) => Promise<Membership | undefined>;
  /**
   * The same, after waiting for a change of role that is under way. For what is signed: after this answer, whoever changes
   * the role sees the generation that it is signed for.
   */
  findSettledMembership: (userId: string) => Promise<Membership | undefined>;
  /** False when the user is no member of that organization. */
  changeRole: (userId: string, organizationId: string, role: Role, now: number) => Promise<boolean>;
};

/** All that an authenticated request needs, in one step. `user` is undefined when the account is gone. */
export type SessionWithUser = { session: Session; user: User | undefined };

/**
 * A session is addressed by its id together with its owner's, which every token carries: nobody's call can reach the
 * session of somebody else, and a store may keep the sessions of one user in one place.
 */
export type SessionStore = {
  /**
   * Adds a session and ends the least recently used live ones beyond `maxSessions`, as one step that parallel log-ins
   * cannot interleave: they leave exactly `maxSessions`. Returns the ids that ended.
   */
  create: (session: Session, maxSessions: number) => Promise<string[]>;
  find: (id: string, userId: string) => Promise<Session | undefined>;
  findWithUser: (id: string, userId: string) => Promise<SessionWithUser | undefined>;
  /** The live sessions, last used first. */
  listLive: (userId: string, now: number) => Promise<Session[]>;
  /**
   * The refresh of an honest client in one step. Compare-and-set: succeeds for one caller only, while the session is live
   * and still at `from`. The current token becomes the previous one, `successorSeen` starts over, and the end slides as
   * `slidEnd` has it. Gives what `findWithUser` would from then on; undefined when nothing was changed.
   */
  rotate: (change: {
    id: string;
    userId: string;
    from: { generation: number; refreshJti: string };
    to: { refreshJti: string; refreshKid: string };
    now: number;
  }) => Promise<SessionWithUser | undefined>;
  /** Records that something issued by `generation` came back; nothing happens when the session has moved on. */
  markSuccessorSeen: (id: string, userId: string, generation: number) => Promise<void>;
  /** Ends it when it is `userId`'s and not ended yet; true when this call ended it. */
  end: (id: string, userId: string, reason: SessionEndReason, now: number) => Promise<boolean>;
  /** Ends all live sessions of the user but `exceptId`; returns how many. */
  endAll: (userId: string, reason: SessionEndReason, now: number, exceptId?: string) => Promise<number>;
};

export type OneTimeTokenStore = {
  create: (token: OneTimeToken) => Promise<void>;
  findByDigest: (purpose: TokenPurpose, digest: TokenDigest) => Promise<OneTimeToken | undefined>;
  /** The newest token of that purpose for that address that has a code, used or not: the one whose code may be typed. */
  findNewest: (purpose: TokenPurpose, email: EmailAddress) => Promise<OneTimeToken | undefined>;
  /** Counts one try of a code **before** it is compared; false when the tries are used up. */
  takeCodeAttempt: (id: string, maxAttempts: number) => Promise<boolean>;
  /** Compare-and-set: true for exactly one caller, and only while unused and unexpired. */
  consume: (id: string, now: number) => Promise<boolean>;
  /** Marks the user's unused tokens of that purpose (of that address only, where one is given) as used. */
  invalidate: (userId: string, purpose: TokenPurpose, now: number, email?: EmailAddress) => Promise<void>;
  /** The user's unused, unexpired tokens of that purpose, newest first. */
  listUsable: (userId: string, purpose: TokenPurpose, now: number) => Promise<OneTimeToken[]>;
  remove: (id: string, userId: string) => Promise<boolean>;
};

export type SingleUse = {
  /** True for the first caller with this key until `expiresAt`; false for everyone after. */
  claim: (key: string, expiresAt: number, now: number) => Promise<boolean>;
};

export type ServiceStore = {
  create: (service: Service, digest: TokenDigest) => Promise<void>;
  /** With the digest of its secret, whether it was revoked or not. */
  find: (id: string) => Promise<{ service: Service; digest: TokenDigest } | undefined>;
  /** Newest first, revoked ones too. */
  list: () => Promise<Service[]>;
  /** True when this call revoked it. */
  revoke: (id: string, now: number) => Promise<boolean>;
};

export type LockoutStore = {
  /**
   * Reads, applies `rule` and writes back, with no other writer between (compare-and-set, repeated until it holds).
   * `rule` returns the next state, or undefined to leave it. It may run more than once. `source` is a device id, or
   * '' for everybody unknown.
   */
  change: (subject: string, source: string, rule: (before: Lockout | undefined) => Lockout | undefined) => Promise<void>;
  /** Forgets one source's failures. */
  clear: (subject: string, source: string) => Promise<void>;
  /** Forgets every source's failures for the subject: after a completed reset, or an operator's unlock. */
  clearAll: (subject: string) => Promise<void>;
};

export type SigningKeyStore = {
  /** Makes everybody else who asks for it wait, until the end of this transaction. */
  lock: () => Promise<void>;
  /** All of them, in the order in which they were made. */
  list: () => Promise<KeyRecord[]>;
  /** False when there is one of that algorithm and sequence, or of that `kid`. Never throws for it. */
  add: (key: KeyRecord) => Promise<boolean>;
  change: (
    kid: string,
    to: Partial<Pick<KeyRecord, 'activatesAt' | 'retiresAt' | 'revokedAt' | 'sealedPrivate'>>,
  ) => Promise<void>;
  remove: (kid: string) => Promise<void>;
};

/** A message in hand: claimed by one worker until its lease ends. */
export type ClaimedMessage = { id: string; message: OutboxMessage; attempts: number; createdAt: number };
/** Each claim counts an attempt, so the number says whose turn it is. */
export type Lease = Pick<ClaimedMessage, 'id' | 'attempts'>;

export type Outbox = {
  /** Written in the transaction of what it announces; bodies are encrypted at rest, because they hold one-time tokens. */
  add: (message: OutboxMessage, now: number) => Promise<void>;
  /** Claims up to `limit` messages that are due, for `leaseSeconds`; no two workers get the same one. Counts the attempt. */
  claim: (limit: number, leaseSeconds: number, now: number) => Promise<ClaimedMessage[]>;
  /**
   * Sent. `keepBody` keeps it for the development mailbox; otherwise the body is erased. Whoever says so is believed, also
   * when its lease has ended: the mail has left, and nobody should try again.
   */
  markSent: (id: string, now: number, keepBody: boolean) => Promise<void>;
  /**
   * Not sent: due again at `retryAt`, or given up when null. `error` must hold no secret. Nothing happens when the message
   * has been claimed again since: whoever has it in hand now decides.
   */
  markFailed: (lease: Lease, error: string, retryAt: number | null, now: number) => Promise<void>;
  /** Removes a request that is being answered; false when it is gone already, and its answer with it. */
  remove: (id: string) => Promise<boolean>;
  /** Removes every message to that address, sent or not: its account is gone. */
  removeAllTo: (to: EmailAddress) => Promise<void>;
  /** Sent messages that kept their bodies, newest first: the development mailbox. */
  listKept: (limit: number) => Promise<{ id: string; mail: Mail; createdAt: number }[]>;
  /** Waiting messages and the age of the oldest, for health and metrics. */
  backlog: (now: number) => Promise<{ waiting: number; oldestSeconds: number }>;
};

export type Audit = {
  add: (event: AuditEvent, now: number) => Promise<void>;
  /** Newest first. */
  list: (query: AuditQuery) => Promise<AuditRecord[]>;
};

/** For what only one of many processes should do at a time. */
export type Leases = {
  /** Takes or renews the lease: true for exactly one holder until it ends. */
  take: (name: 'purge' | 'rotation', holder: string, seconds: number, now: number) => Promise<boolean>;
};

/** Each removes `limit` rows at most of those that were over before `before`, oldest first, and says how many. */
export type Purge = {
  sessions: (before: number, limit: number) => Promise<number>;
  oneTimeTokens: (before: number, limit: number) => Promise<number>;
  lockouts: (before: number, limit: number) => Promise<number>;
  mails: (before: number, limit: number) => Promise<number>;
  auditEvents: (before: number, limit: number) => Promise<number>;
  singleUseMarks: (before: number, limit: number) => Promise<number>;
  revocations: (before: number, limit: number) => Promise<number>;
};
