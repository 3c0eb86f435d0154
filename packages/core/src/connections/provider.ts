import { type EmailAddress, localPart } from '../emails/email-address.ts';
import type { Result } from '../result.ts';
import type { ConnectionFlow } from './connection.ts';

/** Where people have accounts already. All adapters have this one shape, whatever the provider speaks. */
export type Provider = {
  /** In paths: `google`. */
  name: string;
  /** For people: `Google`. */
  label: string;
  /**
   * Whether the identity itself says which flow it was issued for (the nonce of an ID token). Where it does not, a code is
   * only believed together with the state: not every OAuth 2.0 server looks at the PKCE verifier.
   */
  identityNamesFlow: boolean;
  /** Where the person goes to log in. @throws Unavailable when the provider does not say. */
  authorizeUrl: (flow: Pick<ConnectionFlow, 'state' | 'nonce' | 'codeVerifier' | 'redirectUri'>) => Promise<string>;
  /**
   * Exchanges the code and finds out whose it is. `code_invalid` when the provider does not know the code, or it belongs to
   * another flow. @throws Unavailable for whatever else goes wrong there: down, slow, or saying nonsense.
   */
  identify: (
    flow: Pick<ConnectionFlow, 'state' | 'nonce' | 'codeVerifier' | 'redirectUri'>,
    answer: { code: string; issuer: string | undefined },
  ) => Promise<Result<ProviderIdentity, { code: 'code_invalid' }>>;
};

/** The providers that the configuration offers. */
export type Providers = {
  find: (name: string) => Provider | undefined;
  list: () => readonly Provider[];
};

export type ProviderIdentity = {
  /** `<issuer> <subject>` (OpenID Connect Core, section 5.7): a subject means nothing without who said it. */
  providerUserId: string;
  /** Missing where the provider gave none, or none that is an address here. */
  email: EmailAddress | undefined;
  /** Only what the provider says outright counts. */
  emailVerified: boolean;
  name: string | undefined;
  avatarUrl: string | undefined;
  /** Null unless the configuration asks for tokens to be kept. */
  sealedTokens: string | null;
};

const maxNameLength = 100;

/** A name fit for a profile, of whatever the provider has: what a person could not have typed here is left out. */
export const profileName = (name: string | undefined, email: EmailAddress): string => {
  const clean = (name ?? '')
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return [...(clean || localPart(email))].slice(0, maxNameLength).join('').trim();
};

/** Shown by other people's pages, so only what a person could have set here. */
export const profilePicture = (url: string | undefined): string | null => {
  const fits = url !== undefined && url.length <= 2048 && /^https:\/\/[^\s\p{Cc}]+$/u.test(url);
  return fits && URL.canParse(url) ? url : null;
};
