import type { Deps, Stores } from '../deps.ts';
import { addressSubject, userSubject } from '../limits/lockout-subject.ts';
import { fail, ok, type Result, Unavailable } from '../result.ts';
import { isLive, type Session } from '../sessions/session.ts';
import type { ClientInfo, SessionPolicy } from '../sessions/session-policy.ts';
import { startSession } from '../sessions/start-session.ts';
import type { InactiveReason, User } from '../users/user.ts';
import { type Known, readLinkingFacts } from './linking-facts.ts';
import { decideLinking, type LinkingDecision } from './linking-rules.ts';
import { type Provider, type ProviderIdentity, profileName, profilePicture } from './provider.ts';

/**
 * What a provider has said about a person becomes a user here, in one transaction: the facts are read, the users in them
 * locked and the facts read again, the table decides, and what it decided is written, with the session. Two first log-ins at once see the same free address; the unique
 * indexes let one through, and the other begins again and finds the user.
 */
export type LinkFailure =
  | { code: 'account_not_active'; reason: InactiveReason }
  | { code: 'address_missing' }
  | { code: 'address_unverified' }
  | { code: 'connected_to_other' }
  | { code: 'provider_taken' }
  | { code: 'verify_own_address' }
  /** The session that adds a connection was ended meanwhile. */
  | { code: 'log_in_required' }
  | { code: 'lost_race' };

export type Linked = { user: User; session: Session | undefined; isNewUser: boolean };

type LinkDeps = Pick<Deps, 'atomically' | 'clock' | 'secrets' | 'tokens' | 'settings'>;

type LinkInput = {
  provider: Pick<Provider, 'name' | 'label'>;
  identity: ProviderIdentity;
  caller: { user: User; session: Session } | undefined;
  client: ClientInfo;
  locale: User['locale'];
  policy: SessionPolicy;
};

/** Each loser of a race finds what the winner made, so a second try is enough; more would hide a mistake. */
const maxTries = 3;

export const linkIdentity = async (
  deps: LinkDeps,
  input: LinkInput,
): Promise<Result<Linked, Exclude<LinkFailure, { code: 'lost_race' }>>> => {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const linked = await deps.atomically((stores) => linkOnce(deps, stores, input));
    if (linked.ok) return linked;
    const { failure } = linked;
    if (failure.code !== 'lost_race') return { ok: false, failure };
  }
  throw new Unavailable('log-ins through a provider were in one another’s way');
};

const linkOnce = async (deps: LinkDeps, stores: Stores, input: LinkInput): Promise<Result<Linked, LinkFailure>> => {
  const known = await readLockedFacts(stores, input);
  if (!known) return fail('lost_race');
  if (input.caller && !(await isStillLoggedIn(deps, stores, input.caller.session))) return fail('log_in_required');
  const decision = decideLinking(known.facts);
  const refusal = refusalOf(decision, known);
  if (refusal) return { ok: false, failure: refusal };
  if (decision === 'keep' && input.caller) return ok({ user: input.caller.user, session: undefined, isNewUser: false });

  if (known.connection) {
    const { email = null, sealedTokens } = input.identity;
    await stores.connections.update(known.connection.id, { email, sealedTokens }, deps.clock());
  }
  const written = await write(deps, stores, decision, known, input);
  if (!written) return fail('lost_race');
  const user = await stores.users.find(written.userId);
  if (user?.status !== 'active') return fail('lost_race');
  if (input.caller) return ok({ user, session: undefined, isNewUser: false });

  const { client, policy } = input;
  const session = await startSession(deps, stores, { user, client, remember: false, policy });
  return ok({ user, session, isNewUser: written.isNewUser });
};

/**
 * The facts, with everybody in them locked: whoever was logging in, or changing what is decided here, has finished, and
 * whoever comes waits. Several users are locked in the order of their ids, so that two log-ins never wait for each other.
 * Undefined when somebody else came into the facts meanwhile.
 */
const readLockedFacts = async (stores: Stores, input: LinkInput): Promise<Known | undefined> => {
  const locked = usersIn(await readLinkingFacts(stores, input), input);
  for (const id of locked) await stores.users.lock(id);
  const known = await readLinkingFacts(stores, input);
  return usersIn(known, input).every((id) => locked.includes(id)) ? known : undefined;
};

const usersIn = ({ holder, connectedUser }: Known, { caller }: LinkInput): string[] => {
  const ids = [holder, connectedUser, caller?.user].flatMap((user) => user?.id ?? []);
  return [...new Set(ids)].sort();
};

/** A session that was ended while the provider answered must not leave a way in behind. */
const isStillLoggedIn = async ({ clock }: LinkDeps, { sessions }: Stores, { id, userId }: Session): Promise<boolean> => {
  const session = await sessions.find(id, userId);
  return session !== undefined && isLive(session, clock());
};

const refusalOf = (decision: LinkingDecision, { facts }: Known): LinkFailure | undefined => {
  switch (decision) {
    case 'refuse_not_active': {
      const { status } = facts;
      return { code: 'account_not_active', reason: status === 'pending' || status === 'suspended' ? status : 'deactivated' };
    }
    case 'refuse_address_missing':
      return { code: 'address_missing' };
    case 'refuse_address_unverified':
      return { code: 'address_unverified' };
    case 'refuse_connected_to_other':
      return { code: 'connected_to_other' };
    case 'refuse_provider_taken':
      return { code: 'provider_taken' };
    case 'refuse_verify_own_address':
      return { code: 'verify_own_address' };
    default:
      return undefined;
  }
};

type Written = { userId: string; isNewUser: boolean };

