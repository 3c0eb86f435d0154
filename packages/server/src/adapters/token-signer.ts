// Access and refresh tokens as the core sees them: claims in, text out, and back. The two kinds have different keys,
// `typ` and audience, so that each of the three alone keeps one from being taken for the other (RFC 8725, section
// 3.12).

import type { AccessClaims, Clock, RefreshClaims, TokenSigner, VerifiedToken } from '@tegata/core';
import { LRUCache } from 'lru-cache';
import type { AccessKeys } from './access-keys.ts';
import type { SigningKey, SigningKeyRing } from './signing-key.ts';
import { isSignedBy, parseStrictObject, readCompactJws, writeCompactJws } from './strict-jws.ts';
import { type Audience, checkClaims } from './token-claims.ts';

export type TokenSignerOptions = {
  accessKeys: AccessKeys;
  /** Of a deterministic algorithm, which ES256 is not: the same successor must be signed again, byte for byte. */
  refreshKeys: SigningKeyRing;
  /** `iss` of every token. */
  issuer: string;
  /** `aud` of access tokens, one or several. Refresh tokens are for `<issuer>/refresh`. */
  audience: Audience;
  clock: Clock;
  /** Verified access tokens kept in memory, so that their signature is checked once; default 10 000. */
  rememberedTokens?: number;
};

type TokenKind = { typ: string; find: (kid: string) => Promise<SigningKey | undefined>; issuer: string; audience: Audience };

const byKid = (ring: SigningKeyRing): ReadonlyMap<string, SigningKey> => new Map(ring.map((key) => [key.kid, key]));

const deepFreeze = <Value>(value: Value): Value => {
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
};

type Verified<Claims> = VerifiedToken<Claims> & { kid?: string };

const verify = async <Claims>(token: string, kind: TokenKind, clock: Clock): Promise<Verified<Claims>> => {
  const jws = readCompactJws(token);
  const key = jws && jws.header.typ === kind.typ ? await kind.find(jws.header.kid) : undefined;
  if (!jws || !key || !(await isSignedBy(jws, key))) return { state: 'invalid' };
  const payload = parseStrictObject(jws.payload);
  return payload ? { ...checkClaims<Claims>(payload, kind, clock()), kid: key.kid } : { state: 'invalid' };
};

export const createTokenSigner = (options: TokenSignerOptions): TokenSigner => {
  const { accessKeys, refreshKeys, issuer, clock } = options;
  const audiences = [options.audience].flat();
  const audience: Audience = audiences.length === 1 ? String(audiences[0]) : audiences;
  const access: TokenKind = { typ: 'at+jwt', find: accessKeys.find, issuer, audience };
  const refreshByKid = byKid(refreshKeys);
  const findRefresh = async (kid: string) => refreshByKid.get(kid);
  const refresh: TokenKind = { typ: 'rt+jwt', find: findRefresh, issuer, audience: `${issuer}/refresh` };
  // By the whole token: a digest or a part of it could one day give somebody another person's claims.
  const verified = new LRUCache<string, { claims: AccessClaims; kid: string }>({ max: options.rememberedTokens ?? 10_000 });

  return {
    signAccess: async (claims) =>
      writeCompactJws(access.typ, { ...claims, iss: issuer, aud: audience }, await accessKeys.signing()),

    signRefresh: async ({ sub, iat, exp, jti, sid, gen, ...more }, kid = refreshKeys[0].kid) => {
      const key = refreshByKid.get(kid);
      if (!key) throw new Error(`No refresh key ${kid} in the ring`);
      return writeCompactJws(refresh.typ, { ...more, iss: issuer, aud: refresh.audience, sub, iat, exp, jti, sid, gen }, key);
    },

    refreshKid: () => refreshKeys[0].kid,

    verifyAccess: async (token) => {
      const known = verified.get(token);
      if (known) {
        const { claims, kid } = known;
        // The signature was checked; whether its key still counts is another question.
        const isBelieved = (await accessKeys.find(kid)) !== undefined;
        if (isBelieved && claims.exp * 1000 > clock()) return { state: 'valid', claims };
        verified.delete(token);
        return isBelieved ? { state: 'expired', claims } : { state: 'invalid' };
      }
      const { kid = '', ...answer } = await verify<AccessClaims>(token, access, clock);
      if (answer.state !== 'valid') return answer;
      const claims = deepFreeze(answer.claims);
      verified.set(token, { claims, kid });
      return { state: 'valid', claims };
    },

    verifyRefresh: async (token) => {
      const { kid: _, ...answer } = await verify<RefreshClaims>(token, refresh, clock);
      return answer;
    },
  };
};
