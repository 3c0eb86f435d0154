// Every key of the server comes from TEGATA_SECRET, one for each purpose, by HKDF (RFC 5869): a leak or a weakness of
// one purpose says nothing about another, and a token made for one can never be taken for another.

import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

export type KeyLabel =
  | 'access-token'
  | 'refresh-token'
  | 'outbox'
  | 'device-cookie'
  | 'one-time-code'
  | 'lockout-subject'
  | 'csrf'
  | 'signing-key'
  | 'oauth-flow'
  | 'provider-tokens'
  | 'doctor';

/** `key` is a `KeyObject`, because printing or serializing one shows no key. */
export type DerivedKey = { kid: string; key: KeyObject };

/** Today's key first, then those of earlier secrets: all of them verify and open, the first one signs and seals. */
export type KeyRing = readonly [DerivedKey, ...DerivedKey[]];

export type DerivedKeys = { ring: (label: KeyLabel) => KeyRing; current: (label: KeyLabel) => DerivedKey };

const derive = (secret: string, label: KeyLabel): DerivedKey => {
  const bytes = Buffer.from(hkdfSync('sha256', secret, 'tegata keys v1', label, 32));
  // Public by design: the first 72 bits of a hash over 256 random ones.
  const kid = createHash('sha256').update(label).update('\0').update(bytes).digest('base64url').slice(0, 12);
  return { kid, key: createSecretKey(bytes) };
};

/** `secrets`: today's first, then previous ones that must still verify. The configuration has checked their strength. */
export const deriveKeys = (secrets: readonly [string, ...string[]]): DerivedKeys => {
  const [today, ...earlier] = secrets;
  return {
    ring: (label) => [derive(today, label), ...earlier.map((secret) => derive(secret, label))],
    current: (label) => derive(today, label),
  };
};
