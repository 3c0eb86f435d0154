import type { User } from '@tegata/core';
import type { z } from 'zod';
import type { HttpContext } from '../../contract.ts';
import { languageOf } from '../../language.ts';
import { errorBody, lockedStatus } from './failures.ts';
import type { userSchema } from './schemas.ts';
import { type FailureText, texts } from './texts.ts';

export const defaultLocale = 'en';

export const locale = (c: HttpContext) => languageOf(c.req.header('accept-language'), defaultLocale);

export const presentUser = (user: User): z.infer<typeof userSchema> => ({
  id: user.id,
  name: user.name,
  email: user.email,
  created_at: new Date(user.createdAt).toISOString(),
});

/** A 401 says how to authenticate (RFC 6750, section 3); `error` only when a token was presented and refused. */
export const refuse = (c: HttpContext, failure: FailureText) => {
  const { status, body } = errorBody(failure, locale(c));
  if (status === 401) {
    c.header('WWW-Authenticate', `Bearer realm="tegata"${failure === 'tokenInvalid' ? ', error="invalid_token"' : ''}`);
  }
  return c.json(body, status);
};

/** A program reads `Retry-After`, a person the text. */
export const refuseLocked = (c: HttpContext, remainingMs: number) => {
  c.header('Retry-After', String(Math.ceil(remainingMs / 1000)));
  return c.json({ error: texts[locale(c)].accountLocked(Math.ceil(remainingMs / 60_000)) }, lockedStatus);
};
