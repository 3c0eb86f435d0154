/**
 * Guards around handlers of web-standard requests, such as the route handlers of Next.js:
 * `export const GET = requireUser(async (request, user) => Response.json(…))`. What the framework gives besides the request
 * comes after the user.
 */
import { type FreshRequirement, fresh, guard, type Requirement } from '../guard.ts';
import type { VerifiedUser, Verifier } from '../verifier.ts';

type Handler<More extends unknown[]> = (request: Request, user: VerifiedUser, ...more: More) => Response | Promise<Response>;
type Guarded<More extends unknown[]> = (request: Request, ...more: More) => Promise<Response>;

export const createGuards = (verifier: Verifier) => {
  const requireUser =
    <More extends unknown[]>(handler: Handler<More>, requirement: Requirement = {}): Guarded<More> =>
    async (request, ...more) => {
      const guarded = await guard(verifier, request.headers.get('authorization'), requirement);
      if (!guarded.ok) return Response.json(guarded.refusal.body, guarded.refusal);
      return handler(request, guarded.user, ...more);
    };
  return {
    requireUser,
    requireRole: <More extends unknown[]>(
      role: string | readonly string[],
      handler: Handler<More>,
      requirement: Requirement = {},
    ): Guarded<More> => requireUser(handler, { ...requirement, role }),
    requireFresh: <More extends unknown[]>(handler: Handler<More>, requirement: FreshRequirement = {}): Guarded<More> =>
      requireUser(handler, fresh(requirement)),
  };
};
