// What a look at the running server found. The rules know nothing else about the network, so a test can write a whole
// topology down.

/** What the server saw of requests that the doctor sent through everything in front of it. */
export type Seen = {
  /** Who held the other end of the server's socket: the last proxy, or the doctor itself. */
  socketAddress: string | null;
  /** As it arrived, where the doctor had sent none. */
  forwardedFor: string | undefined;
  /** For whom the server took it. */
  clientAddress: string | null;
  /** The same where the doctor had written `192.0.2.1` into `X-Forwarded-For`, as a stranger would. */
  spoofed: { forwardedFor: string | undefined; clientAddress: string | null };
  /** Headers that were sent and did not arrive, in lower case. */
  lostHeaders: readonly string[];
  publicUrl: string;
  contracts: readonly string[];
  /** A fingerprint of the database: two servers over one database have the same. */
  database: string;
};

export type LiveFacts = {
  /** The origin that was asked. */
  url: string;
  /** Undefined when nothing answered, for `unreachable` says why. */
  unreachable?: { why: 'no-address' | 'refused' | 'timeout' | 'certificate' | 'other'; detail: string } | undefined;
  /** Of `/health/ready`, redirects not followed. */
  ready: { status: number; isTegata: boolean; location: string | undefined };
  certificate: { daysLeft: number } | undefined;
  /** What the same host says over plain http; undefined where there was nothing to ask. */
  plainHttp: 'closed' | 'redirects' | 'serves' | undefined;
  hsts: string | undefined;
  cacheControl: string | undefined;
  age: string | undefined;
  /** How far the server's clock is ahead of this machine's. */
  clockAheadSeconds: number | undefined;
  /** What came of the cookies that each contract clears on request: the attributes are those of a log-in. */
  cookies: readonly { contract: string; setCookies: readonly string[] }[];
  /** The answer to a preflight from each origin that may call, and from one that may not. */
  preflights: readonly { origin: string; expected: boolean; allowOrigin: string | undefined; allowCredentials: boolean }[];
  /** `unknown-secret`: the server does not know the doctor's secret, or is older than this doctor. */
  seen: Seen | 'unknown-secret';
};

/** Nobody has this address (RFC 5737), so a server that takes a caller for it believes what callers write. */
export const spoofedAddress = '192.0.2.1';
/** No page can come from there (RFC 2606). */
export const foreignOrigin = 'https://tegata-doctor.invalid';
