// Passwords become Argon2id or bcrypt hashes, and either verifies whatever is configured, because the setting may have
// changed; so do the hashes that users brought along from elsewhere (`foreign-hashes/`). All of it runs in the hashing lane.

import { randomBytes } from 'node:crypto';
import * as argon2 from '@node-rs/argon2';
import type { PasswordHash, PasswordHasher } from '@tegata/core';
import bcrypt from 'bcrypt';
import { mostArgon2Work } from './foreign-hashes/argon2.ts';
import { bcryptReadsItWhole, mostBcryptCost } from './foreign-hashes/bcrypt.ts';
import { mostMemoryKiB } from './foreign-hashes/foreign-hash.ts';
import { verifyForeign } from './foreign-hashes/verify-foreign.ts';
import { readWrapped, wrappedPassword } from './foreign-hashes/wrapped-hash.ts';
import type { HashingLane } from './hashing-lane.ts';

export type HashParameters = { argon2: { memoryKiB: number; passes: number }; bcryptCost: number };

/** OWASP's password storage recommendation: Argon2id with 19 MiB, two passes and one lane; bcrypt with cost 12. */
export const recommendedParameters: HashParameters = { argon2: { memoryKiB: 19_456, passes: 2 }, bcryptCost: 12 };

const bcryptHash = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const argon2Hash = /^\$argon2(?:id|i|d)\$(v=\d+\$)?m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{11,}$/;

const isBcrypt = (hash: string): boolean => {
  const cost = Number(bcryptHash.exec(hash)?.[1]);
  return cost >= 4 && cost <= mostBcryptCost;
};

/** Undefined when `hash` is no Argon2 hash that can be verified. */
const compareArgon2 = async (password: string, hash: string): Promise<boolean | undefined> => {
  if (hash.length > 512 || !argon2Hash.test(hash)) return undefined;
  try {
    const { memoryCost, timeCost } = argon2.parseOptions(hash);
    if (memoryCost * timeCost > mostArgon2Work || memoryCost > mostMemoryKiB) return undefined;
    return await argon2.verify(hash, password);
  } catch {
    // The pattern is not the whole grammar: parameters may still contradict each other.
    return undefined;
  }
};

/** Undefined when `hash` is no wrapped one. The inner derivation is cheap, or it would not have been wrapped. */
const compareWrapped = async (password: string, hash: string): Promise<boolean | undefined> => {
  const wrapped = readWrapped(hash);
  if (!wrapped) return undefined;
  try {
    return await compareArgon2(wrappedPassword(await wrapped.inner.derive(password)), wrapped.outer);
  } catch {
    return undefined;
  }
};

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

/**
 * `parameters` is for tests that cannot afford the real cost. It is an argument of its own, so that no configuration
 * value can ever lower it.
 */
export const createPasswordHasher = (
  options: { algorithm: 'argon2id' | 'bcrypt'; lane: HashingLane },
  parameters: HashParameters = recommendedParameters,
): PasswordHasher => {
  const { algorithm, lane } = options;
  const { memoryKiB, passes } = parameters.argon2;
  const argon2Prefix = `$argon2id$v=19$m=${memoryKiB},t=${passes},p=1$`;
  const bcryptPrefix = `$2b$${String(parameters.bcryptCost).padStart(2, '0')}$`;
  const todaysPrefix = algorithm === 'argon2id' ? argon2Prefix : bcryptPrefix;

  // Random bytes in the place of salt and digest: nobody knows, nor can find, a password for them, and making them
  // costs no hash.
  const dummyHash = (
    algorithm === 'argon2id'
      ? `${argon2Prefix}${unpadded(randomBytes(16))}$${unpadded(randomBytes(32))}`
      : bcrypt.genSaltSync(parameters.bcryptCost) + randomBytes(24).toString('base64').replaceAll('+', '.').slice(0, 31)
  ) as PasswordHash;

  const compare = async (password: string, hash: string): Promise<boolean> => {
    const argon2Answer = await compareArgon2(password, hash);
    if (argon2Answer !== undefined) return argon2Answer;
    // The C code does not know PHP's name for what is otherwise `$2b$`.
    if (isBcrypt(hash) && bcryptReadsItWhole(password)) return bcrypt.compare(password, hash.replace('$2y$', '$2b$'));
    if (!isBcrypt(hash)) {
      const foreignAnswer = (await compareWrapped(password, hash)) ?? (await verifyForeign(password, hash));
      if (foreignAnswer !== undefined) return foreignAnswer;
    }
    // A quick "no" would tell that this account exists and has an odd hash.
    await compare(algorithm === 'bcrypt' ? '' : password, dummyHash);
    return false;
  };

  return {
    ensureRoom: lane.ensureRoom,
    hash: (password) =>
      lane.run(async () => {
        if (algorithm === 'bcrypt' && bcryptReadsItWhole(password)) return bcrypt.hash(password, parameters.bcryptCost);
        // With bcrypt configured this is the password that bcrypt would cut or confuse; policy refuses the long ones,
        // not those with a NUL.
        return argon2.hash(password, { memoryCost: memoryKiB, timeCost: passes, parallelism: 1, outputLen: 32 });
      }) as Promise<PasswordHash>,
    verify: (password, hash) => lane.run(() => compare(password, hash)),
    dummyHash,
    needsRehash: (hash) => !hash.startsWith(todaysPrefix) || hash.length !== dummyHash.length,
    maxBytes: algorithm === 'bcrypt' ? 72 : 256,
  };
};
