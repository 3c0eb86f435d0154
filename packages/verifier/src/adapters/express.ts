/** Guards for Express 5: `app.get('/notes', requireUser(), (request, response) => …userOf(request).id…)`. */
import type { Request, RequestHandler } from 'express';
import { type FreshRequirement, fresh, type Requirement } from '../guard.ts';
import type { VerifiedUser, Verifier } from '../verifier.ts';
import { createGuards as createNodeGuards } from './node.ts';

export const createGuards = (verifier: Verifier) => {
  const node = createNodeGuards(verifier);
  const users = new WeakMap<Request, VerifiedUser>();
  const requireUser =
    (requirement: Requirement = {}): RequestHandler =>
    async (request, response, next) => {
      const user = await node.requireUser(request, response, requirement);
      if (!user) return;
      users.set(request, user);
      next();
    };
  return {
    requireUser,
    requireRole: (role: string | readonly string[], requirement: Requirement = {}) => requireUser({ ...requirement, role }),
    requireFresh: (requirement: FreshRequirement = {}) => requireUser(fresh(requirement)),
    /** @throws Error on a route without a guard. */
    userOf: (request: Request): VerifiedUser => {
      const user = users.get(request);
      if (!user) throw new Error('no guard stands before this route: add requireUser()');
      return user;
    },
  };
};
