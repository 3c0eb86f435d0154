import type { FinishConnectionReason } from '@tegata/contract';
import type { FinishConnectionFailure } from '@tegata/core';
import type { HttpContext } from './contract.ts';
import { readCookie, strictCookie } from './cookies.ts';

/**
 * The one cookie of a log-in through a provider: encrypted, sent to the calls under `path` only, gone after ten minutes.
 * `SameSite=Strict` does no harm, because it is the application's page that sends it, once the person is back on it.
 */
export const createFlowCookie = (path: string) => {
  const name = 'tegata_oauth';
  const set = (c: HttpContext, value: string, maxAgeSeconds: number) =>
    c.header('Set-Cookie', strictCookie(name, value, { path, maxAgeSeconds }), { append: true });
  return {
    read: (c: HttpContext) => readCookie(c.req.header('cookie'), name),
    set,
    clear: (c: HttpContext) => set(c, '', 0),
  };
};

/** What an application hands on of the provider's answer; undefined when it is neither a code nor an error. */
export const providerAnswer = (body: { code?: string | undefined; iss?: string | undefined; error?: string | undefined }) => {
  if (body.error) return { error: body.error };
  return body.code ? { code: body.code, issuer: body.iss } : undefined;
};

/** The stable words for what went wrong, which every contract may show beside its texts. */
export const failureReason = (
  failure: Exclude<FinishConnectionFailure, { code: 'provider_unknown' }>,
): FinishConnectionReason => {
  if (failure.code === 'account_not_active') return `account_${failure.reason}`;
  return failure.code === 'code_invalid' ? failure.reason : failure.code;
};
