import type { Locale, PasswordProblem } from '@tegata/core';
import type { Problem } from '../../problem.ts';
import { type FailureText, type FieldText, texts } from './texts.ts';

/** Every `error_type` of the contract and its status. */
export const failureStatus = {
  validation_errors: 400,
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  rate_limit_exceeded: 429,
  internal_server_error: 500,
  service_unavailable: 503,
} as const;

export type ErrorType = keyof typeof failureStatus;

/** What each refusal is, and where HTTP has a more exact status than its type's own. */
export const failures = {
  invalidBody: { type: 'bad_request' },
  unsupportedMediaType: { type: 'bad_request', status: 415 },
  bodyTooLarge: { type: 'bad_request', status: 413 },
  methodNotAllowed: { type: 'bad_request', status: 405 },
  notFound: { type: 'not_found' },
  foreignOrigin: { type: 'forbidden' },
  csrfMissing: { type: 'forbidden' },
  csrfMismatch: { type: 'forbidden' },
  rateLimited: { type: 'rate_limit_exceeded' },
  internal: { type: 'internal_server_error' },
  unavailable: { type: 'service_unavailable' },
  emailTaken: { type: 'conflict' },
  invalidCredentials: { type: 'unauthorized' },
  refreshTokenInvalid: { type: 'unauthorized' },
  tokenMissing: { type: 'unauthorized' },
  tokenInvalid: { type: 'unauthorized' },
  tokenExpired: { type: 'unauthorized' },
  passwordWrong: { type: 'unauthorized' },
  currentPasswordWrong: { type: 'unauthorized' },
  noPassword: { type: 'conflict' },
  signInAgain: { type: 'forbidden' },
  resetInvalid: { type: 'bad_request' },
  resetExpired: { type: 'bad_request' },
  resetUsed: { type: 'bad_request' },
  providerUnsupported: { type: 'bad_request' },
  authorizationCodeInvalid: { type: 'bad_request' },
  providerDenied: { type: 'bad_request' },
  providerAddressMissing: { type: 'bad_request' },
  providerAddressUnverified: { type: 'bad_request' },
  providerTaken: { type: 'conflict' },
  accountNotActive: { type: 'unauthorized' },
} as const satisfies Record<Exclude<FailureText, 'validationFailed'>, { type: ErrorType; status?: number }>;

export type Failure = keyof typeof failures;

/** A failure of the table, or one of the two that carry more than their text. */
export type Refusal =
  | Failure
  | { fields: readonly { field: string; text: FieldText }[] }
  /** Both in milliseconds. */
  | { lockedUntil: number; now: number };

export const errorBody = (refusal: Refusal, locale: Locale): { status: number; body: object } => {
  const say = texts[locale];
  if (typeof refusal === 'string') {
    const { type, status }: { type: ErrorType; status?: number } = failures[refusal];
    return { status: status ?? failureStatus[type], body: { error: say.failures[refusal], error_type: type } };
  }
  if ('fields' in refusal) {
    const errors = refusal.fields.map(({ field, text }) => ({ field, message: say.fields[text] }));
    return { status: 400, body: { error: say.failures.validationFailed, error_type: 'validation_errors', errors } };
  }
  // Rounded up: who comes back after so many minutes must not find the lock still on.
  const minutes = Math.max(1, Math.ceil((refusal.lockedUntil - refusal.now) / 60_000));
  return { status: 403, body: { error: say.accountLocked(minutes), error_type: 'forbidden' } };
};

const problemFailures: Record<Exclude<Problem['kind'], 'validation'>, Failure> = {
  invalid_json: 'invalidBody',
  unsupported_media_type: 'unsupportedMediaType',
  body_too_large: 'bodyTooLarge',
  method_not_allowed: 'methodNotAllowed',
  foreign_origin: 'foreignOrigin',
  not_found: 'notFound',
  rate_limited: 'rateLimited',
  unavailable: 'unavailable',
  internal: 'internal',
};

export const problemRefusal = (problem: Problem): Refusal =>
  problem.kind === 'validation'
    ? { fields: problem.issues.map(({ field, message }) => ({ field, text: fieldText(message) })) }
    : problemFailures[problem.kind];

/** An issue's message is a key of ours, or the schema library's own words. */
const fieldText = (message: string): FieldText => (Object.hasOwn(texts.en.fields, message) ? (message as FieldText) : 'notValid');

const passwordTexts: Record<PasswordProblem, FieldText> = {
  too_short: 'passwordTooShort',
  too_long: 'passwordTooLong',
  too_common: 'passwordTooCommon',
  same_as_email: 'passwordSameAsEmail',
  not_text: 'passwordNotText',
};

/** A rejected password is a validation error of the field that held it. */
export const passwordRefusal = (field: string, problem: PasswordProblem): Refusal => ({
  fields: [{ field, text: passwordTexts[problem] }],
});
