import { z } from 'zod';
import type { FailureCode } from './failures.ts';

/**
 * A call for other services and not for people: it needs the credential of a service (`tegata services add`), and what it
 * answers has the shape of a standard of its own instead of the envelope.
 */
export type ServiceEndpoint = {
  method: 'GET' | 'POST';
  path: string;
  tag: 'Services';
  summary: string;
  description: string;
  scope: 'revocations:read' | 'introspect';
  /** Of `application/x-www-form-urlencoded`. */
  form?: z.ZodObject;
  success: { status: 200; contentType: 'application/json' | 'text/event-stream'; data: z.ZodType };
  failures: readonly (readonly [FailureCode, string])[];
  limit?: string;
};

const serviceEndpoint = <const Shape extends ServiceEndpoint>(shape: Shape): Shape => shape;

const seconds = z.int().describe('Seconds since 1970 UTC');
const milliseconds = z.int().describe('Milliseconds since 1970 UTC');

/** The `data` of an event `revocation`. */
export const revocationSchema = z.object({
  user_id: z.uuid(),
  session_id: z.uuid().optional().describe('Tokens of this session (`sid`) are revoked'),
  generation: z
    .int()
    .optional()
    .describe('Of that session, tokens of this rotation (`gen`) and earlier ones; all of them when missing'),
  issued_through: seconds.optional().describe('Without `session_id`: every token of the user issued (`iat`) up to this second'),
  reason: z.string().describe('A stable word for the cause, such as `logged_out`'),
  revoked_at: milliseconds,
  expires_at: milliseconds.describe('When the last token that it is about has expired'),
});

export const introspectionSchema = z.object({
  active: z.boolean().describe('Whether this server would take the token now; of an inactive token nothing else is told'),
  token_type: z.literal('Bearer').optional(),
  iss: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  sub: z.string().optional(),
  uid: z.uuid().optional().describe('The user'),
  sid: z.uuid().optional().describe('The session'),
  jti: z.string().optional(),
  iat: seconds.optional(),
  exp: seconds.optional(),
});

const failures = [
  ['UNAUTHORIZED', 'service credential required'],
  ['UNAUTHORIZED', 'invalid service credential'],
  ['FORBIDDEN', 'the service may not do this'],
] as const;

/** The calls of the standard contract that other services make. */
export const serviceEndpoints = {
  readRevocations: serviceEndpoint({
    method: 'GET',
    path: '/api/v1/revocations',
    tag: 'Services',
    summary: 'Hear what is revoked',
    description:
      'Server-sent events: first what was revoked as long ago as an access token can live, then an event `ready`, then each revocation within a second. `Last-Event-ID` leaves out what came well before that event; the same event may come twice. A comment every second says, in milliseconds, up to when everything was told.',
    scope: 'revocations:read',
    success: { status: 200, contentType: 'text/event-stream', data: revocationSchema },
    failures,
    limit: '600 a minute per service, and a number of streams a server (`TEGATA_FEED_READERS`)',
  }),
  introspectToken: serviceEndpoint({
    method: 'POST',
    path: '/api/v1/auth/introspect',
    tag: 'Services',
    summary: 'Ask whether an access token is good',
    description:
      'RFC 7662, with the credential of a service by Basic or Bearer. The session and the account behind the token are looked up with each call.',
    scope: 'introspect',
    form: z.object({ token: z.string().describe('The access token'), token_type_hint: z.string().optional() }),
    success: { status: 200, contentType: 'application/json', data: introspectionSchema },
    failures: [...failures, ['VALIDATION_ERROR', 'validation failed']],
    limit: '6000 a minute per service',
  }),
} as const;
