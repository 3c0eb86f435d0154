import type { Bucket, Deps } from '../deps.ts';
import { parseEmailAddress } from '../emails/email-address.ts';
import type { Locale } from '../mail/mail.ts';

/**
 * A person forgot their password. Like `request-verification.ts`: same answer, same work for every address; the worker
 * decides what to mail. Nothing on the account changes by asking.
 */
export const requestPasswordReset = async (
  { limits, outbox, clock }: Pick<Deps, 'limits' | 'outbox' | 'clock'>,
  input: {
    email: string;
    locale: Locale;
    policy: { addressLimit: Bucket; resetTtlSeconds: number; verifyTtlSeconds: number };
  },
): Promise<void> => {
  const { locale, policy } = input;
  const email = parseEmailAddress(input.email);
  if (!email || !(await limits.take(policy.addressLimit, email)).allowed) return;
  const { resetTtlSeconds: ttlSeconds, verifyTtlSeconds } = policy;
  await outbox.add({ kind: 'reset_requested', to: email, locale, ttlSeconds, verifyTtlSeconds }, clock());
};
