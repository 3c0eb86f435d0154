import type { Bucket, LimitState } from '@tegata/core';

/**
 * What can be wrong with a request before, or apart from, any use case. Each contract gives it its own shape and texts;
 * nothing is ever answered in another one's.
 */
export type Problem =
  /** `message` as the schema has it: the contract turns it into words. */
  | { kind: 'validation'; issues: { field: string; message: string }[] }
  | { kind: 'invalid_json' }
  | { kind: 'unsupported_media_type' }
  | { kind: 'body_too_large' }
  | { kind: 'foreign_origin' }
  | { kind: 'not_found' }
  | { kind: 'method_not_allowed'; allow: string[] }
  | { kind: 'rate_limited'; limit: LimitState & Bucket }
  | { kind: 'unavailable'; retryAfterSeconds: number }
  | { kind: 'internal' };

/** Thrown by guards and parsers, caught once by the app. */
export class HttpProblem extends Error {
  override name = 'HttpProblem';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.kind);
    this.problem = problem;
  }
}

export const rateLimited = (bucket: Bucket, state: LimitState) =>
  new HttpProblem({ kind: 'rate_limited', limit: { ...bucket, ...state } });

/** The headers that a problem carries in every contract (RFC 9110, RFC 6585, draft-ietf-httpapi-ratelimit-headers). */
export const problemHeaders = (problem: Problem): Record<string, string> => {
  if (problem.kind === 'method_not_allowed') return { Allow: problem.allow.join(', ') };
  if (problem.kind === 'unavailable') return { 'Retry-After': String(problem.retryAfterSeconds) };
  if (problem.kind !== 'rate_limited') return {};
  const { name, points, windowSeconds, remaining, resetSeconds } = problem.limit;
  return {
    'Retry-After': String(resetSeconds),
    'RateLimit-Policy': `"${name}";q=${points};w=${windowSeconds}`,
    RateLimit: `"${name}";r=${remaining};t=${resetSeconds}`,
    'RateLimit-Limit': String(points),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(resetSeconds),
  };
};
