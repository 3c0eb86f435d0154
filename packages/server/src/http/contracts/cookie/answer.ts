import type { RequestHead } from '../../contract.ts';
import { languageOf } from '../../language.ts';
import { errorBody, type Refusal } from './failures.ts';
import { type DoneText, texts } from './texts.ts';

export const defaultLocale = 'en';

export const locale = (c: RequestHead) => languageOf(c.req.header('accept-language'), defaultLocale);

export const text = (c: RequestHead, key: DoneText): string => texts[locale(c)].done[key];

/** Whatever was refused was a token that somebody presented (RFC 6750, section 3.1). */
const refusedTokens: readonly Refusal[] = ['tokenInvalid', 'tokenExpired', 'refreshTokenInvalid'];

/** The refusal as a web-standard answer, for our routes and for those of an application alike. A 401 says how to authenticate. */
export const refuse = (c: RequestHead, refusal: Refusal, headers: Readonly<Record<string, string>> = {}): Response => {
  const { status, body } = errorBody(refusal, locale(c));
  const error = refusedTokens.includes(refusal) ? ', error="invalid_token"' : '';
  const challenge = status === 401 ? { 'WWW-Authenticate': `Bearer realm="tegata"${error}` } : {};
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store', ...challenge, ...headers } });
};
