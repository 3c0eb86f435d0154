// Reads compact JWS (RFC 7515) in exactly one spelling, before any library sees it: libraries decode base64url loosely and
// keep the last of two members with one name, which gives one token many texts and two readers two meanings. Nothing in a
// header is believed: what a forger could steer a verifier with (`jwk`, `jku`, `x5u`, `x5c`, `crit`, `b64`) is refused.

import { compactVerify, errors } from 'jose';
import { decodeBase64url } from './base64url.ts';
import type { TokenFailureCode } from './failures.ts';
import type { VerificationKey } from './keys.ts';

/** What a token says, its signature not yet verified. */
export type CompactJws = { text: string; alg: string; kid: string; typ: unknown; payload: Uint8Array; signature: Uint8Array };

export type StrictToken = { jws: CompactJws; payload: Record<string, unknown> };

/** Longer than any token of Tegata; bounds what a stranger can make a service decode. */
const maxLength = 8192;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An object as `JSON.stringify` spells it, white space aside: no member twice, none hidden behind escapes, valid UTF-8. */
const parseStrictObject = (bytes: Uint8Array | undefined): Record<string, unknown> | undefined => {
  if (!bytes) return undefined;
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const canonical = JSON.stringify(value);
    const isCanonical = text === canonical || text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1') === canonical;
    return isCanonical ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

/** The code of the first thing that is wrong, or what to verify. */
export const readCompactJws = (token: string, algorithms: readonly string[]): CompactJws | TokenFailureCode => {
  if (token.length > maxLength) return 'token_too_long';
  const [, head = '', body = '', third = ''] = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/.exec(token) ?? [];
  const header = parseStrictObject(decodeBase64url(head));
  if (!header) return 'token_malformed';
  const { alg, kid, typ, ...others } = header;
  if (Object.keys(others).length > 0) return 'header_not_allowed';
  if (typeof alg !== 'string' || !algorithms.includes(alg)) return 'algorithm_not_allowed';
  const [payload, signature] = [decodeBase64url(body), decodeBase64url(third)];
  if (!payload || !signature) return 'token_malformed';
  if (typeof kid !== 'string' || kid === '') return 'key_unknown';
  return { text: token, alg, kid, typ, payload, signature };
};

/** An access token whose signature is not verified yet, or the code of the first thing that is wrong. */
export const readStrictToken = (token: string, algorithms: readonly string[]): StrictToken | TokenFailureCode => {
  const jws = readCompactJws(token, algorithms);
  if (typeof jws === 'string') return jws;
  if (jws.typ !== 'at+jwt') return 'type_wrong';
  const payload = parseStrictObject(jws.payload);
  return payload ? { jws, payload } : 'token_malformed';
};

/** The only place that verifies: nothing that was not read by `readCompactJws` gets here. */
export const isSignedBy = async (jws: CompactJws, { alg, key }: VerificationKey): Promise<boolean> => {
  if (jws.alg !== alg || jws.signature.length === 0) return false;
  try {
    await compactVerify(jws.text, key, { algorithms: [alg] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
};
