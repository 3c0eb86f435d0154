import { parseEmailAddress } from '@tegata/core';
import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { rateLimited } from '../../problem.ts';
import { clientInfo, readBody } from '../../request.ts';
import { message, refuse, success } from './answer.ts';
import { clearSessionCookies, readCookies, setDeviceCookie, setSessionCookies } from './cookies.ts';
import { presentedCredentials, refuseForged } from './credentials.ts';
import { endpoints } from './endpoints.ts';
import { limits, sessionPolicy } from './policy.ts';
import { presentToken, presentUser } from './presenters.ts';

/** Logging in and out, and refreshing. */
export const sessionRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, clock, config, limit, refuseForeign } = door;
  const policy = sessionPolicy(config);

  app.post(endpoints.logIn.path, async (c) => {
    refuseForeign(c);
    await limit(limits.logIn, c.get('ipBucket'));
    const body = await readBody(c, endpoints.logIn.body);
    await limit(limits.logInAddress, `${c.get('ipBucket')} ${parseEmailAddress(body.email)}`);
    const loggedIn = await auth.logIn({
      email: body.email,
      password: body.password,
      remember: body.rememberMe === true,
      client: clientInfo(c),
      deviceCookie: readCookies(c).device,
      policy,
    });
    if (!loggedIn.ok) {
      const { failure } = loggedIn;
      if (failure.code === 'account_locked') {
        return refuse(c, { code: 'ACCOUNT_LOCKED', until: failure.lockedUntil, now: clock() });
      }
      // Whatever else is wrong with the account: here nobody is told, not even behind the right password.
      return refuse(c, { code: 'INVALID_CREDENTIALS' });
    }
    const { user, session, tokens, deviceCookie } = loggedIn.value;
    const membership = await auth.showMembership({ userId: user.id });
    setSessionCookies(c, door, { sessionId: session.id, tokens });
    setDeviceCookie(c, deviceCookie);
    return success(c, { user: presentUser(user, membership), token: presentToken(tokens) });
  });

  /**
   * Needs a log-in, of which an expired token is proof enough: a person must be able to leave late. A token that is forged,
   * or whose session is over, is refused like everywhere; dead cookies are cleared all the same.
   */
  app.post(endpoints.logOut.path, async (c) => {
    const credentials = presentedCredentials(c);
    if (credentials.from === 'nowhere') return refuse(c, { code: 'AUTH_REQUIRED' });
    if (credentials.from === 'cookie') {
      const forged = await refuseForged(c, door, credentials);
      if (forged) return forged;
    }
    const loggedOut = await auth.logOut(credentials, { limit: limits.logOut });
    if (!loggedOut.ok) throw rateLimited(limits.logOut, loggedOut.failure.state);
    const { ended } = loggedOut.value;
    if (ended > 0 || credentials.from === 'cookie') clearSessionCookies(c);
    return ended > 0 ? message(c, 'loggedOut') : refuse(c, { code: 'INVALID_TOKEN' }, { challenge: 'invalid_token' });
  });

  app.post(endpoints.refreshSession.path, async (c) => {
    const body = await readBody(c, endpoints.refreshSession.body, { optional: true });
    const cookies = readCookies(c);
    const refreshToken = body.refreshToken ?? cookies.refreshToken;
    if (refreshToken === undefined) return refuse(c, { code: 'INVALID_REFRESH_TOKEN' });
    if (body.refreshToken === undefined) {
      const forged = await refuseForged(c, door, cookies);
      if (forged) return forged;
    } else {
      // The answer sets cookies: a page elsewhere must not log anybody in.
      refuseForeign(c);
    }
    const ipAddress = c.get('ipAddress');
    const refreshed = await auth.refreshSession({ refreshToken, ipAddress, policy, limit: limits.refresh });
    if (refreshed.ok) {
      const { session, tokens } = refreshed.value;
      setSessionCookies(c, door, { sessionId: session.id, tokens });
      return success(c, { token: presentToken(tokens) });
    }
    const { failure } = refreshed;
    if (failure.code === 'rate_limited') throw rateLimited(limits.refresh, failure.state);
    if (failure.code === 'session_expired') return refuse(c, { code: 'REFRESH_TOKEN_EXPIRED' }, { challenge: 'invalid_token' });
    // Only what was refused counts, and only the next refusal is held back: whoever searches gets no further answers,
    // while everybody else behind the same address goes on refreshing.
    await limit(limits.refreshRefused, c.get('ipBucket'));
    return refuse(c, { code: 'INVALID_REFRESH_TOKEN' }, { challenge: 'invalid_token' });
  });
};
