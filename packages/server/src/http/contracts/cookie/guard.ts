import { type Authenticated, Unavailable, type User } from '@tegata/core';
import type { Door, HttpContext, RequestHead } from '../../contract.ts';
import { checkCsrf } from '../../csrf.ts';
import { HttpProblem, problemHeaders } from '../../problem.ts';
import { bearerToken, headOf } from '../../request.ts';
import { refuse } from './answer.ts';
import { readCookies } from './cookies.ts';
import { type Failure, problemRefusal } from './failures.ts';

// Who is calling, and may the request change anything? The order of the checks:
//
// 1. The credential. `Authorization` counts first, and a bad header is not rescued by a good cookie. A header was set by a
//    program on purpose, so nothing more is asked of it.
// 2. A cookie is sent by the browser whoever wrote the page. An unsafe method is therefore refused when a page of another
//    site sent it, and without the session's CSRF token: before the credential is looked at any closer, so that a forged
//    request learns and changes nothing.
// 3. The access token, its session and its user.

type GuardDoor = Pick<Door, 'auth' | 'csrf' | 'refuseForeign'>;

type Identified = { ok: true; caller: Authenticated } | { ok: false; failure: Failure };

/** RFC 9110, section 9.2.1. */
const isSafe = (method: string) => ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method);

/**
 * The check of every call whose credential is a cookie. @throws HttpProblem for a foreign origin. Without credentials there
 * is nothing that a foreign page could ride on, except to set or clear cookies; that is what the origin is asked for.
 */
export const refuseForged = async (
  door: GuardDoor,
  c: RequestHead,
  cookies: { accessToken: string | undefined; refreshToken: string | undefined },
): Promise<Failure | undefined> => {
  door.refuseForeign(c);
  const csrf = await checkCsrf(door, c, cookies);
  if (csrf === 'ok') return undefined;
  return csrf === 'missing' ? 'csrfMissing' : 'csrfMismatch';
};

/** The caller of a request, or why there is none. */
const identify = async (door: GuardDoor, c: RequestHead): Promise<Identified> => {
  const header = bearerToken(c);
  if (header.state === 'malformed') return { ok: false, failure: 'tokenInvalid' };
  const cookies = readCookies(c);
  const accessToken = header.state === 'present' ? header.token : cookies.accessToken;
  if (accessToken === undefined) return { ok: false, failure: 'tokenMissing' };
  if (header.state === 'missing' && !isSafe(c.req.method)) {
    const forged = await refuseForged(door, c, cookies);
    if (forged) return { ok: false, failure: forged };
  }
  const caller = await door.auth.authenticate(accessToken);
  if (caller.ok) return { ok: true, caller: caller.value };
  return { ok: false, failure: caller.failure.code === 'token_expired' ? 'tokenExpired' : 'tokenInvalid' };
};

type Handler = (c: HttpContext, caller: Authenticated) => Response | Promise<Response>;

/** The guard of our own calls that need a logged-in person. */
export const createRequireUser =
  (door: GuardDoor) =>
  (handler: Handler) =>
  async (c: HttpContext): Promise<Response> => {
    const identified = await identify(door, c);
    return identified.ok ? handler(c, identified.caller) : refuse(c, identified.failure);
  };

/** Guards for an application's own routes, which answer like contract `cookie` does. */
export type Guards = {
  /**
   * Who sent this request? The access token of `Authorization: Bearer`, or else of the cookie `access_token`; an unsafe
   * method with a cookie also needs the header `X-CSRF-Token` equal to the cookie `csrf_token`, and no foreign `Origin`.
   *
   * `response` is ready to be sent when `ok` is false: 401, 403, or 503 while the database is down. Anything unexpected is
   * thrown. The body of the request is not read.
   */
  requireUser: (request: Request) => Promise<GuardedUser>;
};

export type GuardedUser = { ok: true; user: User; sessionId: string } | { ok: false; response: Response };

export const createCookieGuard = (door: GuardDoor): Guards => ({
  requireUser: async (request) => {
    const head = headOf(request);
    try {
      const identified = await identify(door, head);
      if (!identified.ok) return { ok: false, response: refuse(head, identified.failure) };
      const { user, session } = identified.caller;
      return { ok: true, user, sessionId: session.id };
    } catch (error) {
      const problem =
        error instanceof HttpProblem
          ? error.problem
          : error instanceof Unavailable
            ? { kind: 'unavailable' as const, retryAfterSeconds: error.retryAfterSeconds }
            : undefined;
      if (!problem) throw error;
      return { ok: false, response: refuse(head, problemRefusal(problem), problemHeaders(problem)) };
    }
  },
});
