import { createHash, timingSafeEqual } from 'node:crypto';
import type { Deps } from '../deps.ts';
import { fail, ok, type Result, Unavailable } from '../result.ts';
import { type IssuedTokens, issueTokens } from '../sessions/issue-tokens.ts';
import type { Session } from '../sessions/session.ts';
import type { ClientInfo, SessionPolicy } from '../sessions/session-policy.ts';
import type { InactiveReason, User } from '../users/user.ts';
import type { ConnectionFlow } from './connection.ts';
import { type LinkFailure, linkIdentity } from './link-identity.ts';

/**
 * The person is back from the provider with a code.
 *
 * The order: is it this browser's flow (the encrypted cookie, and the state), is it still good, and is it finished by
 * whoever began it; then the flow is claimed, so that of fifty parallel uses one goes on; then the provider is asked, with
 * nothing of ours held open meanwhile; and only what it says decides, in one transaction that makes user, address,
 * connection and session or nothing. What is wrong with code or state is one failure outside; the reason is for those who
 * look for a mistake.
 *
 * Records `session.started`, or `session.start_refused` with the reason; `connection.added` and `user.registered`.
 */
export type FinishConnectionFailure =
  | { code: 'provider_unknown' }
  | { code: 'code_invalid'; reason: CodeRefusal }
  /** The person said no at the provider. */
  | { code: 'provider_denied' }
  /** The flow adds a connection, and nobody is logged in. */
  | { code: 'log_in_required' }
  | { code: 'account_not_active'; reason: InactiveReason }
  | Exclude<LinkFailure, { code: 'account_not_active' } | { code: 'lost_race' }>;

export type CodeRefusal =
  | 'flow_missing'
  | 'flow_expired'
  | 'flow_used'
  | 'flow_of_another_user'
  | 'state_missing'
  | 'state_mismatch'
  | 'provider_error'
  | 'code_rejected';

export type FinishConnectionInput = {
  provider: string;
  /** What the provider sent the person back with; `error` instead of `code` when it did not log them in. */
  answer: { code: string; issuer?: string | undefined } | { error: string };
  state: string | undefined;
  /** The cookie that `beginConnection` made. */
  sealedFlow: string | undefined;
  /** The logged-in person, if any. */
  caller?: { user: User; session: Session } | undefined;
  client: ClientInfo;
  deviceCookie?: string | undefined;
  locale: User['locale'];
  policy: SessionPolicy;
};

export type FinishedConnection = {
  user: User;
  isNewUser: boolean;
  /** Undefined when a logged-in person added a connection: their session goes on. */
  loggedIn: { session: Session; tokens: IssuedTokens; deviceCookie: string } | undefined;
};

type FinishDeps = Pick<
  Deps,
  | 'providers'
  | 'flows'
  | 'singleUse'
  | 'organizations'
  | 'audit'
  | 'atomically'
  | 'clock'
  | 'secrets'
  | 'tokens'
  | 'devices'
  | 'settings'
>;

export const finishConnection = async (
  deps: FinishDeps,
  input: FinishConnectionInput,
): Promise<Result<FinishedConnection, FinishConnectionFailure>> => {
  const provider = deps.providers.find(input.provider);
  if (!provider) return fail('provider_unknown');

  const refuse = async <F extends FinishConnectionFailure>(failure: F) => {
    const reason = `${provider.name}: ${'reason' in failure ? failure.reason : failure.code}`;
    const { ipAddress } = input.client;
    await deps.audit.add({ type: 'session.start_refused', reason, userId: input.caller?.user.id, ipAddress }, deps.clock());
    return { ok: false as const, failure };
  };

  const checked = checkFlow(deps, input, provider);
  if (!checked.ok) return refuse(checked.failure);
  const flow = checked.value;
  const key = `oauth-state:${deps.secrets.digestToken(flow.state)}`;
  if (!(await deps.singleUse.claim(key, flow.expiresAt, deps.clock()))) return refuse(invalid('flow_used'));

  if ('error' in input.answer) return refuse(deniedBy(provider.label, input.answer.error));
  const { code, issuer } = input.answer;
  const identified = await provider.identify(flow, { code, issuer });
  if (!identified.ok) return refuse(invalid('code_rejected'));

  const { client, locale, policy } = input;
  const caller = flow.userId === undefined ? undefined : input.caller;
  const linked = await linkIdentity(deps, { provider, identity: identified.value, caller, client, locale, policy });
  if (!linked.ok) return refuse(linked.failure);
  const { user, session, isNewUser } = linked.value;
  if (!session) return ok({ user, isNewUser, loggedIn: undefined });
  const tokens = await issueTokens(deps, { session, user, policy });
  const deviceCookie = deps.devices.remember(input.deviceCookie, user.email);
  return ok({ user, isNewUser, loggedIn: { session, tokens, deviceCookie } });
};

const invalid = (reason: CodeRefusal) => ({ code: 'code_invalid' as const, reason });

/** Is this the answer to a question that this browser asked, and that person? */
const checkFlow = (
  { flows, clock }: Pick<FinishDeps, 'flows' | 'clock'>,
  { sealedFlow, state, answer, caller }: FinishConnectionInput,
  provider: { name: string; identityNamesFlow: boolean },
): Result<ConnectionFlow, FinishConnectionFailure> => {
  const flow = sealedFlow === undefined ? undefined : flows.open(sealedFlow);
  // A flow of another provider is none of this one (RFC 9700, section 4.4: mix-up).
  if (flow?.provider !== provider.name) return { ok: false, failure: invalid('flow_missing') };
  if (flow.expiresAt <= clock()) return { ok: false, failure: invalid('flow_expired') };
  if (state === undefined) {
    const bound = provider.identityNamesFlow || 'error' in answer;
    if (!bound) return { ok: false, failure: invalid('state_missing') };
  } else if (!equal(state, flow.state)) {
    return { ok: false, failure: invalid('state_mismatch') };
  }
  if (flow.userId !== undefined) {
    if (!caller) return fail('log_in_required');
    if (caller.user.id !== flow.userId) return { ok: false, failure: invalid('flow_of_another_user') };
  }
  return ok(flow);
};

/** RFC 6749, section 4.1.2.1. The words are the provider's, so nothing of them is repeated. */
const deniedBy = (label: string, error: string) => {
  if (error === 'access_denied') return { code: 'provider_denied' as const };
  if (error === 'server_error' || error === 'temporarily_unavailable') throw new Unavailable(`${label} reports trouble`);
  return invalid('provider_error');
};

const digest = (text: string) => createHash('sha256').update(text).digest();
const equal = (a: string, b: string) => timingSafeEqual(digest(a), digest(b));
