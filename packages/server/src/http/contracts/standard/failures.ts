import { type ErrorDetail, type FailureCode, failureStatus, issueKey } from '@tegata/contract';
import type { Locale, PasswordProblem } from '@tegata/core';
import type { Problem } from '../../problem.ts';
import { type TextKey, texts } from './texts.ts';

/** What a refusal says: code, text, and where it helps the machine word for the cause and the details. */
export type Refusal = {
  code: FailureCode;
  text: TextKey;
  reason?: string | undefined;
  details?: ErrorDetail[] | undefined;
  /** Where HTTP has a more exact status than the code's own. */
  status?: number;
};

export const errorBody = (refusal: Refusal, locale: Locale) => ({
  status: refusal.status ?? failureStatus[refusal.code],
  body: {
    error: {
      code: refusal.code,
      message: texts[locale][refusal.text],
      ...(refusal.reason ? { reason: refusal.reason } : {}),
      ...(refusal.details ? { details: refusal.details } : {}),
    },
    meta: null,
  },
});

export const problemRefusal = (problem: Problem, locale: Locale): Refusal => {
  switch (problem.kind) {
    case 'validation': {
      const details = problem.issues.map(({ field, message }) => ({ field, message: texts[locale][issueKey(message)] }));
      return { code: 'VALIDATION_ERROR', text: 'validationFailed', details };
    }
    case 'invalid_json':
      return { code: 'INVALID_REQUEST', text: 'invalidBody' };
    case 'unsupported_media_type':
      return { code: 'INVALID_REQUEST', text: 'unsupportedMediaType', status: 415 };
    case 'body_too_large':
      return { code: 'INVALID_REQUEST', text: 'bodyTooLarge', status: 413 };
    case 'method_not_allowed':
      return { code: 'INVALID_REQUEST', text: 'methodNotAllowed', status: 405 };
    case 'foreign_origin':
      return { code: 'FORBIDDEN', text: 'foreignOrigin', reason: 'foreign_origin' };
    case 'not_found':
      return { code: 'NOT_FOUND', text: 'notFound' };
    case 'rate_limited':
      return { code: 'RATE_LIMIT_EXCEEDED', text: 'rateLimited' };
    case 'unavailable':
      return { code: 'SERVICE_UNAVAILABLE', text: 'unavailable' };
    case 'internal':
      return { code: 'INTERNAL_ERROR', text: 'internal' };
  }
};

const passwordTexts: Record<PasswordProblem, TextKey> = {
  too_short: 'passwordTooShort',
  too_long: 'passwordTooLong',
  too_common: 'passwordTooCommon',
  same_as_email: 'passwordSameAsEmail',
  not_text: 'passwordNotText',
};

/** A rejected password is a validation error of the field that held it. */
export const passwordRefusal = (field: string, problem: PasswordProblem, locale: Locale): Refusal => ({
  code: 'VALIDATION_ERROR',
  text: 'validationFailed',
  details: [{ field, message: texts[locale][passwordTexts[problem]] }],
});

export const lockedRefusal = (lockedUntil: number): Refusal => ({
  code: 'ACCOUNT_LOCKED',
  text: 'accountLocked',
  reason: 'account_locked',
  details: [{ locked_until: new Date(lockedUntil).toISOString() }],
});
