import type { Authenticated } from '@tegata/core';
import type { Door, HttpContext } from '../../contract.ts';
import { checkCsrf } from '../../csrf.ts';
import { bearerToken } from '../../request.ts';
import { refuse } from './answer.ts';
import { readCookies } from './cookies.ts';

/** Who is asked for: the header first, the cookie second. A bad header is not rescued by a good cookie. */
export type Credentials = {
  from: 'nowhere' | 'header' | 'cookie';
  accessToken: string | undefined;
  refreshToken: string | undefined;
};

export const presentedCredentials = (c: HttpContext): Credentials => {
  const header = bearerToken(c);
  if (header.state !== 'missing') {
    const accessToken = header.state === 'present' ? header.token : undefined;
    return { from: 'header', accessToken, refreshToken: undefined };
  }
  const { accessToken, refreshToken } = readCookies(c);
  return { from: accessToken || refreshToken ? 'cookie' : 'nowhere', accessToken, refreshToken };
};

type Handler = (c: HttpContext, caller: Authenticated) => Response | Promise<Response>;

/** The guard of calls that only read for a logged-in person. */
export const createRequireUser =
  ({ auth }: Pick<Door, 'auth'>) =>
  (handler: Handler) =>
  async (c: HttpContext): Promise<Response> => {
    const { from, accessToken } = presentedCredentials(c);
    if (accessToken === undefined) {
      if (from === 'header') return refuse(c, { code: 'INVALID_TOKEN' }, { challenge: 'invalid_token' });
      return refuse(c, { code: 'AUTH_REQUIRED' });
    }
    const caller = await auth.authenticate(accessToken);
    if (caller.ok) return handler(c, caller.value);
    const code = caller.failure.code === 'token_expired' ? 'TOKEN_EXPIRED' : 'INVALID_TOKEN';
    return refuse(c, { code }, { challenge: 'invalid_token' });
  };

/** For calls that change something on the word of a cookie: the refusal, where the request may be a forged one. */
export const refuseForged = async (
  c: HttpContext,
  door: Pick<Door, 'auth' | 'csrf' | 'refuseForeign'>,
  credentials: Pick<Credentials, 'accessToken' | 'refreshToken'>,
): Promise<Response | undefined> => {
  if ((await checkCsrf(door, c, credentials)) !== 'ok') return refuse(c, { code: 'CSRF_TOKEN_INVALID' });
  door.refuseForeign(c);
  return undefined;
};
