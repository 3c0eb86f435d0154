// Encryption at rest for what the database must not show, such as mails that wait with one-time tokens in them.
// AES-256-GCM; the text reads `v1.<key id>.<base64url of nonce, ciphertext and tag>`, and the part in front is
// authenticated too.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyRing } from './derived-keys.ts';

export type Seal = {
  seal: (text: string) => string;
  /** @throws Error when `sealed` was altered, is malformed, or its key is no longer in the ring. */
  open: (sealed: string) => string;
};

const nonceBytes = 12;
const tagBytes = 16;
const options = { authTagLength: tagBytes };

export const createSeal = (ring: KeyRing): Seal => {
  const [today] = ring;
  const keys = new Map(ring.map(({ kid, key }) => [kid, key]));
  return {
    seal: (text) => {
      const prefix = `v1.${today.kid}.`;
      // Random nonces are safe for 2^32 messages a key (NIST SP 800-38D, section 8.3).
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', today.key, nonce, options).setAAD(Buffer.from(prefix));
      const body = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return prefix + body.toString('base64url');
    },
    open: (sealed) => {
      const [, prefix = '', kid = '', encoded = ''] = /^(v1\.([\w-]+)\.)([\w-]+)$/.exec(sealed) ?? [];
      const body = Buffer.from(encoded, 'base64url');
      if (body.length < nonceBytes + tagBytes) throw new Error('A sealed text is malformed');
      const key = keys.get(kid);
      if (!key) throw new Error(`A sealed text needs the key ${kid}, which is of no secret this server knows`);
      const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, nonceBytes), options)
        .setAAD(Buffer.from(prefix))
        .setAuthTag(body.subarray(-tagBytes));
      const text = decipher.update(body.subarray(nonceBytes, -tagBytes));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    },
  };
};
