import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { readBody } from '../../request.ts';
import { locale, refuse, text } from './answer.ts';
import { endpoints } from './endpoints.ts';
import { type Failure, passwordRefusal } from './failures.ts';
import { createRequireUser } from './guard.ts';
import { limits } from './policy.ts';

/** Forgotten, reset and changed passwords. */
export const passwordRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, clock, config, limit } = door;
  const requireUser = createRequireUser(door);

  app.post(endpoints.forgotPassword.path, async (c) => {
    await limit(limits.forgot, c.get('ipBucket'));
    const { email } = await readBody(c, endpoints.forgotPassword.body);
    await auth.requestPasswordReset({
      email,
      locale: locale(c),
      policy: {
        addressLimit: limits.forgotAddress,
        resetTtlSeconds: config.ttl.reset,
        verifyTtlSeconds: config.ttl.verify,
      },
    });
    return c.json({ message: text(c, 'resetSent') });
  });

  // The page behind the mailed link has the same path; it takes the form and leaves the JSON to us.
  app.post(endpoints.resetPassword.path, async (c) => {
    await limit(limits.reset, c.get('ipBucket'));
    const { token, new_password: password } = await readBody(c, endpoints.resetPassword.body);
    const reset = await auth.resetPassword({ token, password, ipAddress: c.get('ipAddress') });
    if (reset.ok) return c.json({ message: text(c, 'resetDone') });
    const { failure } = reset;
    if (failure.code === 'password_rejected') return refuse(c, passwordRefusal('new_password', failure.problem));
    const refusals: Record<typeof failure.code, Failure> = {
      token_invalid: 'resetInvalid',
      token_expired: 'resetExpired',
      token_used: 'resetUsed',
    };
    return refuse(c, refusals[failure.code]);
  });

  app.put(
    endpoints.changePassword.path,
    requireUser(async (c, { user, session }) => {
      const body = await readBody(c, endpoints.changePassword.body);
      const changed = await auth.changePassword({
        user,
        sessionId: session.id,
        currentPassword: body.current_password,
        newPassword: body.new_password,
        ipAddress: c.get('ipAddress'),
      });
      if (changed.ok) return c.json({ message: text(c, 'passwordChanged') });
      const { failure } = changed;
      switch (failure.code) {
        case 'wrong_password':
          return refuse(c, 'currentPasswordWrong');
        case 'no_password':
          return refuse(c, 'noPassword');
        case 'account_locked':
          return refuse(c, { lockedUntil: failure.lockedUntil, now: clock() });
        case 'password_rejected':
          return refuse(c, passwordRefusal('new_password', failure.problem));
      }
    }),
  );
};
