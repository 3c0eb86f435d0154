import type { Authenticated, AuthenticateFailure } from '@tegata/core';
import type { Door, HttpContext } from '../../contract.ts';
import { bearerToken } from '../../request.ts';
import { refuse } from './answer.ts';
import type { Refusal } from './failures.ts';

type Handler = (c: HttpContext, caller: Authenticated) => Response | Promise<Response>;

const refusals: Record<Exclude<AuthenticateFailure['code'], 'session_ended'>, Refusal> = {
  token_invalid: { code: 'UNAUTHORIZED', text: 'accessTokenInvalid', reason: 'token_invalid' },
  token_expired: { code: 'TOKEN_EXPIRED', text: 'accessTokenInvalid', reason: 'token_expired' },
};

/** The guard of every call that needs a logged-in person: the header alone counts, no cookie stands in for it. */
export const createRequireUser =
  ({ auth }: Pick<Door, 'auth'>) =>
  (handler: Handler) =>
  async (c: HttpContext): Promise<Response> => {
    const credential = bearerToken(c);
    if (credential.state === 'missing') return refuse(c, { code: 'UNAUTHORIZED', text: 'authorizationRequired' });
    if (credential.state === 'malformed') return refuse(c, { code: 'UNAUTHORIZED', text: 'authorizationMalformed' });
    const caller = await auth.authenticate(credential.token);
    if (caller.ok) return handler(c, caller.value);
    const { failure } = caller;
    const refusal: Refusal =
      failure.code === 'session_ended'
        ? { code: 'UNAUTHORIZED', text: 'accessTokenRevoked', reason: failure.reason }
        : refusals[failure.code];
    return refuse(c, refusal, { challenge: 'invalid_token' });
  };
