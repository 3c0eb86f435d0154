// A user as one line of JSON: what `tegata users import` reads and `users export` writes. The same for both, so that what was
// exported makes the same people elsewhere.

import { type EmailAddress, fail, ok, parseEmailAddress, profileName, profilePicture, type Result } from '@tegata/core';
import type { z } from 'zod';
import type { FirebaseScrypt } from '../adapters/foreign-hashes/firebase-scrypt.ts';
import { type ImportedHash, readImportedHash } from '../adapters/foreign-hashes/imported-hash.ts';
import type { PersonRows } from '../stores/sql/people.ts';
import { newRowId } from '../stores/sql/row-id.ts';
import { headerSchema, type UserLine, userSchema } from './user-shape.ts';

/** A person that may be added: the rows, and the password in the form in which it can be stored, or wrapped first. */
export type ReadPerson = { rows: PersonRows; password: ImportedHash | undefined; isIdGiven: boolean };

/** Says what is wrong with a line and repeats nothing of it, because it holds hashes. */
export type LineProblem = { code: 'line_refused'; reason: string };

const refused = (reason: string) => fail('line_refused', { reason });

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Undefined for a line that is a user's. */
export const readHeader = (text: string): Result<FirebaseScrypt, LineProblem> | undefined => {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || !('firebase_scrypt' in value)) return undefined;
  const header = headerSchema.safeParse(value);
  if (!header.success) return refused(wrongFields(header.error));
  const { signer_key, salt_separator, rounds, mem_cost } = header.data.firebase_scrypt;
  return ok({
    signerKey: Buffer.from(signer_key, 'base64'),
    saltSeparator: Buffer.from(salt_separator, 'base64'),
    rounds,
    memCost: mem_cost,
  });
};

const wrongFields = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map((issue) => {
      const field = issue.path.join('.') || 'the line';
      if (issue.code === 'unrecognized_keys')
        return `${field}: unknown field${issue.keys.length > 1 ? 's' : ''} ${issue.keys.map((key) => key.slice(0, 40)).join(', ')}`;
      return issue.code === 'invalid_union' ? `${field}: none of the shapes of a password hash` : `${field}: ${issue.message}`;
    })
    .join('; ');

const hashProblems = {
  hash_unknown: 'password_hash: no format that is known; docs/import.md lists them',
  hash_too_costly: 'password_hash: verifying it would take more than a second or 256 MiB',
  firebase_parameters_missing: "password_hash: the project's parameters of Firebase scrypt must come first, in a header line",
};

export const readUserLine = (
  text: string,
  { firebase, now }: { firebase: FirebaseScrypt | undefined; now: number },
): Result<ReadPerson, LineProblem> => {
  const value = parsed(text);
  if (value === undefined) return refused('no JSON');
  const line = userSchema.safeParse(value);
  if (!line.success) return refused(wrongFields(line.error));
  const { data } = line;

  const moment = (given: string | undefined, otherwise: number): number => (given === undefined ? otherwise : Date.parse(given));
  const createdAt = moment(data.created_at, now);
  const id = data.id ?? newRowId(createdAt);
  const verifiedAt = (isVerified: boolean, at: string | undefined): number | null => (isVerified ? moment(at, createdAt) : null);

  const given = [
    { email: data.email, isPrimary: true, verifiedAt: verifiedAt(data.email_verified, data.email_verified_at), createdAt },
    ...data.emails.map(({ email, verified, verified_at, created_at }) => ({
      email,
      isPrimary: false,
      verifiedAt: verifiedAt(verified, verified_at),
      createdAt: moment(created_at, createdAt),
    })),
  ];
  const emails: PersonRows['emails'] = [];
  for (const address of given) {
    const email = parseEmailAddress(address.email);
    if (!email) return refused(address.isPrimary ? 'email: no address' : 'emails: one is no address');
    if (!emails.some((other) => other.email === email)) emails.push({ ...address, email });
  }
  const primary: EmailAddress = emails[0]!.email;

  const times = [createdAt, ...emails.flatMap((address) => [address.createdAt, address.verifiedAt ?? 0])];
  if (times.some((at) => at < 0 || at > now + 86_400_000)) return refused('a time is before 1970 or in the future');

  const password = data.password_hash == null ? undefined : readImportedHash(data.password_hash, firebase);
  if (password && !password.ok) return refused(hashProblems[password.failure.code]);

  const { organization } = data;
  return ok({
    isIdGiven: data.id !== undefined,
    password: password?.value,
    rows: {
      id,
      name: profileName(data.name, primary),
      avatarUrl: profilePicture(data.avatar_url ?? undefined),
      locale: data.locale,
      status: data.status ?? (data.email_verified ? 'active' : 'pending'),
      createdAt,
      emails,
      organization: organization && {
        id: organization.id ?? newRowId(createdAt),
        name: organization.name,
        role: organization.role,
        createdAt: moment(organization.created_at, createdAt),
      },
      connections: data.connections.map((connection) => ({
        provider: connection.provider,
        providerUserId: `${connection.issuer} ${connection.subject}`,
        email: parseEmailAddress(connection.email) ?? null,
        createdAt: moment(connection.created_at, createdAt),
      })),
    },
  });
};

const iso = (at: number): string => new Date(at).toISOString();

/** `passwordHash` only where the operator asked for it. */
export const writeUserLine = (person: PersonRows, passwordHash: string | undefined): string => {
  const [primary, ...others] = person.emails;
  const { organization } = person;
  const line: UserLine = {
    id: person.id,
    email: primary!.email,
    email_verified: primary!.verifiedAt !== null,
    ...(primary!.verifiedAt !== null && { email_verified_at: iso(primary!.verifiedAt) }),
    name: person.name,
    avatar_url: person.avatarUrl,
    locale: person.locale,
    status: person.status,
    created_at: iso(person.createdAt),
    emails: others.map(({ email, verifiedAt, createdAt }) => ({
      email,
      verified: verifiedAt !== null,
      ...(verifiedAt !== null && { verified_at: iso(verifiedAt) }),
      created_at: iso(createdAt),
    })),
    ...(passwordHash !== undefined && { password_hash: passwordHash }),
    ...(organization && {
      organization: {
        id: organization.id,
        name: organization.name,
        role: organization.role,
        created_at: iso(organization.createdAt),
      },
    }),
    connections: person.connections.map(({ provider, providerUserId, email, createdAt }) => ({
      provider,
      issuer: providerUserId.slice(0, providerUserId.indexOf(' ')),
      subject: providerUserId.slice(providerUserId.indexOf(' ') + 1),
      email,
      created_at: iso(createdAt),
    })),
  };
  return JSON.stringify(line);
};
