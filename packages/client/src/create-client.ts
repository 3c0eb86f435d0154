import type { ClientOptions, TransportChoice } from './options.ts';
import { createOrganizationClient, type OrganizationClient } from './organization.ts';
import { createStandardClient, type StandardClient } from './standard.ts';

/**
 * The client of a Tegata server; `contract` says by which of its doors, and gives the calls that this door has. Whoever knows
 * it beforehand gets a smaller bundle with `createStandardClient` or `createOrganizationClient`. For contract `cookie` there
 * is `createCookieClient`.
 *
 * Nothing is sent until `start` or a call.
 */
export const createClient: {
  (options?: { contract?: 'standard' } & ClientOptions & TransportChoice): StandardClient;
  (options: { contract: 'organization' } & ClientOptions & TransportChoice): OrganizationClient;
} = ({ contract, ...options }: { contract?: 'standard' | 'organization' } & ClientOptions & TransportChoice = {}): never =>
  (contract === 'organization' ? createOrganizationClient(options) : createStandardClient(options)) as never;
