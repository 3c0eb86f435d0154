import { localPart } from '@tegata/core';
import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { clientInfo, readBody } from '../../request.ts';
import { locale, refuse, text } from './answer.ts';
import { clearSessionCookies, readCookies, setDeviceCookie, setSessionCookies } from './cookies.ts';
import { endpoints } from './endpoints.ts';
import { passwordRefusal } from './failures.ts';
import { createRequireUser } from './guard.ts';
import { limits, sessionPolicy } from './policy.ts';
import { presentUser } from './presenters.ts';

/** Signing up, and the person's own account. */
export const accountRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, clock, config, limit, refuseForeign } = door;
  const requireUser = createRequireUser(door);

  app.post(endpoints.signUp.path, async (c) => {
    refuseForeign(c);
    await limit(limits.signUp, c.get('ipBucket'));
    const { email, password, name = localPart(email) } = await readBody(c, endpoints.signUp.body);
    const registered = await auth.register({
      email,
      password,
      name,
      locale: locale(c),
      ipAddress: c.get('ipAddress'),
      policy: {
        activation: 'at_once',
        verifyTtlSeconds: config.ttl.verify,
        addressLimit: limits.signUpAddress,
        logIn: { client: clientInfo(c), session: sessionPolicy(config), deviceCookie: readCookies(c).device },
      },
    });
    if (registered.ok) {
      const { user, loggedIn } = registered.value;
      if (!loggedIn) throw new Error('a registration left out the session');
      const { session, tokens, deviceCookie } = loggedIn;
      const { csrfToken } = setSessionCookies(c, door, { sessionId: session.id, tokens });
      setDeviceCookie(c, deviceCookie);
      const answer = { user: presentUser(user), message: text(c, 'signedUp') };
      return c.json({ ...answer, expires_in: tokens.accessSeconds, csrf_token: csrfToken }, 201);
    }
    const { failure } = registered;
    switch (failure.code) {
      case 'email_invalid':
        return refuse(c, { fields: [{ field: 'email', text: 'emailMalformed' }] });
      case 'email_taken':
        return refuse(c, 'emailTaken');
      case 'password_rejected':
        return refuse(c, passwordRefusal('password', failure.problem));
    }
  });

  app.get(
    endpoints.me.path,
    requireUser((c, { user }) => c.json({ user: presentUser(user) })),
  );

  app.delete(
    endpoints.deleteAccount.path,
    requireUser(async (c, { user, session }) => {
      const { password } = await readBody(c, endpoints.deleteAccount.body, { optional: true });
      const closed = await auth.closeAccount({ user, session, password, ipAddress: c.get('ipAddress') });
      if (closed.ok) {
        clearSessionCookies(c);
        return c.json({ message: text(c, 'accountDeleted') });
      }
      const { failure } = closed;
      switch (failure.code) {
        case 'password_required':
          return refuse(c, { fields: [{ field: 'password', text: 'passwordRequired' }] });
        case 'wrong_password':
          return refuse(c, 'passwordWrong');
        case 'account_locked':
          return refuse(c, { lockedUntil: failure.lockedUntil, now: clock() });
        case 'step_up_required':
          return refuse(c, 'signInAgain');
      }
    }),
  );
};
