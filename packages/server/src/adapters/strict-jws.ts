// Reads and writes compact JWS (RFC 7515) in exactly one spelling. The libraries decode base64url loosely: white space,
// padding and stray tail bits all verify there, which gives one token many texts, and a list of revoked ones a hole.
// Nothing is believed here: `jwk`, `jku`, `crit` and all other header members that a forger could steer a verifier with
// are refused unread.

import type { SigningKey } from './signing-key.ts';

export type JwsHeader = { alg: string; kid: string; typ?: string };

/** What a token says, its signature not yet verified. */
export type CompactJws = { header: JwsHeader; payload: Buffer; signature: Buffer; signingInput: string };

/** Longer than any token with the largest claims of ours; bounds what a stranger can make this server decode. */
const maxTokenLength = 8192;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decodeCanonical = (segment: string): Buffer | undefined => {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
};

/**
 * A JSON object as `JSON.stringify` spells it, white space aside. That refuses duplicate members, of which `JSON.parse`
 * silently keeps the last, along with members hidden behind escapes, and invalid UTF-8.
 */
export const parseStrictObject = (bytes: Uint8Array): Record<string, unknown> | undefined => {
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

const parseHeader = (bytes: Uint8Array): JwsHeader | undefined => {
  const { alg, kid, typ, ...others } = parseStrictObject(bytes) ?? {};
  if (typeof alg !== 'string' || typeof kid !== 'string' || Object.keys(others).length > 0) return undefined;
  if (typ === undefined) return { alg, kid };
  return typeof typ === 'string' ? { alg, kid, typ } : undefined;
};

/** Undefined for all that is not, to the last bit, a compact JWS with `alg`, `kid`, perhaps `typ`, and no other header. */
export const readCompactJws = (token: string): CompactJws | undefined => {
  if (token.length > maxTokenLength) return undefined;
  const [, first, second, third] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
  if (!first || !second || !third) return undefined;
  const [headerBytes, payload, signature] = [decodeCanonical(first), decodeCanonical(second), decodeCanonical(third)];
  if (!headerBytes || !payload || !signature) return undefined;
  const header = parseHeader(headerBytes);
  return header && { header, payload, signature, signingInput: `${first}.${second}` };
};

/** The key decides the algorithm; a header that names another one is refused before anything is computed. */
export const isSignedBy = async (jws: CompactJws, key: SigningKey): Promise<boolean> =>
  jws.header.alg === key.alg && jws.header.kid === key.kid && (await key.verify(jws.signingInput, jws.signature));

const encodeJson = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @throws Error when the token would be longer than `readCompactJws` takes. */
export const writeCompactJws = async (typ: string, payload: object, key: SigningKey): Promise<string> => {
  const signingInput = `${encodeJson({ alg: key.alg, typ, kid: key.kid })}.${encodeJson(payload)}`;
  const token = `${signingInput}.${Buffer.from(await key.sign(signingInput)).toString('base64url')}`;
  if (token.length > maxTokenLength) throw new Error(`A token of ${token.length} characters is too long to be accepted again`);
  return token;
};
