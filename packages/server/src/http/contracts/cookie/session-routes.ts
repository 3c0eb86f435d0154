import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { rateLimited } from '../../problem.ts';
import { bearerToken, clientInfo, readBody } from '../../request.ts';
import { locale, refuse, text } from './answer.ts';
import { clearSessionCookies, readCookies, setDeviceCookie, setSessionCookies } from './cookies.ts';
import { endpoints } from './endpoints.ts';
import { createRequireUser, refuseForged } from './guard.ts';
import { limits, sessionPolicy } from './policy.ts';
import { presentUser } from './presenters.ts';
import { texts } from './texts.ts';

/** Signing in and out, and refreshing. */
export const sessionRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, clock, config, limit, refuseForeign } = door;
  const requireUser = createRequireUser(door);
  const policy = sessionPolicy(config);

  app.post(endpoints.signIn.path, async (c) => {
    refuseForeign(c);
    await limit(limits.signIn, c.get('ipBucket'));
    const body = await readBody(c, endpoints.signIn.body);
    const loggedIn = await auth.logIn({
      email: body.email,
      password: body.password,
      remember: body.remember_me === true,
      client: clientInfo(c),
      deviceCookie: readCookies(c).device,
      policy,
    });
    if (!loggedIn.ok) {
      const { failure } = loggedIn;
      if (failure.code === 'account_locked') return refuse(c, { lockedUntil: failure.lockedUntil, now: clock() });
      // Whatever else is wrong with the account: here nobody is told, not even behind the right password.
      return refuse(c, 'invalidCredentials');
    }
    const { user, session, tokens, deviceCookie } = loggedIn.value;
    const { csrfToken } = setSessionCookies(c, door, { sessionId: session.id, tokens });
    setDeviceCookie(c, deviceCookie);
    return c.json({
      user: presentUser(user),
      message: text(c, 'signedIn'),
      expires_in: tokens.accessSeconds,
      csrf_token: csrfToken,
    });
  });

  /**
   * Ends the session that the header names, or the ones that the cookies name; an expired token is enough, because a person
   * must be able to leave late. Cookies that name none are cleared all the same. A header that names none is refused:
   * otherwise a program would believe its session over.
   */
  app.post(endpoints.signOut.path, async (c) => {
    const header = bearerToken(c);
    const { accessToken, refreshToken } = readCookies(c);
    if (header.state === 'missing') {
      const forged = await refuseForged(door, c, { accessToken, refreshToken });
      if (forged) return refuse(c, forged);
    } else if (header.state === 'malformed' || (await auth.identifySessions({ accessToken: header.token })).length === 0) {
      return refuse(c, 'tokenInvalid');
    }
    await auth.logOut(header.state === 'present' ? { accessToken: header.token } : { accessToken, refreshToken });
    clearSessionCookies(c);
    return c.json({ message: text(c, 'signedOut') });
  });

  /** The credential is the refresh cookie, whatever header comes with it: so the CSRF token is always asked for. */
  app.post(endpoints.refresh.path, async (c) => {
    const { accessToken, refreshToken } = readCookies(c);
    if (refreshToken === undefined) return refuse(c, 'refreshTokenInvalid');
    const forged = await refuseForged(door, c, { accessToken, refreshToken });
    if (forged) return refuse(c, forged);
    const refreshed = await auth.refreshSession({
      refreshToken,
      ipAddress: c.get('ipAddress'),
      policy,
      limit: limits.refresh,
    });
    if (!refreshed.ok) {
      if (refreshed.failure.code === 'rate_limited') throw rateLimited(limits.refresh, refreshed.failure.state);
      return refuse(c, 'refreshTokenInvalid');
    }
    const { user, session, tokens } = refreshed.value;
    const { csrfToken } = setSessionCookies(c, door, { sessionId: session.id, tokens });
    return c.json({ user: presentUser(user), expires_in: tokens.accessSeconds, csrf_token: csrfToken });
  });

  app.post(
    endpoints.signOutEverywhere.path,
    requireUser(async (c, { user }) => {
      const { ended } = await auth.logOutEverywhere({ userId: user.id });
      clearSessionCookies(c);
      return c.json({ message: texts[locale(c)].signedOutEverywhere(ended) });
    }),
  );
};
