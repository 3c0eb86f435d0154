import type { ClientInfo } from '@tegata/core';
import type { z } from 'zod';
import type { HttpContext, RequestHead } from './contract.ts';
import { HttpProblem } from './problem.ts';

/** JSON is UTF-8 (RFC 8259, section 8.1). A lenient decoder would make one character, and so one password, of any bad bytes. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads and validates a JSON body. Only `application/json` is read: a form or plain text, which a foreign page may
 * send without asking, is refused. Unknown fields are ignored; of duplicate members the last one counts.
 */
export const readBody = async <Schema extends z.ZodObject>(
  c: HttpContext,
  schema: Schema,
  options: { optional?: boolean } = {},
): Promise<z.infer<Schema>> => {
  const bytes = await c.req.arrayBuffer();
  const contentType = c.req.header('content-type');
  if (bytes.byteLength === 0 && options.optional) return validate(schema, {});
  if (bytes.byteLength === 0 && contentType === undefined) throw new HttpProblem({ kind: 'invalid_json' });
  if (!/^application\/json\s*(;|$)/i.test(contentType ?? '')) {
    throw new HttpProblem({ kind: 'unsupported_media_type' });
  }
  let body: unknown;
  try {
    body = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new HttpProblem({ kind: 'invalid_json' });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new HttpProblem({ kind: 'invalid_json' });
  return validate(schema, body);
};

/** Reads and validates a form, for calls whose standard wants one. Of fields that came twice none is believed. */
export const readForm = async <Schema extends z.ZodObject>(c: HttpContext, schema: Schema): Promise<z.infer<Schema>> => {
  const contentType = c.req.header('content-type');
  const bytes = await c.req.arrayBuffer();
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType ?? '')) {
    throw new HttpProblem({ kind: 'unsupported_media_type' });
  }
  const form = new URLSearchParams(new TextDecoder().decode(bytes));
  const once = [...new Set(form.keys())].filter((name) => form.getAll(name).length === 1);
  return validate(schema, Object.fromEntries(once.map((name) => [name, form.get(name)])));
};

export const readQuery = <Schema extends z.ZodObject>(c: HttpContext, schema: Schema): z.infer<Schema> =>
  validate(schema, c.req.query());

/** The id in a path. Whatever stands there is looked up, but for a NUL: no id holds one, and PostgreSQL takes none in a text. */
export const idInPath = (c: HttpContext): string => {
  const id = c.req.param('id') ?? '';
  return id.includes('\0') ? '' : id;
};

const validate = <Schema extends z.ZodObject>(schema: Schema, input: unknown): z.infer<Schema> => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }));
  throw new HttpProblem({ kind: 'validation', issues });
};

/** A web-standard request, as checks read it. */
export const headOf = ({ method, headers }: Request): RequestHead => ({
  req: { method, header: (name) => headers.get(name) ?? undefined },
});

/** `Authorization: Bearer <token>` (RFC 6750, section 2.1); the scheme in any case. */
export const bearerToken = (
  c: RequestHead,
): { state: 'missing' } | { state: 'malformed' } | { state: 'present'; token: string } => {
  const header = c.req.header('authorization');
  if (header === undefined || header === '') return { state: 'missing' };
  const match = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header);
  return match?.[1] ? { state: 'present', token: match[1] } : { state: 'malformed' };
};

/** What the session list will show about the browser or program that logged in. */
export const clientInfo = (c: HttpContext): ClientInfo => ({
  userAgent: c.req.header('user-agent')?.slice(0, 500) || null,
  ipAddress: c.get('ipAddress'),
});
