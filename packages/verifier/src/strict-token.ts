// Reads compact JWS (RFC 7515) in exactly one spelling, before any library sees it: libraries decode base64url loosely and
// keep the last of two members with one name, which gives one token many texts and two readers two meanings. Nothing in a
// header is believed: what a forger could steer a verifier with (`jwk`, `jku`, `x5u`, `x5c`, `crit`, `b64`) is refused.

import { decodeBase64url } from './base64url.ts';
import type { TokenFailureCode } from './failures.ts';

export type StrictToken = { alg: string; kid: string; typ: string; payload: Record<string, unknown>; isSigned: boolean };

/** Longer than any token of Tegata; bounds what a stranger can make a service decode. */
const maxLength = 8192;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An object as `JSON.stringify` spells it, white space aside: no member twice, none hidden behind escapes, valid UTF-8. */
const parseStrictObject = (segment: string): Record<string, unknown> | undefined => {
  const bytes = decodeBase64url(segment);
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

/** The signature is not verified yet; the code of the first thing that is wrong otherwise. */
export const readStrictToken = (token: string, algorithms: readonly string[]): StrictToken | TokenFailureCode => {
  if (token.length > maxLength) return 'token_too_long';
  const [, head = '', body = '', signature = ''] = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/.exec(token) ?? [];
  const header = parseStrictObject(head);
  if (!header) return 'token_malformed';
  const { alg, kid, typ, ...others } = header;
  if (Object.keys(others).length > 0) return 'header_not_allowed';
  if (typeof alg !== 'string' || !algorithms.includes(alg)) return 'algorithm_not_allowed';
  if (typ !== 'at+jwt') return 'type_wrong';
  if (typeof kid !== 'string' || kid === '') return 'key_unknown';
  const payload = parseStrictObject(body);
  if (!payload || !decodeBase64url(signature)) return 'token_malformed';
  return { alg, kid, typ, payload, isSigned: signature !== '' };
};
