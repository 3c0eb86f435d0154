/** Why a token is not accepted. Stable words, for logs and for whoever helps a client. */
export type TokenFailureCode =
  /** No compact JWS in its one spelling: truncated, padded, not JSON, a member twice. */
  | 'token_malformed'
  | 'token_too_long'
  /** A header member that no token of Tegata has, such as `jwk`, `jku`, `x5u` or `crit`. */
  | 'header_not_allowed'
  /** Not the algorithm of this verifier's keys: `none`, HS256 with a public key, … */
  | 'algorithm_not_allowed'
  /** Not an access token: a refresh token, an ID token, another program's JWT. */
  | 'type_wrong'
  | 'key_unknown'
  | 'signature_wrong'
  /** Signed, and without a claim that every access token has. */
  | 'claims_malformed'
  | 'issuer_wrong'
  | 'audience_wrong'
  | 'token_expired'
  | 'token_not_yet_valid'
  /** `reason` says why, such as `logged_out`. */
  | 'token_revoked'
  /** Older than `maxAgeSeconds` of the route. */
  | 'token_too_old'
  /** The feed of revocations is lost, and the policy is `closed`: only tokens issued since are accepted. */
  | 'feed_lost'
  /** The public keys could not be fetched, so nothing can be said about the token. Not the caller's fault: 503. */
  | 'keys_unavailable';

export type TokenFailure = { code: TokenFailureCode; reason?: string };
