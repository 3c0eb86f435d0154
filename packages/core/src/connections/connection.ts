import type { EmailAddress } from '../emails/email-address.ts';

/** One account at a provider that logs a user in here. */
export type Connection = {
  id: string;
  userId: string;
  /** The provider's name in the configuration: `google`, `github` or that of an OpenID Connect provider. */
  provider: string;
  /** Issuer and subject together: see `ProviderIdentity`. Never an address, which may change hands. */
  providerUserId: string;
  /** What the provider said at the last log-in, shown to the owner; nothing is decided by it. */
  email: EmailAddress | null;
  /** Encrypted, and only where the configuration asks for them to be kept. */
  sealedTokens: string | null;
  createdAt: number;
  updatedAt: number;
};

export type ConnectionStore = {
  /**
   * False when the account at the provider is connected already, to anybody, or the user has another one of that
   * provider: the caller fails its transaction. Never throws for a duplicate.
   */
  add: (connection: Connection) => Promise<boolean>;
  find: (provider: string, providerUserId: string) => Promise<Connection | undefined>;
  /** Oldest first. */
  list: (userId: string) => Promise<Connection[]>;
  /** What the provider said this time. */
  update: (id: string, said: Pick<Connection, 'email' | 'sealedTokens'>, now: number) => Promise<void>;
  /** True for the one caller that removed it. */
  remove: (userId: string, provider: string) => Promise<boolean>;
  removeAll: (userId: string) => Promise<void>;
};

/** A log-in on its way through a provider. It travels encrypted in the person's own browser and nowhere else. */
export type ConnectionFlow = {
  provider: string;
  /** RFC 6749, section 10.12: ties the answer to this browser. */
  state: string;
  /** OpenID Connect Core, section 3.1.2.1: ties the ID token to this flow. */
  nonce: string;
  /** RFC 7636: whoever gets hold of the code cannot use it without this. */
  codeVerifier: string;
  /** Sent again with the code, letter by letter (RFC 6749, section 4.1.3). */
  redirectUri: string;
  /** Set when a logged-in person is adding a connection: nobody else may finish it. */
  userId?: string | undefined;
  expiresAt: number;
};

export type ConnectionFlows = {
  /** Encrypts and signs. */
  seal: (flow: ConnectionFlow) => string;
  /** Undefined for everything that this server did not seal. */
  open: (sealed: string) => ConnectionFlow | undefined;
};

/** Ten minutes: long enough to make an account at the provider on the way. */
export const flowTtlSeconds = 600;
