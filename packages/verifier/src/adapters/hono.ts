/** Guards for Hono: `app.get('/notes', requireUser(), (c) => …c.get('user').id…)`. */
import type { MiddlewareHandler } from 'hono';
import { type FreshRequirement, fresh, guard, type Requirement } from '../guard.ts';
import type { VerifiedUser, Verifier } from '../verifier.ts';

export type UserVariables = { Variables: { user: VerifiedUser } };

export const createGuards = (verifier: Verifier) => {
  const requireUser =
    (requirement: Requirement = {}): MiddlewareHandler<UserVariables> =>
    async (c, next) => {
      const guarded = await guard(verifier, c.req.raw.headers.get('authorization'), requirement);
      if (!guarded.ok) return Response.json(guarded.refusal.body, guarded.refusal);
      c.set('user', guarded.user);
      await next();
      return undefined;
    };
  return {
    requireUser,
    requireRole: (role: string | readonly string[], requirement: Requirement = {}) => requireUser({ ...requirement, role }),
    requireFresh: (requirement: FreshRequirement = {}) => requireUser(fresh(requirement)),
  };
};
