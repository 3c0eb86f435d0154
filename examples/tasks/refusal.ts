import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';

// Errors look like those of Tegata's contract `cookie`, so that a page needs one way to read them.

type More = { errors?: { field: string; message: string }[]; headers?: Record<string, string> };

export const refusal = (
  status: 400 | 404 | 405 | 409 | 413 | 415 | 500 | 503,
  error_type: string,
  error: string,
  { headers = {}, ...errors }: More = {},
): HTTPException => new HTTPException(status, { res: Response.json({ error, error_type, ...errors }, { status, headers }) });

export const answerError = (error: Error, c: Context): Response => {
  if (error instanceof HTTPException) return error.getResponse();
  console.error(c.get('requestId'), error);
  const answer =
    'code' in error && error.code === 'ERR_SQLITE_ERROR'
      ? refusal(503, 'service_unavailable', 'Service temporarily unavailable. Please try again', {
          headers: { 'Retry-After': '5' },
        })
      : refusal(500, 'internal_server_error', 'Internal server error');
  return answer.getResponse();
};
