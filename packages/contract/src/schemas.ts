import { z } from 'zod';
import { type FailureCode, failureStatus } from './failures.ts';

const time = z.iso.datetime().describe('ISO 8601, UTC');

export const userSchema = z
  .object({
    id: z.uuid(),
    email: z.string().describe('The primary address'),
    name: z.string(),
    avatar_url: z.string().optional(),
    status: z.enum(['pending', 'active', 'suspended', 'deactivated']),
    email_verified: z.boolean(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'User' });

export const sessionSchema = z
  .object({
    id: z.uuid(),
    user_agent: z.string().nullable(),
    ip_address: z.string().nullable(),
    created_at: time,
    last_used_at: time.describe('When it was started or last refreshed'),
    expires_at: time,
    current: z.boolean().describe('Whether it is the session of this request'),
  })
  .meta({ id: 'Session' });

export const emailSchema = z
  .object({
    id: z.uuid(),
    email: z.string(),
    primary: z.boolean(),
    verified: z.boolean(),
    created_at: time,
  })
  .meta({ id: 'Email' });

export const providerSchema = z
  .object({ name: z.string().describe('As in the paths: `google`'), label: z.string().describe('For people: `Google`') })
  .meta({ id: 'Provider' });

export const connectionSchema = z
  .object({
    provider: z.string(),
    email: z.string().nullable().describe('What the provider said at the last log-in; not necessarily an address of the account'),
    created_at: time,
    updated_at: time.describe('When it was last used to log in'),
  })
  .meta({ id: 'Connection' });

export const messageSchema = z.object({ message: z.string() });

const detailSchema = z.object({
  field: z.string().optional(),
  message: z.string().optional(),
  locked_until: time.optional(),
});

export const paginationSchema = z
  .object({
    page: z.int(),
    per_page: z.int(),
    total_items: z.int(),
    total_pages: z.int(),
    has_next: z.boolean(),
    has_prev: z.boolean(),
  })
  .meta({ id: 'Pagination' });

export const errorSchema = z
  .object({
    error: z.object({
      code: z.enum(Object.keys(failureStatus) as [FailureCode, ...FailureCode[]]),
      message: z.string().describe('For people, in the language of `Accept-Language`'),
      reason: z.string().optional().describe('A stable word for the cause, such as `session_revoked`'),
      details: z.array(detailSchema).optional(),
    }),
    meta: z.null(),
  })
  .meta({ id: 'Error' });

export type UserBody = z.infer<typeof userSchema>;
export type SessionBody = z.infer<typeof sessionSchema>;
export type EmailBody = z.infer<typeof emailSchema>;
export type ConnectionBody = z.infer<typeof connectionSchema>;
export type PaginationBody = z.infer<typeof paginationSchema>;
export type ErrorDetail = z.infer<typeof detailSchema>;
