import type { Stores, UserEmail } from '../deps.ts';
import type { User } from '../users/user.ts';
import type { Connection } from './connection.ts';
import type { LinkingFacts } from './linking-rules.ts';
import type { ProviderIdentity } from './provider.ts';

/** The facts for the table, with the rows they were read from. */
export type Known = {
  facts: LinkingFacts;
  connection: Connection | undefined;
  connectedUser: User | undefined;
  /** Who has the provider's address here. */
  holder: User | undefined;
};

/** Reads, in the caller's transaction, what the linking table asks about. */
export const readLinkingFacts = async (
  { connections, users, emails }: Pick<Stores, 'connections' | 'users' | 'emails'>,
  { provider, identity, caller }: { provider: { name: string }; identity: ProviderIdentity; caller: { user: User } | undefined },
): Promise<Known> => {
  const connection = await connections.find(provider.name, identity.providerUserId);
  const connectedUser = connection && (await users.find(connection.userId));
  const { email } = identity;
  const holder = email && (await users.findByEmail(email));
  const addresses = holder ? await emails.list(holder.id) : [];
  const own = caller && (await users.find(caller.user.id));
  const target = caller ? own : holder;
  const connected = target ? await connections.list(target.id) : [];
  const subject = connection ? connectedUser : holder;

  return {
    connection,
    connectedUser,
    holder,
    facts: {
      loggedIn: caller ? 'yes' : 'no',
      connectedTo: !connection ? 'nobody' : connection.userId === caller?.user.id ? 'caller' : 'somebody',
      providerAddress: !email ? 'missing' : identity.emailVerified ? 'verified' : 'unverified',
      localAddress: addressState(addresses, identity),
      status: subject?.status ?? 'none',
      ownAddress: own?.emailVerified
        ? 'verified'
        : own && identity.emailVerified && own.email === email
          ? 'proved_now'
          : 'unverified',
      slot: connected.some((one) => one.provider === provider.name) ? 'taken' : 'free',
    },
  };
};

const addressState = (addresses: readonly UserEmail[], { email }: ProviderIdentity): LinkingFacts['localAddress'] => {
  const named = addresses.find((own) => own.email === email);
  if (!named) return 'nobody';
  if (named.verifiedAt !== null) return 'verified';
  return addresses.some((own) => own.verifiedAt !== null) ? 'beside_proved' : 'unproved';
};
