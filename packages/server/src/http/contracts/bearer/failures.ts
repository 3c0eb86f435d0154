import type { Locale, PasswordProblem } from '@tegata/core';
import type { Problem } from '../../problem.ts';
import { type FailureText, texts } from './texts.ts';

/** Every failure of the contract and its status. There are no codes: the status and the text are all a caller gets. */
export const failureStatus = {
  emailTaken: 409,
  emailInvalid: 400,
  passwordTooShort: 400,
  passwordTooLong: 400,
  passwordTooCommon: 400,
  passwordSameAsEmail: 400,
  passwordNotText: 400,
  nameRequired: 400,
  nameTooLong: 400,
  nameControl: 400,

  credentialsRequired: 400,
  credentialsWrong: 401,
  authenticationRequired: 401,
  authorizationMalformed: 401,
  tokenInvalid: 401,

  bodyInvalid: 400,
  bodyTooLarge: 413,
  unsupportedMediaType: 415,
  foreignOrigin: 403,
  notFound: 404,
  methodNotAllowed: 405,
  rateLimited: 429,
  internal: 500,
  unavailable: 503,
} as const satisfies Record<FailureText, number>;

/** The lock of an address, whose text has the time in it. */
export const lockedStatus = 403;

export const errorBody = (failure: FailureText, locale: Locale) => ({
  status: failureStatus[failure],
  body: { error: texts[locale][failure] },
});

/** An issue's message is a key of ours, or the schema library's own words. */
const isFailure = (message: string | undefined): message is FailureText =>
  message !== undefined && Object.hasOwn(failureStatus, message);

export const problemFailure = (problem: Problem): FailureText => {
  switch (problem.kind) {
    case 'validation': {
      // One text is all there is room for: the first finding, in the order of the schema's fields.
      const message = problem.issues[0]?.message;
      return isFailure(message) ? message : 'bodyInvalid';
    }
    case 'invalid_json':
      return 'bodyInvalid';
    case 'unsupported_media_type':
      return 'unsupportedMediaType';
    case 'body_too_large':
      return 'bodyTooLarge';
    case 'method_not_allowed':
      return 'methodNotAllowed';
    case 'foreign_origin':
      return 'foreignOrigin';
    case 'not_found':
      return 'notFound';
    case 'rate_limited':
      return 'rateLimited';
    case 'unavailable':
      return 'unavailable';
    case 'internal':
      return 'internal';
  }
};

export const passwordFailure: Record<PasswordProblem, FailureText> = {
  too_short: 'passwordTooShort',
  too_long: 'passwordTooLong',
  too_common: 'passwordTooCommon',
  same_as_email: 'passwordSameAsEmail',
  not_text: 'passwordNotText',
};
