import type { Deps, Stores } from '../deps.ts';
import type { TokenPurpose } from '../tokens/one-time-token.ts';
import type { SecretToken } from '../tokens/secret-token.ts';
import type { EmailAddress } from './email-address.ts';

/**
 * Makes a one-time token for a mail: the secret goes into the mail, its digest into the store. Call it in the
 * transaction that also adds the mail, so that neither exists without the other.
 */
export const createMailToken = async (
  { secrets, clock }: Pick<Deps, 'secrets' | 'clock'>,
  stores: Pick<Stores, 'oneTimeTokens'>,
  wanted: { userId: string; email: EmailAddress; purpose: TokenPurpose; ttlSeconds: number; withCode?: boolean },
): Promise<{ id: string; token: SecretToken; code: string; expiresAt: number }> => {
  const now = clock();
  const id = secrets.uuid();
  const token = secrets.token();
  const code = secrets.code();
  const expiresAt = now + wanted.ttlSeconds * 1000;
  await stores.oneTimeTokens.create({
    id,
    userId: wanted.userId,
    purpose: wanted.purpose,
    email: wanted.email,
    digest: secrets.digestToken(token),
    codeDigest: wanted.withCode ? secrets.digestCode(code, wanted.email) : null,
    codeAttempts: 0,
    createdAt: now,
    expiresAt,
    usedAt: null,
  });
  return { id, token, code, expiresAt };
};

/** The mail that proves an address: a link, and a six-digit code for people who read mail on another device. Gives the token's id. */
export const sendVerification = async (
  deps: Pick<Deps, 'secrets' | 'clock'>,
  stores: Pick<Stores, 'oneTimeTokens' | 'outbox'>,
  {
    kind,
    ttlSeconds,
    user,
    email,
  }: {
    kind: 'verify_registration' | 'verify_added_email';
    ttlSeconds: number;
    user: { id: string; name: string; locale: 'en' | 'ja' };
    email: EmailAddress;
  },
): Promise<string> => {
  const { id, ...made } = await createMailToken(deps, stores, {
    userId: user.id,
    email,
    purpose: 'verify_email',
    ttlSeconds,
    withCode: true,
  });
  await stores.outbox.add({ kind, to: email, locale: user.locale, name: user.name, ...made }, deps.clock());
  return id;
};
