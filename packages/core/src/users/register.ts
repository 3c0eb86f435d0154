import type { Bucket, Deps } from '../deps.ts';
import { type EmailAddress, parseEmailAddress } from '../emails/email-address.ts';
import { sendVerification } from '../emails/mail-token.ts';
import type { Locale } from '../mail/mail.ts';
import type { Organization } from '../organizations/organization.ts';
import { hashNewPassword, type PasswordRejected } from '../passwords/hash-new-password.ts';
import { fail, ok, type Result } from '../result.ts';
import { type IssuedTokens, issueTokens } from '../sessions/issue-tokens.ts';
import type { Session } from '../sessions/session.ts';
import type { ClientInfo, SessionPolicy } from '../sessions/session-policy.ts';
import { startSession } from '../sessions/start-session.ts';
import type { User } from './user.ts';

/**
 * A person makes an account with address and password.
 *
 * User, address, password, verification token, mail and audit event, and where the contract wants them an organization and
 * a session, are one transaction: all of them or none, whatever crashes when. The unique address decides races: one caller registers, the others are told so.
 *
 * With account hints off, a taken address answers exactly like a new one, after the same work, and the owner of the
 * address gets a mail instead; not more of them than the address's limit allows. Not where registering also logs in:
 * there the session itself would tell. Records `user.registered`.
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
    /** Makes an organization of this name with the user as its first member. */
    organizationName?: string;
    /** Logs the new user in. Only with `at_once`. `deviceCookie` is the known-device cookie, as the browser sent it. */
    logIn?: { client: ClientInfo; session: SessionPolicy; deviceCookie?: string | undefined };
  };
};

export type Registered = {
  user: User;
  organization?: Organization | undefined;
  loggedIn?: { session: Session; tokens: IssuedTokens; deviceCookie: string } | undefined;
};

type RegisterDeps = Pick<
  Deps,
  | 'users'
  | 'organizations'
  | 'limits'
  | 'atomically'
  | 'clock'
  | 'secrets'
  | 'hasher'
  | 'tokens'
  | 'devices'
  | 'isCommonPassword'
  | 'settings'
>;

export const register = async (deps: RegisterDeps, input: RegisterInput): Promise<Result<Registered, RegisterFailure>> => {
  const { users, atomically, clock, secrets, settings } = deps;
  const { name, locale, policy, ipAddress } = input;
  const email = parseEmailAddress(input.email);
  if (!email) return fail('email_invalid');

  // Only where the answer may say so: it saves a hash.
  const mayTell = settings.accountHints || policy.logIn !== undefined;
  if (mayTell && (await users.findByEmail(email))) return fail('email_taken');
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
    const organization = policy.organizationName === undefined ? undefined : organizationNamed(deps, policy.organizationName);
    if (organization) await stores.organizations.create(organization, { userId: user.id, role: 'user' });
    const { client, session: sessionPolicy } = policy.logIn ?? {};
    const session =
      client && sessionPolicy && (await startSession(deps, stores, { user, client, remember: false, policy: sessionPolicy }));
    return ok({ organization, session });
  });
  if (!registered.ok) {
    if (mayTell) return registered;
    if ((await deps.limits.take(policy.addressLimit, email)).allowed) await tellOwner(deps, email, policy.verifyTtlSeconds);
    return ok({ user });
  }
  const { organization, session } = registered.value;
  if (!session || !policy.logIn) return ok({ user, organization });
  const tokens = await issueTokens(deps, { session, user, policy: policy.logIn.session });
  const deviceCookie = deps.devices.remember(policy.logIn.deviceCookie, email);
  return ok({ user, organization, loggedIn: { session, tokens, deviceCookie } });
};

const organizationNamed = ({ secrets, clock }: RegisterDeps, name: string): Organization => ({
  id: secrets.uuid(),
  name,
  subscription: 'free',
  createdAt: clock(),
});

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
