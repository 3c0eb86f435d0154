import type { Deps, Stores } from '../deps.ts';
import { createMailToken, sendVerification } from '../emails/mail-token.ts';
import { ok } from '../result.ts';
import type { User } from '../users/user.ts';
import type { MailRequest } from './mail.ts';

/**
 * The worker's half of "forgot my password" and "send it again": decides what the owner of the address should get, in
 * one transaction with the removal of the request, so each request is answered once.
 *
 * - Reset: the link, and older links die. A pending user gets the verification mail instead, an account that logs in
 *   through providers only a mail that names them, suspended and deactivated ones nothing.
 * - Verification: only for an address that still needs it.
 *
 * Records `password.reset_requested`.
 */
type AnswerDeps = Pick<Deps, 'atomically' | 'clock' | 'secrets' | 'providers'>;

export const answerMailRequest = async (deps: AnswerDeps, request: MailRequest, requestId: string): Promise<void> => {
  await deps.atomically(async (stores) => {
    await stores.outbox.remove(requestId);
    const user = await stores.users.findByEmail(request.to);
    if (user) {
      if (request.kind === 'verification_requested') await answerVerification(deps, stores, user, request);
      else await answerReset(deps, stores, user, request);
    }
    return ok(undefined);
  });
};

const answerVerification = async (deps: AnswerDeps, stores: Stores, user: User, { to, ttlSeconds }: MailRequest) => {
  if (user.status !== 'pending' && user.status !== 'active') return;
  const address = (await stores.emails.list(user.id)).find((own) => own.email === to);
  if (!address || address.verifiedAt !== null) return;
  await sendVerification(deps, stores, { kind: 'verify_registration', ttlSeconds, user, email: to });
};

const answerReset = async (
  deps: AnswerDeps,
  stores: Stores,
  user: User,
  request: Extract<MailRequest, { kind: 'reset_requested' }>,
) => {
  const { to, ttlSeconds, verifyTtlSeconds } = request;
  const now = deps.clock();
  if (user.status === 'pending') {
    await sendVerification(deps, stores, { kind: 'verify_registration', ttlSeconds: verifyTtlSeconds, user, email: to });
    return;
  }
  if (user.status !== 'active') return;
  const { name, locale } = user;
  if ((await stores.passwords.find(user.id)) === undefined) {
    const connections = await stores.connections.list(user.id);
    const providers = connections.flatMap(({ provider }) => deps.providers.find(provider)?.label ?? []);
    if (providers.length > 0) {
      await stores.outbox.add({ kind: 'no_password', to, locale, name, providers }, now);
      return;
    }
    // No way in at all, for instance because the provider is no longer on offer: the mailbox is the last proof.
  }
  await stores.oneTimeTokens.invalidate(user.id, 'reset_password', now);
  const { token, expiresAt } = await createMailToken(deps, stores, {
    userId: user.id,
    email: to,
    purpose: 'reset_password',
    ttlSeconds,
  });
  await stores.outbox.add({ kind: 'reset_password', to, locale, name, token, expiresAt }, now);
  await stores.audit.add({ type: 'password.reset_requested', userId: user.id }, now);
};
