import { endpoints } from '@tegata/contract';
import type { LogInFailure, RefreshFailure } from '@tegata/core';
import type { Hono } from 'hono';
import type { Door, HttpContext, HttpEnv } from '../../contract.ts';
import { readCookie } from '../../cookies.ts';
import { rateLimited } from '../../problem.ts';
import { bearerToken, clientInfo, idInPath, readBody, readQuery } from '../../request.ts';
import { list, refuse, success, text } from './answer.ts';
import { clearedRefreshCookie, deviceCookie, deviceCookieName, refreshCookie, refreshCookieName } from './cookies.ts';
import { lockedRefusal, type Refusal } from './failures.ts';
import { limits, sessionPolicy } from './policy.ts';
import { paginate, presentSession, presentUser } from './presenters.ts';
import { createRequireUser } from './require-user.ts';

/** Logging in and out, refreshing, and the list of sessions. */
export const sessionRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, clock, config, limit, refuseForeign } = door;
  const requireUser = createRequireUser(door);
  const policy = sessionPolicy(config);
  const cookieOf = (c: HttpContext, name: string) => readCookie(c.req.header('cookie'), name);

  app.post(endpoints.logIn.path, async (c) => {
    refuseForeign(c);
    await limit(limits.logIn, c.get('ipBucket'));
    const body = await readBody(c, endpoints.logIn.body);
    const loggedIn = await auth.logIn({
      email: body.email,
      password: body.password,
      remember: body.remember_me === true,
      client: clientInfo(c),
      deviceCookie: cookieOf(c, deviceCookieName),
      policy,
    });
    if (!loggedIn.ok) return refuse(c, logInRefusal(loggedIn.failure));
    const { user, session, tokens } = loggedIn.value;
    const inBody = body.token_transport === 'body';
    const maxAgeSeconds = Math.ceil((session.expiresAt - session.createdAt) / 1000);
    if (!inBody) c.header('Set-Cookie', refreshCookie(tokens.refreshToken, maxAgeSeconds), { append: true });
    c.header('Set-Cookie', deviceCookie(loggedIn.value.deviceCookie), { append: true });
    return success(c, {
      access_token: tokens.accessToken,
      expires_in: tokens.accessSeconds,
      ...(inBody ? { refresh_token: tokens.refreshToken } : {}),
      user: presentUser(user),
    });
  });

  app.post(endpoints.refreshSession.path, async (c) => {
    const body = await readBody(c, endpoints.refreshSession.body, { optional: true });
    const cookie = cookieOf(c, refreshCookieName);
    const refreshToken = body.refresh_token ?? cookie;
    if (refreshToken === undefined) {
      return refuse(c, { code: 'UNAUTHORIZED', text: 'refreshTokenMissing', reason: 'refresh_cookie_missing' });
    }
    const inBody = body.refresh_token !== undefined;
    if (!inBody) refuseForeign(c);
    const refreshed = await auth.refreshSession({
      refreshToken,
      ipAddress: c.get('ipAddress'),
      policy,
      limit: limits.refresh,
    });
    if (!refreshed.ok) {
      if (refreshed.failure.code === 'rate_limited') throw rateLimited(limits.refresh, refreshed.failure.state);
      return refuse(c, refreshRefusal(refreshed.failure), { challenge: 'invalid_token' });
    }
    const { tokens } = refreshed.value;
    const maxAgeSeconds = Math.ceil((tokens.refreshExpiresAt - clock()) / 1000);
    if (!inBody) c.header('Set-Cookie', refreshCookie(tokens.refreshToken, maxAgeSeconds));
    return success(c, {
      access_token: tokens.accessToken,
      expires_in: tokens.accessSeconds,
      ...(inBody ? { refresh_token: tokens.refreshToken } : {}),
    });
  });

  app.post(endpoints.logOut.path, async (c) => {
    const body = await readBody(c, endpoints.logOut.body, { optional: true });
    const cookie = cookieOf(c, refreshCookieName);
    const header = bearerToken(c);
    // A page elsewhere must not be able to log people out by riding on their cookie.
    if (cookie !== undefined && header.state === 'missing') refuseForeign(c);
    await auth.logOut({
      accessToken: header.state === 'present' ? header.token : undefined,
      refreshToken: body.refresh_token ?? cookie,
    });
    c.header('Set-Cookie', clearedRefreshCookie);
    return success(c, { message: text(c, 'loggedOut') });
  });

  app.post(
    endpoints.logOutEverywhere.path,
    requireUser(async (c, { user }) => {
      const { ended } = await auth.logOutEverywhere({ userId: user.id });
      c.header('Set-Cookie', clearedRefreshCookie);
      return success(c, { message: text(c, 'loggedOutEverywhere'), revoked_sessions: ended });
    }),
  );

  app.get(
    endpoints.listSessions.path,
    requireUser(async (c, { user, session }) => {
      const page = readQuery(c, endpoints.listSessions.query);
      const sessions = await auth.listSessions({ userId: user.id });
      return list(
        c,
        paginate(
          sessions.map((one) => presentSession(one, session.id)),
          page,
        ),
      );
    }),
  );

  app.delete(
    endpoints.revokeSession.path.replace('{id}', ':id'),
    requireUser(async (c, { user, session }) => {
      const sessionId = idInPath(c);
      const revoked = await auth.revokeSession({ userId: user.id, sessionId });
      if (!revoked.ok) return refuse(c, { code: 'NOT_FOUND', text: 'sessionNotFound' });
      if (sessionId === session.id) c.header('Set-Cookie', clearedRefreshCookie);
      return success(c, { message: text(c, 'sessionRevoked') });
    }),
  );
};

const logInRefusal = (failure: LogInFailure): Refusal => {
  switch (failure.code) {
    case 'invalid_credentials':
      return { code: 'UNAUTHORIZED', text: 'invalidCredentials' };
    case 'email_not_verified':
      return { code: 'UNAUTHORIZED', text: 'verifyFirst', reason: 'email_not_verified' };
    case 'account_suspended':
      return { code: 'UNAUTHORIZED', text: 'accountSuspended', reason: 'account_suspended' };
    case 'account_deactivated':
      return { code: 'UNAUTHORIZED', text: 'accountDeactivated', reason: 'account_deactivated' };
    case 'no_password':
      return { code: 'UNAUTHORIZED', text: 'useOAuth', reason: 'no_password' };
    case 'account_locked':
      return lockedRefusal(failure.lockedUntil);
  }
};

const refreshRefusal = (failure: Exclude<RefreshFailure, { code: 'rate_limited' }>): Refusal => {
  switch (failure.code) {
    case 'refresh_token_invalid':
      return { code: 'UNAUTHORIZED', text: 'refreshTokenInvalid', reason: 'refresh_token_invalid' };
    case 'session_not_found':
      return { code: 'UNAUTHORIZED', text: 'sessionNotFound', reason: failure.reason };
    case 'session_expired':
      return { code: 'UNAUTHORIZED', text: 'sessionExpired', reason: 'session_expired' };
    case 'refresh_reuse':
      return { code: 'UNAUTHORIZED', text: 'refreshReuse', reason: 'refresh_reuse' };
    case 'user_not_found':
      return { code: 'UNAUTHORIZED', text: 'userNotFound', reason: 'account_closed' };
    case 'account_not_active':
      return { code: 'UNAUTHORIZED', text: 'accountNotActive', reason: failure.reason };
  }
};
