/** What every call gives: expected failures are values, so that the compiler asks for them. Nothing here is thrown. */
export type Result<Value, Problem> = { ok: true; value: Value } | { ok: false; failure: Problem };

/** What the client itself says of a call. Codes of the contract are in capitals, these are not. */
export type TroubleCode =
  /** No answer: offline, name not found, refused by CORS, timed out. Whether the server heard the call is not known. */
  | 'network'
  /** An answer that is not the contract's, or a 5xx: the server or something before it is down. Try again later. */
  | 'unavailable'
  /** Too many calls: `retryAfterSeconds` says when to come back. */
  | 'rate_limited'
  /** A refusal that this call does not name: a mistake in the program or its configuration. `message` says which. */
  | 'unexpected';

/**
 * Why a call failed. `code` is one of the contract's codes for that very call, or one of the client's own; a `switch` over
 * it is checked to be complete.
 */
export type Failure<Code extends string = never> = {
  code: Code | TroubleCode;
  /** For people, in the language of the request, when the server said it; else in English. */
  message: string;
  /** The contract's stable word for the cause, such as `email_not_verified` or `session_revoked`. */
  reason?: string | undefined;
  /** What is wrong with which field, by the names of the wire. */
  fields?: Record<string, string> | undefined;
  /** ISO 8601: when a locked account takes log-ins again. */
  lockedUntil?: string | undefined;
  retryAfterSeconds?: number | undefined;
  /** HTTP status, 0 without an answer. */
  status: number;
  /** For the server's log. */
  requestId?: string | undefined;
};

/** A call that needs somebody to be logged in, and nobody is any more: `reason` says why. */
export type LoggedOutCode = 'logged_out';

export const ok = <Value>(value: Value): { ok: true; value: Value } => ({ ok: true, value });

export const fail = <Problem>(failure: Problem): { ok: false; failure: Problem } => ({ ok: false, failure });