/** Undefined when somebody else was faster. */
const write = async (
  deps: LinkDeps,
  stores: Stores,
  decision: LinkingDecision,
  known: Known,
  input: LinkInput,
): Promise<Written | undefined> => {
  const { holder, connectedUser } = known;
  switch (decision) {
    case 'log_in':
      return connectedUser && { userId: connectedUser.id, isNewUser: false };
    case 'create':
      return create(deps, stores, input);
    case 'release_and_create':
      if (!holder || !(await releaseAddress(deps, stores, holder, input.identity))) return undefined;
      return create(deps, stores, input);
    case 'claim':
      if (!holder) return undefined;
      await claim(deps, stores, holder, input);
      return connect(deps, stores, holder, input);
    case 'link':
      return holder && connect(deps, stores, holder, input);
    case 'connect': {
      const own = input.caller?.user;
      if (!own) return undefined;
      if (known.facts.ownAddress === 'proved_now') await stores.emails.markVerified(own.id, own.email, deps.clock());
      return connect(deps, stores, own, input);
    }
    default:
      throw new Error(`${decision} writes nothing`);
  }
};

const create = async ({ secrets, clock, ...deps }: LinkDeps, stores: Stores, input: LinkInput): Promise<Written | undefined> => {
  const { identity, locale, client } = input;
  if (!identity.email) throw new Error('a user was to be made without an address');
  const now = clock();
  const user = {
    id: secrets.uuid(),
    name: profileName(identity.name, identity.email),
    avatarUrl: profilePicture(identity.avatarUrl),
    locale,
    status: 'active' as const,
    createdAt: now,
    updatedAt: now,
  };
  await stores.users.create(user);
  const address = {
    id: secrets.uuid(),
    userId: user.id,
    email: identity.email,
    isPrimary: true,
    verifiedAt: now,
    createdAt: now,
  };
  if (!(await stores.emails.add(address))) return undefined;
  if (!(await addConnection({ secrets, clock, ...deps }, stores, user.id, input))) return undefined;
  await stores.audit.add(
    { type: 'user.registered', userId: user.id, ipAddress: client.ipAddress, reason: input.provider.name },
    now,
  );
  return { userId: user.id, isNewUser: true };
};

/** Adds the connection to a user who is there, and tells them: it is a new way into their account. */
const connect = async (deps: LinkDeps, stores: Stores, user: User, input: LinkInput): Promise<Written | undefined> => {
  if (!(await addConnection(deps, stores, user.id, input))) return undefined;
  const { email: to, locale, name } = user;
  await stores.outbox.add({ kind: 'connection_added', to, locale, name, provider: input.provider.label }, deps.clock());
  return { userId: user.id, isNewUser: false };
};

const addConnection = async (
  { secrets, clock }: LinkDeps,
  stores: Stores,
  userId: string,
  { provider, identity, caller, client }: LinkInput,
): Promise<boolean> => {
  const now = clock();
  const { providerUserId, email = null, sealedTokens } = identity;
  const connection = { id: secrets.uuid(), userId, provider: provider.name, providerUserId, email, sealedTokens };
  if (!(await stores.connections.add({ ...connection, createdAt: now, updatedAt: now }))) return false;
  const { ipAddress } = client;
  const sessionId = caller?.session.id;
  await stores.audit.add({ type: 'connection.added', userId, sessionId, ipAddress, reason: provider.name }, now);
  return true;
};

/**
 * The address has been proved by its owner, who is not necessarily the one who registered it: nothing that one knows or
 * holds may open the account any longer. Sessions, password, mailed tokens, connections and other addresses go.
 */
const claim = async ({ clock, secrets }: LinkDeps, stores: Stores, holder: User, { identity, client }: LinkInput) => {
  const now = clock();
  const userId = holder.id;
  await stores.sessions.endAll(userId, 'account_claimed', now);
  await stores.passwords.remove(userId);
  await stores.connections.removeAll(userId);
  for (const purpose of ['verify_email', 'reset_password', 'undo_primary_email'] as const) {
    await stores.oneTimeTokens.invalidate(userId, purpose, now);
  }
  for (const own of await stores.emails.list(userId)) {
    await stores.lockouts.clearAll(addressSubject(secrets, own.email));
    if (own.email !== identity.email) await stores.emails.remove(userId, own.id);
  }
  await stores.lockouts.clearAll(userSubject(userId));
  if (identity.email) await stores.emails.markVerified(userId, identity.email, now);
  await stores.users.activatePending(userId, now);
  await stores.audit.add({ type: 'user.claimed', userId, ipAddress: client.ipAddress }, now);
};

/** The unproved address leaves an account that has proved another one, which becomes its primary address. */
const releaseAddress = async (
  { clock }: LinkDeps,
  stores: Stores,
  holder: User,
  { email }: ProviderIdentity,
): Promise<boolean> => {
  const addresses = await stores.emails.list(holder.id);
  const unproved = addresses.find((own) => own.email === email);
  const proved = addresses.find((own) => own.verifiedAt !== null);
  if (!unproved || !proved) return false;
  const now = clock();
  if (unproved.isPrimary && !(await stores.emails.setPrimary(holder.id, proved.id, now))) return false;
  await stores.oneTimeTokens.invalidate(holder.id, 'verify_email', now, unproved.email);
  await stores.oneTimeTokens.invalidate(holder.id, 'reset_password', now, unproved.email);
  await stores.oneTimeTokens.invalidate(holder.id, 'undo_primary_email', now, unproved.email);
  await stores.audit.add({ type: 'email.removed', userId: holder.id, reason: 'proved_by_another' }, now);
  return stores.emails.remove(holder.id, unproved.id);
};
