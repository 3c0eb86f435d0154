import type { Bucket, Deps, UserEmail } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import type { User } from '../users/user.ts';
import { parseEmailAddress } from './email-address.ts';
import { createMailToken, sendVerification } from './mail-token.ts';

/**
 * A person adds an address. It is a claim until the mailed link is used: no log-in, no reset, and it does not keep the
 * address from its owner. Asking again sends the mail again.
 *
 * With account hints off, an address that has an account is claimed like a free one, and its owner gets a mail instead:
 * neither the answer nor the list of addresses tells them apart. Records `email.added`.
 */
export type AddEmailFailure = { code: 'email_invalid' } | { code: 'email_taken' } | { code: 'too_many_emails' };

/** Far above what a person needs; without a bound one account could mail the world. */
const maxEmails = 10;

export const addEmail = async (
  deps: Pick<Deps, 'users' | 'emails' | 'oneTimeTokens' | 'limits' | 'atomically' | 'clock' | 'secrets' | 'settings'>,
  input: { user: User; email: string; policy: { addressLimit: Bucket; verifyTtlSeconds: number } },
): Promise<Result<UserEmail, AddEmailFailure>> => {
  const { user, policy } = input;
  const email = parseEmailAddress(input.email);
  if (!email) return fail('email_invalid');
  const owner = await deps.users.findByEmail(email);
  if (owner?.id === user.id || (owner && deps.settings.accountHints)) return fail('email_taken');
  const claims = await deps.oneTimeTokens.listUsable(user.id, 'verify_email', deps.clock());
  const addresses = new Set([...(await deps.emails.list(user.id)), ...claims].map((own) => own.email));
  if (!addresses.has(email) && addresses.size >= maxEmails) return fail('too_many_emails');

  const claim = { userId: user.id, email, isPrimary: false, verifiedAt: null, createdAt: deps.clock() };
  if (!(await deps.limits.take(policy.addressLimit, email)).allowed) {
    const made = claims.find((earlier) => earlier.email === email);
    return ok({ id: made?.id ?? deps.secrets.uuid(), ...claim, createdAt: made?.createdAt ?? claim.createdAt });
  }

  return deps.atomically(async (stores) => {
    const now = deps.clock();
    // Closed beside this call: there is nothing to claim for, and the next call says so.
    if (!(await stores.users.lock(user.id))) return ok({ id: deps.secrets.uuid(), ...claim });
    const ttlSeconds = policy.verifyTtlSeconds;
    await stores.audit.add({ type: 'email.added', userId: user.id }, now);
    if (owner) {
      const { locale, name } = owner;
      await stores.outbox.add({ kind: 'already_registered', to: email, locale, name }, now);
      // The secret goes nowhere: nobody can use it.
      const { id } = await createMailToken(deps, stores, { userId: user.id, email, purpose: 'verify_email', ttlSeconds });
      return ok({ id, ...claim });
    }
    const id = await sendVerification(deps, stores, { kind: 'verify_added_email', ttlSeconds, user, email });
    return ok({ id, ...claim });
  });
};
