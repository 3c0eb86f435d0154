import { type AccessClaims, checkClaims, checkTimes, userIdOf } from './claims.ts';
import type { TokenFailure, TokenFailureCode } from './failures.ts';
import { connectFeed, type FeedHealth } from './feed.ts';
import { type Keys, remoteKeys, secretKeys } from './keys.ts';
import { createRecent } from './recent.ts';
import { createRevocations } from './revocations.ts';
import { isSignedBy, readStrictToken } from './strict-token.ts';

/** `open`: tokens are accepted until they expire. `closed`: only those issued since the feed was lost. */
export type LostFeedPolicy = 'open' | 'closed';

type KeySource =
  /** Where the server publishes its public keys: `<server>/.well-known/jwks.json`. */
  | { jwks: string | URL; secret?: undefined }
  /** For a server that signs with HS256: what `tegata keys verification-secret` prints. During a change, several. */
  | { secret: string | readonly string[]; jwks?: undefined };

export type VerifierOptions = KeySource & {
  /** `TEGATA_ISSUER` of the server. */
  issuer: string;
  /** `TEGATA_AUDIENCE` of the server: what the token must be meant for. */
  audience: string;
  /** How far this machine's clock may be from the server's, in seconds; default 5. */
  clockToleranceSeconds?: number;
  /** Verified tokens kept in memory, so that a signature is checked once; default 10 000, 0 for none. */
  rememberedTokens?: number;
  /** Hear of revocations within a second. Without it a revoked token lives until it expires. */
  feed?: {
    /** `<server>/api/v1/revocations`. */
    url: string | URL;
    /** What `tegata services add` printed, with the scope `revocations:read`. */
    credential: string;
    /** When the feed is lost; default `open`. A route can ask for more: `requireFresh` is `closed`. */
    onLost?: LostFeedPolicy;
    /** Without a sign of the server for this long the feed is lost, in milliseconds; default 3000. The server sends one each second. */
    staleAfterMs?: number;
  };
  /** Milliseconds since 1970, for tests. */
  clock?: () => number;
  /** For runtimes with a `fetch` of their own. */
  fetch?: typeof fetch;
};

/** Who is calling, as the token says it. */
export type VerifiedUser = { id: string; sessionId: string; claims: Readonly<AccessClaims> };

export type Verification = { ok: true; user: VerifiedUser } | { ok: false; failure: TokenFailure };

export type VerifyOptions = {
  /** Instead of the verifier's own policy. */
  onLostFeed?: LostFeedPolicy;
  /** Refuses tokens issued longer ago. */
  maxAgeSeconds?: number;
};

export type Verifier = {
  /** Never throws for a token, whatever it is. */
  verify: (token: string, options?: VerifyOptions) => Promise<Verification>;
  health: () => FeedHealth;
  /** Waits until the feed has told everything that is revoked; at once without a feed. @throws Error when that takes longer. */
  ready: (withinMs?: number) => Promise<void>;
  /** Ends the subscription. Tokens are still verified; the feed counts as lost. */
  close: () => void;
};

/**
 * Checks access tokens of a Tegata server without asking it.
 * @throws TypeError for options that cannot work.
 */
export const createVerifier = (options: VerifierOptions): Verifier => {
  const { issuer, audience, clockToleranceSeconds: toleranceSeconds = 5, clock = Date.now } = options;
  if (!issuer || !audience) throw new TypeError('issuer and audience: give those of the server');
  // A name of its own for this call: some runtimes want `fetch` called on the global object.
  const fetchNow: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init));
  const expected = { issuer, audience, toleranceSeconds };
  const recent = createRecent<VerifiedUser>(options.rememberedTokens ?? 10_000);
  const keys = keysOf(options, { fetch: fetchNow, clock, onRetired: recent.clear });
  const revocations = createRevocations(clock);
  const feed =
    options.feed &&
    connectFeed({
      url: String(options.feed.url),
      credential: options.feed.credential,
      staleAfterMs: options.feed.staleAfterMs ?? 3_000,
      revocations,
      clock,
      fetch: fetchNow,
    });
  const policy = options.feed?.onLost ?? 'open';

  const verifySignature = async (token: string, now: number): Promise<VerifiedUser | TokenFailureCode> => {
    const strict = readStrictToken(token, keys.algorithms);
    if (typeof strict === 'string') return strict;
    const found = await keys.find(strict.jws.kid);
    if (found === 'unknown') return 'key_unknown';
    if (found === 'unavailable') return 'keys_unavailable';
    if (found.alg !== strict.jws.alg) return 'algorithm_not_allowed';
    if (!(await isSignedBy(strict.jws, found))) return 'signature_wrong';
    const claims = checkClaims(strict.payload, expected, now);
    if (typeof claims === 'string') return claims;
    return deepFreeze({ id: userIdOf(claims), sessionId: claims.sid, claims });
  };

  /** What changes while a token lives. */
  const failureNow = ({ claims }: VerifiedUser, now: number, asked: VerifyOptions): TokenFailure | undefined => {
    const late = checkTimes(claims, toleranceSeconds, now);
    if (late) return { code: late };
    const reason = revocations.reasonFor(claims);
    if (reason !== undefined) return { code: 'token_revoked', reason };
    if (asked.maxAgeSeconds !== undefined && now / 1000 - claims.iat > asked.maxAgeSeconds + toleranceSeconds) {
      return { code: 'token_too_old' };
    }
    if ((asked.onLostFeed ?? policy) === 'open') return undefined;
    // Without a feed nothing was ever known: as if it had been lost before any token was issued.
    const lostSince = feed ? feed.lostSince() : Number.POSITIVE_INFINITY;
    return lostSince !== undefined && claims.iat * 1000 <= lostSince ? { code: 'feed_lost' } : undefined;
  };

  return {
    verify: async (token, asked = {}) => {
      const now = clock();
      keys.touch();
      // From an adapter that was not compiled: a header that is missing, or a list of them.
      if (typeof token !== 'string') return { ok: false, failure: { code: 'token_malformed' } };
      let user = recent.get(token);
      if (!user) {
        const verified = await verifySignature(token, now);
        if (typeof verified === 'string') return { ok: false, failure: { code: verified } };
        user = verified;
        recent.set(token, user);
      }
      const failure = failureNow(user, now, asked);
      return failure ? { ok: false, failure } : { ok: true, user };
    },
    health: () =>
      feed?.health() ?? {
        state: 'off',
        lagMs: undefined,
        knownUntil: undefined,
        revoked: 0,
        reconnects: 0,
        lastError: undefined,
      },
    ready: async (withinMs = 10_000) => feed?.ready(withinMs),
    close: () => feed?.close(),
  };
};

const keysOf = (options: VerifierOptions, remote: { fetch: typeof fetch; clock: () => number; onRetired: () => void }): Keys => {
  if (options.secret !== undefined && options.jwks === undefined) return secretKeys([options.secret].flat());
  if (options.jwks !== undefined && options.secret === undefined) return remoteKeys({ url: String(options.jwks), ...remote });
  throw new TypeError('give either jwks or secret: a verifier with both could be made to confuse them');
};

const deepFreeze = <Value>(value: Value): Value => {
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
};
