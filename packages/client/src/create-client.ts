import { type CookieClient, createCookieClient } from './cookie.ts';
import type { ClientOptions, TransportChoice } from './options.ts';
import { createOrganizationClient, type OrganizationClient } from './organization.ts';
import { createStandardClient, type StandardClient } from './standard.ts';

/** The client of each contract that it speaks. */
export type Clients = { standard: StandardClient; organization: OrganizationClient; cookie: CookieClient };

/**
 * The client of a Tegata server; `contract` says by which of its doors, and gives the calls that this door has. Whoever knows
 * the contract beforehand gets a smaller bundle with `createStandardClient` and its siblings.
 *
 * Nothing is sent until `start` or a call.
 */
export const createClient: {
  (options?: { contract?: 'standard' } & ClientOptions & TransportChoice): StandardClient;
  (options: { contract: 'organization' } & ClientOptions & TransportChoice): OrganizationClient;
  (options: { contract: 'cookie' } & ClientOptions): CookieClient;
} = ({ contract = 'standard', ...options }: { contract?: keyof Clients } & ClientOptions & TransportChoice = {}): never => {
  const create = { standard: createStandardClient, organization: createOrganizationClient, cookie: createCookieClient }[contract];
  return create(options as never) as never;
};
