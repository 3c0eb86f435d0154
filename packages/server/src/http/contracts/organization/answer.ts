import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { HttpContext } from '../../contract.ts';
import { languageOf } from '../../language.ts';
import { errorBody, invalidFields, type Refusal } from './failures.ts';
import { type DoneText, type FieldText, texts } from './texts.ts';

export const defaultLocale = 'ja';

export const locale = (c: HttpContext) => languageOf(c.req.header('accept-language'), defaultLocale);

export const success = (c: HttpContext, data: unknown, status: 200 | 201 = 200) => c.json({ success: true, data }, status);

export const message = (c: HttpContext, key: DoneText) => success(c, { message: texts[locale(c)].done[key] });

/** A 401 says how to authenticate (RFC 6750, section 3); `error` only when a token was presented and refused. */
export const refuse = (c: HttpContext, refusal: Refusal, options: { challenge?: 'invalid_token' } = {}) => {
  const { status, body } = errorBody(refusal, locale(c));
  if (status === 401) {
    c.header('WWW-Authenticate', `Bearer realm="tegata"${options.challenge ? `, error="${options.challenge}"` : ''}`);
  }
  return c.json(body, status as ContentfulStatusCode);
};

export const refuseField = (c: HttpContext, field: string, text: FieldText) =>
  refuse(c, invalidFields([[field, text]], locale(c)));
