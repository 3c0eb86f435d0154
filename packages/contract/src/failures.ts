/** Every failure code of the contract and its status. Codes are the API; texts follow `Accept-Language`. */
export const failureStatus = {
  VALIDATION_ERROR: 400,
  INVALID_REQUEST: 400,
  UNAUTHORIZED: 401,
  TOKEN_EXPIRED: 401,
  FORBIDDEN: 403,
  ACCOUNT_LOCKED: 403,
  STEP_UP_REQUIRED: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMIT_EXCEEDED: 429,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
} as const;

export type FailureCode = keyof typeof failureStatus;

/** `INVALID_REQUEST` also stands under these statuses, where HTTP has a more exact one than 400. */
export type InvalidRequestStatus = 400 | 405 | 413 | 415;
