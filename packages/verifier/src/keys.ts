// The keys that verify. The key decides the algorithm, whatever a token's header says (RFC 8725, section 3.1): a shared
// secret verifies HS256 and nothing else, a public key its own algorithm and never HS256.

import { type CryptoKey, importJWK, type JWK } from 'jose';
import { decodeBase64url, encodeBase64url } from './base64url.ts';

export type VerificationKey = { kid: string; alg: 'HS256' | 'ES256' | 'EdDSA'; key: CryptoKey | Uint8Array };

export type Keys = {
  algorithms: readonly string[];
  /** `unavailable` when it may exist and could not be asked for. */
  find: (kid: string) => Promise<VerificationKey | 'unknown' | 'unavailable'>;
  /** Fetches again in the background when that is due. */
  touch: () => void;
};

/** Secrets as `tegata keys verification-secret` prints them: today's, and previous ones while their tokens live. */
export const secretKeys = (secrets: readonly string[]): Keys => {
  const decoded = secrets.map((secret) => {
    const bytes = decodeBase64url(secret.trim());
    if (!bytes || bytes.length < 32) {
      throw new TypeError('secret: give what `tegata keys verification-secret` prints, at least 32 bytes in base64url');
    }
    return bytes;
  });
  let found: Promise<Map<string, VerificationKey>> | undefined;
  const derive = async () => {
    const keys = await Promise.all(decoded.map(async (key) => ({ kid: await kidOf(key), alg: 'HS256' as const, key })));
    return new Map(keys.map((key) => [key.kid, key]));
  };
  return {
    algorithms: ['HS256'],
    find: async (kid) => {
      found ??= derive();
      return (await found).get(kid) ?? 'unknown';
    },
    touch: () => {},
  };
};

/** As the server names its derived keys. */
const kidOf = async (key: Uint8Array): Promise<string> => {
  const label = new TextEncoder().encode('access-token\0');
  const named = new Uint8Array(label.length + key.length);
  named.set(label);
  named.set(key, label.length);
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', named))).slice(0, 12);
};

export type RemoteKeysOptions = {
  url: string;
  fetch: typeof fetch;
  clock: () => number;
  /** A key is gone: nothing that it verified counts any more. */
  onRetired: () => void;
};

const freshMs = 5 * 60_000;
/** Between two fetches, however many unknown keys are asked for; shorter while there are no keys at all. */
const cooldownMs = 10_000;
const firstCooldownMs = 1_000;
const timeoutMs = 5_000;
const maxBytes = 256 * 1024;

/**
 * Public keys of a JWKS document. Kept for five minutes, then fetched again behind the back of the requests; while the
 * server does not answer, the last ones go on verifying. An unknown `kid` has it fetched at once, but not often.
 */
export const remoteKeys = ({ url, fetch, clock, onRetired }: RemoteKeysOptions): Keys => {
  let keys: ReadonlyMap<string, VerificationKey> | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let lastTryFailed = false;
  let fetching: Promise<void> | undefined;

  const refresh = (): Promise<void> => {
    triedAt = clock();
    fetching ??= fetchKeys(url, fetch)
      .then(
        (fetched) => {
          const isRetired = [...(keys?.keys() ?? [])].some((kid) => !fetched.has(kid));
          keys = fetched;
          fetchedAt = clock();
          lastTryFailed = false;
          if (isRetired) onRetired();
        },
        () => {
          lastTryFailed = true;
        },
      )
      .finally(() => {
        fetching = undefined;
      });
    return fetching;
  };

  return {
    algorithms: ['ES256', 'EdDSA'],
    find: async (kid) => {
      const known = keys?.get(kid);
      if (known) return known;
      const isDue = clock() - triedAt >= (keys ? cooldownMs : firstCooldownMs);
      if (isDue || fetching) await refresh();
      return keys?.get(kid) ?? (lastTryFailed || !keys ? 'unavailable' : 'unknown');
    },
    touch: () => {
      const now = clock();
      if (keys && now - fetchedAt >= freshMs && now - triedAt >= cooldownMs) void refresh();
    },
  };
};

const fetchKeys = async (url: string, fetch: RemoteKeysOptions['fetch']): Promise<ReadonlyMap<string, VerificationKey>> => {
  const headers = { Accept: 'application/json' };
  const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`the JWKS document answered ${response.status}`);
  const text = await response.text();
  if (text.length > maxBytes) throw new Error('the JWKS document is too big');
  const { keys } = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('that is no JWKS document');
  const imported = (await Promise.all(keys.map(importPublicKey))).filter((key) => key !== undefined);
  // Of two keys with one name neither can be meant.
  const once = imported.filter(({ kid }) => imported.filter((other) => other.kid === kid).length === 1);
  return new Map(once.map((key) => [key.kid, key]));
};

/** Undefined for a key of another kind or use, which another program may need. */
const importPublicKey = async (jwk: unknown): Promise<VerificationKey | undefined> => {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, kty, crv, x, y, alg: named, use, key_ops: operations } = jwk as JWK;
  const alg = kty === 'EC' && crv === 'P-256' ? 'ES256' : kty === 'OKP' && crv === 'Ed25519' ? 'EdDSA' : undefined;
  const mayVerify = operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
  const isForSignatures = (use === undefined || use === 'sig') && mayVerify;
  const isNamedSo = named === undefined || named === alg || (named === 'Ed25519' && alg === 'EdDSA');
  if (typeof kid !== 'string' || kid === '' || !alg || !isForSignatures || !isNamedSo) return undefined;
  try {
    const publicPart = { kty, crv, x, ...(y === undefined ? {} : { y }) } as JWK;
    return { kid, alg, key: await importJWK(publicPart, alg) };
  } catch {
    return undefined;
  }
};
