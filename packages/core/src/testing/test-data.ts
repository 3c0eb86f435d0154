/**
 * Rows for tests: complete, valid, different from one another, and always the same from run to run. Override what the
 * test is about. Times count from `startOfTest`, which lies in the future so that a store whose keys expire by its own
 * clock keeps them.
 */
import type { Connection } from '../connections/connection.ts';
import type { Stores, UserEmail } from '../deps.ts';
import { type EmailAddress, parseEmailAddress } from '../emails/email-address.ts';
import type { Mail } from '../mail/mail.ts';
import type { Organization } from '../organizations/organization.ts';
import type { PasswordHash } from '../passwords/password-hash.ts';
import type { Session } from '../sessions/session.ts';
import type { OneTimeToken } from '../tokens/one-time-token.ts';
import type { SecretToken, TokenDigest } from '../tokens/secret-token.ts';
import type { KeyRecord } from '../tokens/signing-key.ts';
import type { User } from '../users/user.ts';

export const startOfTest = Date.UTC(2040, 0, 15, 9);
export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

let made = 0;

/** An id with the shape and the order of UUIDv7: later ones are greater. */
export const anId = (): string => {
  made += 1;
  return `0200a0b0-0000-7000-8000-${made.toString(16).padStart(12, '0')}`;
};

/** @throws Error when the text is no address: a test that means one should say so at once. */
export const address = (text: string): EmailAddress => {
  const email = parseEmailAddress(text);
  if (!email) throw new Error(`not an address: ${text}`);
  return email;
};

/** As `users.create` takes it: the address is a row of its own. */
export const aUser = (change: Partial<User> = {}): Omit<User, 'email' | 'emailVerified'> => ({
  id: anId(),
  name: 'Ada Lovelace',
  avatarUrl: null,
  locale: 'en',
  status: 'active',
  createdAt: startOfTest,
  updatedAt: startOfTest,
  ...change,
});

export const aUserEmail = (userId: string, change: Partial<UserEmail> = {}): UserEmail => {
  const id = anId();
  return {
    id,
    userId,
    email: address(`person-${id}@example.com`),
    isPrimary: false,
    verifiedAt: startOfTest,
    createdAt: startOfTest,
    ...change,
  };
};

export const anOrganization = (change: Partial<Organization> = {}): Organization => ({
  id: anId(),
  name: 'Analytical Engines',
  subscription: 'free',
  createdAt: startOfTest,
  ...change,
});

export const aConnection = (userId: string, change: Partial<Connection> = {}): Connection => {
  const id = anId();
  return {
    id,
    userId,
    provider: 'google',
    providerUserId: `https://accounts.google.com ${id}`,
    email: address(`person-${id}@example.com`),
    sealedTokens: null,
    createdAt: startOfTest,
    updatedAt: startOfTest,
    ...change,
  };
};

export const aPasswordHash = (): PasswordHash => `$argon2id$v=19$m=19456,t=2,p=1$${anId()}$c2VjcmV0` as PasswordHash;

export const aSession = (userId: string, change: Partial<Session> = {}): Session => ({
  id: anId(),
  userId,
  generation: 0,
  refreshJti: anId(),
  previousJti: null,
  refreshKid: 'key-1',
  rotatedAt: startOfTest,
  successorSeen: true,
  idleSeconds: (7 * day) / second,
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
  ipAddress: '192.0.2.7',
  createdAt: startOfTest,
  lastUsedAt: startOfTest,
  expiresAt: startOfTest + 7 * day,
  absoluteExpiresAt: startOfTest + 90 * day,
  endedAt: null,
  endReason: null,
  ...change,
});

export const aDigest = (): TokenDigest => `digest-${anId()}` as TokenDigest;

export const aOneTimeToken = (userId: string, change: Partial<OneTimeToken> = {}): OneTimeToken => ({
  id: anId(),
  userId,
  purpose: 'reset_password',
  email: address('ada@example.com'),
  digest: aDigest(),
  codeDigest: null,
  codeAttempts: 0,
  createdAt: startOfTest,
  expiresAt: startOfTest + hour,
  usedAt: null,
  ...change,
});

export const aKeyRecord = (change: Partial<KeyRecord> = {}): KeyRecord => ({
  kid: anId().slice(-12),
  algorithm: 'ES256',
  sequence: 1,
  publicJwk: '{"kty":"EC"}',
  sealedPrivate: 'v1.sealed.private',
  createdAt: startOfTest,
  activatesAt: startOfTest,
  retiresAt: null,
  revokedAt: null,
  ...change,
});

/** A mail with a secret in it. */
export const aResetMail = (to: string, token = 'the-secret-of-the-reset-link'): Mail => ({
  kind: 'reset_password',
  to: address(to),
  locale: 'en',
  name: 'Ada Lovelace',
  token: token as SecretToken,
  expiresAt: startOfTest + hour,
});

/** A user with a verified primary address, in the stores and as they give it back. */
export const givenUser = async (
  stores: Pick<Stores, 'users' | 'emails'>,
  change: Partial<User> = {},
): Promise<User & { emailId: string }> => {
  const user = aUser(change);
  const { emailVerified = true } = change;
  const verifiedAt = emailVerified ? startOfTest : null;
  const primary = aUserEmail(user.id, { isPrimary: true, verifiedAt, ...(change.email && { email: change.email }) });
  await stores.users.create(user);
  await stores.emails.add(primary);
  return { ...user, email: primary.email, emailVerified, emailId: primary.id };
};
