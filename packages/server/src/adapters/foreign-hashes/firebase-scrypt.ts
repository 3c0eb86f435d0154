import { createCipheriv } from 'node:crypto';
import { digestLength, type HashFormat, readPhc, recipeOf } from './foreign-hash.ts';
import { deriveScrypt } from './scrypt.ts';

// Firebase's own scrypt: the key that scrypt derives encrypts the project's signer key with AES-256 in counter mode, and
// the ciphertext is the hash. Counter mode is an exclusive or with a key stream, so an import takes the signer key out again
// (`keyStreamOf`): the stream is kept, and no row and no setting has to hold the key of somebody else's project.

export type FirebaseScrypt = { signerKey: Buffer; saltSeparator: Buffer; rounds: number; memCost: number };

const keyStream = (key: Buffer, length: number): Buffer =>
  createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));

/** Undefined when the hash was made with another signer key, as far as its length tells. */
export const keyStreamOf = (hash: Buffer, signerKey: Buffer): Buffer | undefined =>
  hash.length === signerKey.length ? (hash.map((byte, index) => byte ^ signerKey[index]!) as Buffer) : undefined;

export const firebaseScryptFormat: HashFormat = {
  matches: (hash) => hash.startsWith('$firebase-scrypt$'),
  read: (hash) => {
    const read = readPhc(hash);
    const length = read && digestLength(read, 128);
    if (!read || length === undefined) return undefined;
    const { ln = 0, r = 0 } = read.parameters;
    const scrypt = deriveScrypt({ ln, r, p: 1, salt: read.salt, length: 32 });
    return (
      scrypt && {
        recipe: recipeOf({ ...read, parameters: { ln, r, l: length } }),
        digest: read.digest,
        cost: scrypt.cost,
        derive: async (password) => keyStream(await scrypt.derive(password), length),
      }
    );
  },
};
