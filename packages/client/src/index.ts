export type { ApplicationFetch } from './application-calls.ts';
export { type CookieClient, type CookieUser, createCookieClient } from './cookie.ts';
export { type Clients, createClient } from './create-client.ts';
export type { Channel, Environment, Locks } from './environment.ts';
export { pageEnvironment, plainEnvironment } from './environment.ts';
export type { ClientOptions, TokenKeeper, TransportChoice } from './options.ts';
export {
  createOrganizationClient,
  type OrganizationClient,
  type OrganizationToken,
  type OrganizationUser,
} from './organization.ts';
export type { Failure, LoggedOutCode, Result, TroubleCode } from './result.ts';
export type { AuthState } from './session.ts';
export { createStandardClient, type StandardClient } from './standard.ts';
export type * from './standard-types.ts';
