/**
 * What every backend of the stores must do, as tests: one suite a port. A backend's own test file calls these with a
 * function that opens empty stores.
 */
export { atomicallyContract } from './atomically.ts';
export { auditContract } from './audit.ts';
export { connectionStoreContract } from './connection-store.ts';
export { emailStoreContract } from './email-store.ts';
export { leaseStoreContract } from './lease-store.ts';
export { lockoutStoreContract } from './lockout-store.ts';
export { oneTimeTokenStoreContract } from './one-time-token-store.ts';
export { organizationStoreContract } from './organization-store.ts';
export { outboxContract } from './outbox.ts';
export { passwordStoreContract } from './password-store.ts';
export { purgeStoreContract } from './purge-store.ts';
export { serviceStoreContract } from './service-store.ts';
export { sessionStoreContract } from './session-store.ts';
export { signingKeyStoreContract } from './signing-key-store.ts';
export { singleUseContract } from './single-use.ts';
export type { CommitHooks, OpenStores, StoresUnderTest } from './stores-under-test.ts';
export { userStoreContract } from './user-store.ts';
