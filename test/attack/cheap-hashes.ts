import type { HashParameters } from '../../packages/server/src/adapters/password-hasher.ts';

/** The cheapest that the library takes: races are about what happens around the hash. */
export const cheapParameters: HashParameters = { argon2: { memoryKiB: 64, passes: 1 }, bcryptCost: 4 };
