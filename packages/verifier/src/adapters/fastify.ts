/** Guards for Fastify 5: `app.get('/notes', { onRequest: requireUser() }, async (request) => …userOf(request).id…)`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type FreshRequirement, fresh, guard, type Requirement } from '../guard.ts';
import type { VerifiedUser, Verifier } from '../verifier.ts';

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

export const createGuards = (verifier: Verifier) => {
  const users = new WeakMap<FastifyRequest, VerifiedUser>();
  const requireUser =
    (requirement: Requirement = {}): Hook =>
    async (request, reply) => {
      const guarded = await guard(verifier, request.raw.headersDistinct.authorization, requirement);
      if (!guarded.ok) return reply.code(guarded.refusal.status).headers(guarded.refusal.headers).send(guarded.refusal.body);
      users.set(request, guarded.user);
      return undefined;
    };
  return {
    requireUser,
    requireRole: (role: string | readonly string[], requirement: Requirement = {}) => requireUser({ ...requirement, role }),
    requireFresh: (requirement: FreshRequirement = {}) => requireUser(fresh(requirement)),
    /** @throws Error on a route without a guard. */
    userOf: (request: FastifyRequest): VerifiedUser => {
      const user = users.get(request);
      if (!user) throw new Error('no guard stands before this route: add requireUser()');
      return user;
    },
  };
};
