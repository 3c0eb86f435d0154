import type { Context } from 'hono';
import { z } from 'zod';
import { refusal } from './refusal.ts';
import { statuses } from './tasks-store.ts';

// What a request may say about tasks. Fields that are not named here, such as somebody's `user_id`, are ignored.

const textUpTo = (max: number, message: string) =>
  z.string(message).refine((text) => text.isWellFormed() && [...text].length <= max, message);

const titleMessage = 'title must be 1 to 100 characters';
const fields = {
  title: z.string(titleMessage).trim().min(1, titleMessage).pipe(textUpTo(100, titleMessage)),
  description: textUpTo(1000, 'description must be at most 1000 characters'),
  status: z.enum(statuses, `status must be one of ${statuses.join(', ')}`),
  due_date: z.union(
    [z.iso.date(), z.iso.datetime({ offset: true }), z.null()],
    'due_date must be an ISO 8601 date, a date and time with its offset, or null',
  ),
};

export const newTask = z.object({
  ...fields,
  description: fields.description.default(''),
  status: fields.status.default('todo'),
  due_date: fields.due_date.default(null),
});

export const taskChange = z.object(fields).partial();

const wholeNumberUpTo = (max: number, name: string) =>
  z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= max, {
      error: `${name} must be a whole number from 1 to ${max}`,
    })
    .transform(Number);

export const listQuery = z.object({
  status: fields.status.optional(),
  page: wholeNumberUpTo(1_000_000, 'page').default(1),
  page_size: wholeNumberUpTo(100, 'page_size').default(20),
});

export const taskPath = z.object({ id: z.guid('id must be a UUID').toLowerCase() });

export const valid = <Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }));
  throw refusal(400, 'validation_errors', 'validation failed', { errors });
};

export const validBody = async <Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> => {
  // Forms and plain text are what a foreign page can send without asking.
  if (!/^application\/json\s*(;|$)/i.test(c.req.header('content-type') ?? '')) {
    throw refusal(415, 'bad_request', 'Content-Type must be application/json');
  }
  const body: unknown = await c.req.json().catch(() => null);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw refusal(400, 'bad_request', 'Invalid request body');
  }
  return valid(schema, body);
};
