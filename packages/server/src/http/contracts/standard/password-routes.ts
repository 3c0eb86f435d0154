import { endpoints } from '@tegata/contract';
import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { readBody } from '../../request.ts';
import { locale, refuse, success, text } from './answer.ts';
import { lockedRefusal, passwordRefusal } from './failures.ts';
import { limits } from './policy.ts';
import { createRequireUser } from './require-user.ts';

/** Forgotten, reset and changed passwords. */
export const passwordRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, config, limit } = door;
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
    return success(c, { message: text(c, 'resetSent') });
  });

  app.post(endpoints.resetPassword.path, async (c) => {
    await limit(limits.reset, c.get('ipBucket'));
    const { token, password } = await readBody(c, endpoints.resetPassword.body);
    const reset = await auth.resetPassword({ token, password, ipAddress: c.get('ipAddress') });
    if (reset.ok) return success(c, { message: text(c, 'resetDone') });
    const { failure } = reset;
    switch (failure.code) {
      case 'token_invalid':
        return refuse(c, { code: 'VALIDATION_ERROR', text: 'resetInvalid' });
      case 'token_used':
        return refuse(c, { code: 'VALIDATION_ERROR', text: 'resetUsed' });
      case 'token_expired':
        return refuse(c, { code: 'VALIDATION_ERROR', text: 'resetExpired' });
      case 'password_rejected':
        return refuse(c, passwordRefusal('password', failure.problem, locale(c)));
    }
  });

  app.post(
    endpoints.setPassword.path,
    requireUser(async (c, { user, session }) => {
      const { password } = await readBody(c, endpoints.setPassword.body);
      const set = await auth.setPassword({ user, session, password, ipAddress: c.get('ipAddress') });
      if (set.ok) return success(c, { message: text(c, 'passwordSet') });
      const { failure } = set;
      switch (failure.code) {
        case 'has_password':
          return refuse(c, { code: 'CONFLICT', text: 'hasPassword', reason: 'has_password' });
        case 'step_up_required':
          return refuse(c, { code: 'STEP_UP_REQUIRED', text: 'stepUpRequired', reason: 'login_too_old' });
        case 'password_rejected':
          return refuse(c, passwordRefusal('password', failure.problem, locale(c)));
      }
    }),
  );

  app.post(
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
      if (changed.ok) return success(c, { message: text(c, 'passwordChanged') });
      const { failure } = changed;
      switch (failure.code) {
        case 'wrong_password':
          return refuse(c, { code: 'UNAUTHORIZED', text: 'currentPasswordWrong', reason: 'wrong_password' });
        case 'no_password':
          return refuse(c, { code: 'CONFLICT', text: 'noPassword', reason: 'no_password' });
        case 'account_locked':
          return refuse(c, lockedRefusal(failure.lockedUntil));
        case 'password_rejected':
          return refuse(c, passwordRefusal('new_password', failure.problem, locale(c)));
      }
    }),
  );
};
