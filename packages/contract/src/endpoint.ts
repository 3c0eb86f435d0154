import type { z } from 'zod';
import type { FailureCode } from './failures.ts';

/** One call of the contract as a value: routes, documentation and clients are made from it. */
export type Endpoint = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `{name}` for path parameters, as OpenAPI writes it. */
  path: string;
  tag: 'Registration' | 'Sessions' | 'Passwords' | 'Account' | 'Addresses' | 'Connections';
  summary: string;
  description?: string;
  /**
   * `access_token`: `Authorization: Bearer`; `access_token_optional`: the call does something else with one, and refuses a bad
   * one. `refresh_token`: the refresh cookie, or the body field.
   */
  auth?: 'access_token' | 'access_token_optional' | 'refresh_token';
  query?: z.ZodObject;
  body?: z.ZodObject;
  /** Whether the call may come without a body. */
  bodyOptional?: boolean;
  success: { status: 200 | 201; data: z.ZodType; paginated?: boolean };
  /** What can go wrong beyond what every call shares: code and literal English text. */
  failures: readonly (readonly [FailureCode, string])[];
  /** The rate limit in words. */
  limit?: string;
};

export const endpoint = <const Shape extends Endpoint>(shape: Shape): Shape => shape;
