import type { Locale, PasswordProblem } from '@tegata/core';
import type { Problem } from '../../problem.ts';
import { type FailureCode, type FieldText, texts } from './texts.ts';

/** Every failure code of the contract and its status. */
export const failureStatus: Record<FailureCode, number> = {
  // Not 422: what cannot be read as JSON has no field to blame.
  INVALID_REQUEST: 400,
  INVALID_RESET_TOKEN: 400,
  RESET_TOKEN_EXPIRED: 400,
  INVALID_AUTHORIZATION_CODE: 400,
  PROVIDER_DENIED: 400,
  PROVIDER_EMAIL_MISSING: 400,
  PROVIDER_EMAIL_UNVERIFIED: 400,
  AUTH_REQUIRED: 401,
  TOKEN_EXPIRED: 401,
  INVALID_TOKEN: 401,
  INVALID_CREDENTIALS: 401,
  INVALID_REFRESH_TOKEN: 401,
  REFRESH_TOKEN_EXPIRED: 401,
  ACCOUNT_NOT_ACTIVE: 401,
  ACCOUNT_LOCKED: 403,
  CSRF_TOKEN_INVALID: 403,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  DUPLICATE_EMAIL: 409,
  PROVIDER_ALREADY_CONNECTED: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  VALIDATION_ERROR: 422,
  RATE_LIMIT_EXCEEDED: 429,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
};

type Plain = Exclude<FailureCode, 'ACCOUNT_LOCKED'>;

/** What a refusal says. */
export type Refusal = { code: Plain; details?: Record<string, unknown> } | { code: 'ACCOUNT_LOCKED'; until: number; now: number };

const errorOf = (refusal: Refusal, locale: Locale) => {
  const { code } = refusal;
  if (code !== 'ACCOUNT_LOCKED') {
    return { code, message: texts[locale].failures[code], ...(refusal.details && { details: refusal.details }) };
  }
  // Rounded up: who comes back after so many minutes must not find the lock still on.
  const minutes = Math.max(1, Math.ceil((refusal.until - refusal.now) / 60_000));
  const details = { lockedUntil: new Date(refusal.until).toISOString() };
  return { code, message: texts[locale].accountLocked(minutes), details };
};

export const errorBody = (refusal: Refusal, locale: Locale) => ({
  status: failureStatus[refusal.code],
  body: { success: false, error: errorOf(refusal, locale) },
});

/** Validation failures in words: field → what is wrong with it. The first finding of a field is the one it gets. */
export const invalidFields = (fields: readonly (readonly [field: string, text: FieldText])[], locale: Locale): Refusal => {
  const details: Record<string, string> = {};
  for (const [field, text] of fields) details[field] ??= texts[locale].fields[text];
  return { code: 'VALIDATION_ERROR', details };
};

/** An issue's message is a key of ours, or the schema library's own words. */
const fieldText = (message: string): FieldText => (Object.hasOwn(texts.ja.fields, message) ? (message as FieldText) : 'notValid');

export const problemRefusal = (problem: Problem, locale: Locale): Refusal => {
  switch (problem.kind) {
    case 'validation': {
      const fields = problem.issues.map(({ field, message }) => [field, fieldText(message)] as const);
      return invalidFields(fields, locale);
    }
    case 'rate_limited':
      return { code: 'RATE_LIMIT_EXCEEDED', details: { retryAfter: problem.limit.resetSeconds } };
    case 'invalid_json':
      return { code: 'INVALID_REQUEST' };
    case 'unsupported_media_type':
      return { code: 'UNSUPPORTED_MEDIA_TYPE' };
    case 'body_too_large':
      return { code: 'PAYLOAD_TOO_LARGE' };
    case 'method_not_allowed':
      return { code: 'METHOD_NOT_ALLOWED' };
    case 'foreign_origin':
      return { code: 'PERMISSION_DENIED' };
    case 'not_found':
      return { code: 'NOT_FOUND' };
    case 'unavailable':
      return { code: 'SERVICE_UNAVAILABLE' };
    case 'internal':
      return { code: 'INTERNAL_SERVER_ERROR' };
  }
};

export const passwordText: Record<PasswordProblem, FieldText> = {
  too_short: 'passwordTooShort',
  too_long: 'passwordTooLong',
  too_common: 'passwordTooCommon',
  same_as_email: 'passwordSameAsEmail',
  not_text: 'passwordNotText',
};
