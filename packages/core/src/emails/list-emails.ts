import type { Deps, UserEmail } from '../deps.ts';

/** The person's addresses, the primary one first; then those added but not verified yet, while their links live. */
export const listEmails = async (
  { emails, oneTimeTokens, clock }: Pick<Deps, 'emails' | 'oneTimeTokens' | 'clock'>,
  { userId }: { userId: string },
): Promise<UserEmail[]> => {
  const own = await emails.list(userId);
  const known = new Set(own.map((email) => email.email));
  const waiting: UserEmail[] = [];
  for (const { id, email, createdAt } of await oneTimeTokens.listUsable(userId, 'verify_email', clock())) {
    if (known.has(email)) continue;
    known.add(email);
    waiting.push({ id, userId, email, isPrimary: false, verifiedAt: null, createdAt });
  }
  return [...own.toSorted((a, b) => Number(b.isPrimary) - Number(a.isPrimary) || a.createdAt - b.createdAt), ...waiting];
};
