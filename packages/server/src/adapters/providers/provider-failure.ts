import { Unavailable } from '@tegata/core';
import { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client';

/** Long enough for a hiccup to pass, short enough for a person who waits. */
const retryAfterSeconds = 5;

/**
 * Is it the code that was wrong, or the provider? RFC 6749, section 5.2: `invalid_grant` is a code that is unknown, used,
 * expired, another client's, or that the verifier does not fit. An ID token with another flow's nonce says the same.
 */
export const isBadCode = (error: unknown): boolean => {
  if (error instanceof ResponseBodyError) return error.error === 'invalid_grant';
  return causes(error).some((cause) => (cause as { cause?: { claim?: unknown } }).cause?.claim === 'nonce');
};

/**
 * Everything else is the provider's trouble or the operator's: down, slow, nonsense, a wrong secret. The message goes to
 * the log, so it is made of fixed words and of error codes, never of what was sent or received.
 */
export const providerUnavailable = (name: string, step: string, error: unknown): Unavailable =>
  new Unavailable(`provider ${name}, ${step}: ${whatWentWrong(error)}`, { retryAfterSeconds });

const whatWentWrong = (error: unknown): string => {
  if (error instanceof ResponseBodyError) return `status ${error.status}, ${word(error.error)}`;
  if (error instanceof WWWAuthenticateChallengeError) return `status ${error.status}`;
  for (const cause of causes(error)) {
    if ((cause as Error).cause instanceof Response) return `status ${((cause as Error).cause as Response).status}`;
    if (cause instanceof ClientError && cause.code !== undefined) return word(cause.code);
    const { code, name } = cause as { code?: unknown; name?: unknown };
    if (typeof code === 'string') return word(code);
    if (name === 'TimeoutError' || name === 'AbortError' || name === 'AnswerTooLong') return word(name);
  }
  return 'failed';
};

const causes = (error: unknown): object[] => {
  const chain: object[] = [];
  for (let at = error; at instanceof Error && chain.length < 5; at = at.cause) chain.push(at);
  return chain;
};

const word = (text: unknown): string => (typeof text === 'string' && /^[\w-]{1,60}$/.test(text) ? text : 'unknown error');
