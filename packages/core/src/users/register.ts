import type { Bucket, Deps } from '../deps.ts';
import { type EmailAddress, parseEmailAddress } from '../emails/email-address.ts';
import { sendVerification } from '../emails/mail-token.ts';
import type { Locale } from '../mail/mail.ts';
import { hashNewPassword, type PasswordRejected } from '../passwords/hash-new-password.ts';
import { fail, ok, type Result } from '../result.ts';
import type { User } from './user.ts';

/**
 * A person makes an account with address and password.
 *
 * User, address, password, verification token, mail and audit event are one transaction: all of them or none, whatever
 * crashes when. The unique address decides races: one caller registers, the others are told so.
 *
 * With account hints off, a taken address answers exactly like a new one, after the same work, and the owner of the
 * address gets a mail instead; not more of them than the address's limit allows. Records `user.registered`.
 */
export type RegisterFailure = { code: 'email_invalid' } | { code: 'email_taken' } | PasswordRejected;

export type RegisterInput = {
  email: string;
  password: string;
  name: string;
  locale: Locale;
  ipAddress: string | null;
  policy: {
    /** `verify_first`: pending until the mailed link is used. `at_once`: active, with the address still unverified. */
    activation: 'verify_first' | 'at_once';
    verifyTtlSeconds: number;
    /** How often the owner of a taken address is told. */
    addressLimit: Bucket;
  };
};

type RegisterDeps = Pick<
  Deps,
  'users' | 'limits' | 'atomically' | 'clock' | 'secrets' | 'hasher' | 'isCommonPassword' | 'settings'
>;

export const register = async (deps: RegisterDeps, input: RegisterInput): Promise<Result<User, RegisterFailure>> => {
  const { users, atomically, clock, secrets, settings } = deps;
  const { name, locale, policy, ipAddress } = input;
  const email = parseEmailAddress(input.email);
  if (!email) return fail('email_invalid');

  // Only where the answer may say so: it saves a hash.
  if (settings.accountHints && (await users.findByEmail(email))) return fail('email_taken');
  const hashed = await hashNewPassword(deps, input.password, [email]);
  if (!hashed.ok) return hashed;

  const now = clock();
  const user: User = {
    id: secrets.uuid(),
    email,
    emailVerified: false,
    name,
    avatarUrl: null,
    locale,
    status: policy.activation === 'at_once' ? 'active' : 'pending',
    createdAt: now,
    updatedAt: now,
  };
  const registered = await atomically(async (stores) => {
    await stores.users.create(user);
    const address = { id: secrets.uuid(), userId: user.id, email, isPrimary: true, verifiedAt: null, createdAt: now };
    if (!(await stores.emails.add(address))) return fail('email_taken');
    await stores.passwords.create({ id: secrets.uuid(), userId: user.id, hash: hashed.value, now });
    await sendVerification(deps, stores, { kind: 'verify_registration', ttlSeconds: policy.verifyTtlSeconds, user, email });
    await stores.audit.add({ type: 'user.registered', userId: user.id, ipAddress }, now);
    return ok(user);
  });
  if (registered.ok || settings.accountHints) return registered;
  if ((await deps.limits.take(policy.addressLimit, email)).allowed) await tellOwner(deps, email, policy.verifyTtlSeconds);
  return ok(user);
};

/** Somebody registered with an address that has an account: its owner is told, or gets the verification mail again. */
const tellOwner = ({ atomically, clock }: RegisterDeps, email: EmailAddress, verifyTtlSeconds: number) =>
  atomically(async (stores) => {
    const owner = await stores.users.findByEmail(email);
    if (!owner) return ok(undefined);
    const { locale, name, status } = owner;
    await stores.outbox.add(
      status === 'pending'
        ? { kind: 'verification_requested', to: email, locale, ttlSeconds: verifyTtlSeconds }
        : { kind: 'already_registered', to: email, locale, name },
      clock(),
    );
    return ok(undefined);
  });
