import type { Deps, Stores } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import { maxCodeAttempts, type OneTimeToken, oneTimeTokenState } from '../tokens/one-time-token.ts';
import { type EmailAddress, parseEmailAddress } from './email-address.ts';

/**
 * A person proves an address, with the link's token or the code from the same mail.
 *
 * A pending user becomes active by it; a suspended or deactivated one stays so. An address added later joins the
 * account here and not before, so an unverified claim never holds an address against its owner; the primary address is
 * told, in case a thief added it. Using the link twice is success twice. A code dies after five wrong tries; unknown address, wrong code and dead code are one failure.
 *
 * Records `email.verified`.
 */
export type VerifyEmailFailure = { code: 'token_invalid' } | { code: 'token_expired' } | { code: 'email_taken' };

export type VerifyEmailInput = { token: string } | { email: string; code: string };

type VerifyEmailDeps = Pick<Deps, 'oneTimeTokens' | 'emails' | 'atomically' | 'clock' | 'secrets'>;

export const verifyEmail = async (
  deps: VerifyEmailDeps,
  input: VerifyEmailInput,
): Promise<Result<{ alreadyVerified: boolean }, VerifyEmailFailure>> => {
  const { oneTimeTokens, emails, atomically, clock, secrets } = deps;
  const token =
    'token' in input
      ? await oneTimeTokens.findByDigest('verify_email', secrets.digestToken(input.token))
      : await findByCode(deps, input);
  if (!token) return fail('token_invalid');

  const state = oneTimeTokenState(token, clock());
  if (state !== 'usable') {
    if (await isVerified(emails, token)) return ok({ alreadyVerified: true });
    return fail(state === 'expired' ? 'token_expired' : 'token_invalid');
  }
  const verified = await atomically(async (stores) => {
    const now = clock();
    if (!(await stores.oneTimeTokens.consume(token.id, now))) return fail('token_invalid');
    const { userId, email } = token;
    if (!(await stores.emails.markVerified(userId, email, now))) {
      const added = { id: token.id, userId, email, isPrimary: false, verifiedAt: now, createdAt: token.createdAt };
      if (!(await stores.emails.add(added))) return fail('email_taken');
      const user = await stores.users.find(userId);
      // An address never proved may be a stranger's, mistyped at registration.
      if (user?.emailVerified) {
        const { email: to, locale, name } = user;
        await stores.outbox.add({ kind: 'email_added', to, locale, name, newEmail: email }, now);
      }
    }
    await stores.users.activatePending(userId, now);
    await stores.oneTimeTokens.invalidate(userId, 'verify_email', now, email);
    await stores.audit.add({ type: 'email.verified', userId }, now);
    return ok({ alreadyVerified: false });
  });
  // Of two clicks at once one consumes the token; the other finds the work done.
  if (!verified.ok && verified.failure.code === 'token_invalid' && (await isVerified(emails, token))) {
    return ok({ alreadyVerified: true });
  }
  return verified;
};

const findByCode = async (
  { oneTimeTokens, secrets }: Pick<Deps, 'oneTimeTokens' | 'secrets'>,
  input: { email: string; code: string },
): Promise<OneTimeToken | undefined> => {
  const email = parseEmailAddress(input.email);
  const token = email && (await oneTimeTokens.findNewest('verify_email', email));
  if (!token?.codeDigest) return undefined;
  // Counted before it is compared: parallel guesses share the five tries.
  if (!(await oneTimeTokens.takeCodeAttempt(token.id, maxCodeAttempts))) return undefined;
  return secrets.isDigestOfCode(token.codeDigest, input.code, token.email) ? token : undefined;
};

const isVerified = async (emails: Stores['emails'], { userId, email }: { userId: string; email: EmailAddress }) =>
  (await emails.list(userId)).some((own) => own.email === email && own.verifiedAt !== null);
