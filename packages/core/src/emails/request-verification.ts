import type { Bucket, Deps } from '../deps.ts';
import type { Locale } from '../mail/mail.ts';
import { fail, ok, type Result } from '../result.ts';
import { parseEmailAddress } from './email-address.ts';

/**
 * Asks for the verification mail again. The answer and the work are the same whether the address is known or not: the
 * request goes into the outbox, and the worker finds out (`answer-mail-request.ts`). Beyond the address's limit nothing
 * is sent and nothing is said.
 */
export type RequestVerificationFailure = { code: 'email_invalid' };

export const requestVerification = async (
  { limits, outbox, clock }: Pick<Deps, 'limits' | 'outbox' | 'clock'>,
  input: { email: string; locale: Locale; policy: { addressLimit: Bucket; verifyTtlSeconds: number } },
): Promise<Result<undefined, RequestVerificationFailure>> => {
  const { locale, policy } = input;
  const email = parseEmailAddress(input.email);
  if (!email) return fail('email_invalid');
  if ((await limits.take(policy.addressLimit, email)).allowed) {
    await outbox.add({ kind: 'verification_requested', to: email, locale, ttlSeconds: policy.verifyTtlSeconds }, clock());
  }
  return ok(undefined);
};
