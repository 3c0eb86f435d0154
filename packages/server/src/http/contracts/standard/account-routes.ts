import { endpoints } from '@tegata/contract';
import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { HttpProblem } from '../../problem.ts';
import { idInPath, readBody, readQuery } from '../../request.ts';
import { list, locale, refuse, success, text } from './answer.ts';
import { clearedRefreshCookie } from './cookies.ts';
import { lockedRefusal, type Refusal } from './failures.ts';
import { limits } from './policy.ts';
import { paginate, presentEmail, presentUser } from './presenters.ts';
import { createRequireUser } from './require-user.ts';
import { texts } from './texts.ts';

/** The person's own account: profile, addresses, the end. */
export const accountRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, config, limit } = door;
  const requireUser = createRequireUser(door);

  app.get(
    endpoints.me.path,
    requireUser(async (c, { user }) => {
      await limit(limits.me, user.id);
      return success(c, presentUser(user));
    }),
  );

  app.patch(
    endpoints.updateProfile.path,
    requireUser(async (c, { user }) => {
      const { name, avatar_url: avatarUrl } = await readBody(c, endpoints.updateProfile.body);
      const change = { ...(name === undefined ? {} : { name }), ...(avatarUrl === undefined ? {} : { avatarUrl }) };
      const updated = await auth.updateProfile({ userId: user.id, change });
      if (!updated.ok) throw new HttpProblem({ kind: 'not_found' });
      return success(c, presentUser(updated.value));
    }),
  );

  app.delete(
    endpoints.closeAccount.path,
    requireUser(async (c, { user, session }) => {
      const { password } = await readBody(c, endpoints.closeAccount.body, { optional: true });
      const closed = await auth.closeAccount({ user, session, password, ipAddress: c.get('ipAddress') });
      if (closed.ok) {
        c.header('Set-Cookie', clearedRefreshCookie);
        return success(c, { message: text(c, 'accountDeleted') });
      }
      const { failure } = closed;
      switch (failure.code) {
        case 'password_required': {
          const details = [{ field: 'password', message: texts[locale(c)].passwordRequired }];
          return refuse(c, { code: 'VALIDATION_ERROR', text: 'validationFailed', details });
        }
        case 'wrong_password':
          return refuse(c, { code: 'UNAUTHORIZED', text: 'passwordWrong', reason: 'wrong_password' });
        case 'account_locked':
          return refuse(c, lockedRefusal(failure.lockedUntil));
        case 'step_up_required':
          return refuse(c, { code: 'STEP_UP_REQUIRED', text: 'stepUpRequired', reason: 'login_too_old' });
      }
    }),
  );

  app.get(
    endpoints.listEmails.path,
    requireUser(async (c, { user }) => {
      const page = readQuery(c, endpoints.listEmails.query);
      const emails = await auth.listEmails({ userId: user.id });
      return list(c, paginate(emails.map(presentEmail), page));
    }),
  );

  app.post(
    endpoints.addEmail.path,
    requireUser(async (c, { user }) => {
      await limit(limits.addEmail, user.id);
      const { email } = await readBody(c, endpoints.addEmail.body);
      const policy = { addressLimit: limits.resendAddress, verifyTtlSeconds: config.ttl.verify };
      const added = await auth.addEmail({ user, email, policy });
      if (added.ok) return success(c, presentEmail(added.value), 201);
      if (added.failure.code === 'email_invalid') {
        const details = [{ field: 'email', message: texts[locale(c)].emailMalformed }];
        return refuse(c, { code: 'VALIDATION_ERROR', text: 'validationFailed', details });
      }
      return refuse(c, { code: 'CONFLICT', text: added.failure.code === 'email_taken' ? 'emailExists' : 'tooManyEmails' });
    }),
  );

  app.delete(
    endpoints.removeEmail.path.replace('{id}', ':id'),
    requireUser(async (c, { user }) => {
      const removed = await auth.removeEmail({ userId: user.id, emailId: idInPath(c) });
      if (removed.ok) return success(c, { message: text(c, 'emailRemoved') });
      const refusals: Record<typeof removed.failure.code, Refusal> = {
        email_not_found: { code: 'NOT_FOUND', text: 'emailNotFound' },
        email_is_primary: { code: 'CONFLICT', text: 'emailIsPrimary' },
        email_can_undo: { code: 'CONFLICT', text: 'emailCanUndo' },
      };
      return refuse(c, refusals[removed.failure.code]);
    }),
  );

  app.post(
    endpoints.setPrimaryEmail.path.replace('{id}', ':id'),
    requireUser(async (c, { user }) => {
      const changed = await auth.setPrimaryEmail({ userId: user.id, emailId: idInPath(c) });
      if (changed.ok) return success(c, { message: text(c, 'primaryChanged') });
      const refusals: Record<typeof changed.failure.code, Refusal> = {
        email_not_found: { code: 'NOT_FOUND', text: 'emailNotFound' },
        email_not_verified: { code: 'CONFLICT', text: 'emailNotVerified' },
      };
      return refuse(c, refusals[changed.failure.code]);
    }),
  );
};
