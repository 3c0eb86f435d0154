import type { PaginationBody } from '@tegata/contract';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { HttpContext } from '../../contract.ts';
import { languageOf } from '../../language.ts';
import { errorBody, type Refusal } from './failures.ts';
import { type TextKey, texts } from './texts.ts';

export const locale = (c: HttpContext) => languageOf(c.req.header('accept-language'), 'en');

export const text = (c: HttpContext, key: TextKey) => texts[locale(c)][key];

export const success = (c: HttpContext, data: unknown, status: 200 | 201 = 200) => c.json({ data, meta: null }, status);

export const list = (c: HttpContext, { items, pagination }: { items: unknown[]; pagination: PaginationBody }) =>
  c.json({ data: items, meta: { pagination } });

/** A 401 says how to authenticate (RFC 6750, section 3); `error` only when a token was presented and refused. */
export const refuse = (
  c: HttpContext,
  refusal: Refusal,
  options: { challenge?: 'invalid_token' /** The whole header, where it is another one. */; authenticate?: string } = {},
) => {
  const { status, body } = errorBody(refusal, locale(c));
  if (options.authenticate !== undefined) {
    c.header('WWW-Authenticate', options.authenticate);
  } else if (status === 401) {
    c.header('WWW-Authenticate', `Bearer realm="tegata"${options.challenge ? `, error="${options.challenge}"` : ''}`);
  }
  return c.json(body, status as ContentfulStatusCode);
};
