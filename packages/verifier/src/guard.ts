// What every framework's adapter does, with nothing of any framework: from the `Authorization` header to a user or to an
// answer as RFC 6750 has it.

import type { TokenFailure, TokenFailureCode } from './failures.ts';
import type { LostFeedPolicy, VerifiedUser, Verifier } from './verifier.ts';

export type Requirement = {
  /** One of these in the token's claim `role`. */
  role?: string | readonly string[];
  /** The token was issued at most this long ago. */
  maxAgeSeconds?: number;
  /** When the feed of revocations is lost; default is the verifier's. */
  onLostFeed?: LostFeedPolicy;
};

export type FreshRequirement = Omit<Requirement, 'onLostFeed'>;

export type Refusal = { status: 400 | 401 | 403 | 503; headers: Readonly<Record<string, string>>; body: RefusalBody };
export type RefusalBody = { error: string; error_description: string; reason?: string };
export type Guarded = { ok: true; user: VerifiedUser } | { ok: false; refusal: Refusal };

/** `requireFresh`: nothing but what is known not to be revoked, so a lost feed refuses. */
export const fresh = (requirement: FreshRequirement = {}): Requirement => ({ ...requirement, onLostFeed: 'closed' });

/** @param authorization The header's values as they came: none, one, or a mistake. */
export const guard = async (
  verifier: Verifier,
  authorization: string | readonly string[] | null | undefined,
  requirement: Requirement = {},
): Promise<Guarded> => {
  const values = [authorization ?? []].flat().filter((value) => value !== '');
  if (values.length === 0) return refuse(401, undefined, 'token_missing', 'an access token is required');
  const token = values.length === 1 ? /^Bearer +([\w.~+/-]+=*)$/i.exec(values[0] as string)?.[1] : undefined;
  if (token === undefined)
    return refuse(400, 'invalid_request', 'authorization_malformed', 'send one header "Authorization: Bearer <token>"');
  const { maxAgeSeconds, onLostFeed } = requirement;
  const verified = await verifier.verify(token, {
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    ...(onLostFeed === undefined ? {} : { onLostFeed }),
  });
  if (!verified.ok) return refuseToken(verified.failure);
  const roles = [requirement.role ?? []].flat();
  const { role } = verified.user.claims;
  if (requirement.role !== undefined && !(typeof role === 'string' && roles.includes(role))) {
    return refuse(403, 'insufficient_scope', 'role_missing', 'this needs another role');
  }
  return { ok: true, user: verified.user };
};

/** What a client's developer can mend is told; what a forger could learn from is not. */
const told: Partial<Record<TokenFailureCode, string>> = {
  token_expired: 'the access token expired',
  token_revoked: 'the access token was revoked',
  token_too_old: 'the access token is too old for this: refresh, or log in again',
  feed_lost: 'it cannot be known whether the access token was revoked: refresh it',
};

const refuseToken = ({ code, reason }: TokenFailure): Guarded => {
  if (code === 'keys_unavailable') {
    const refused = refuse(503, 'temporarily_unavailable', code, 'access tokens cannot be checked at the moment');
    return refused;
  }
  const text = told[code];
  return refuse(
    401,
    'invalid_token',
    text === undefined ? 'token_invalid' : (reason ?? code),
    text ?? 'the access token is not valid',
  );
};

/** RFC 6750, section 3: a request without a token learns how to authenticate, and no error. */
const refuse = (status: Refusal['status'], error: string | undefined, reason: string, description: string): Guarded => {
  const challenge =
    error === undefined ? 'Bearer' : `Bearer error="${error}", error_description="${description.replaceAll('"', "'")}"`;
  return {
    ok: false,
    refusal: {
      status,
      headers: {
        ...(status === 503 ? { 'Retry-After': '1' } : { 'WWW-Authenticate': challenge }),
        'Cache-Control': 'no-store',
        'Content-Type': 'application/json',
      },
      body: { error: error ?? 'unauthorized', error_description: description, reason },
    },
  };
};
