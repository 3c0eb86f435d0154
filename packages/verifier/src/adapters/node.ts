/** Guards for plain `node:http`: `const user = await requireUser(request, response); if (!user) return;` */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FreshRequirement, fresh, guard, type Requirement } from '../guard.ts';
import type { VerifiedUser, Verifier } from '../verifier.ts';

export const createGuards = (verifier: Verifier) => {
  /** The user; or undefined, and the response is answered. */
  const requireUser = async (
    request: IncomingMessage,
    response: ServerResponse,
    requirement: Requirement = {},
  ): Promise<VerifiedUser | undefined> => {
    // Of a header that came twice `headers` would keep one and say nothing.
    const guarded = await guard(verifier, request.headersDistinct.authorization, requirement);
    if (guarded.ok) return guarded.user;
    const { status, headers, body } = guarded.refusal;
    response.writeHead(status, headers).end(JSON.stringify(body));
    return undefined;
  };
  return {
    requireUser,
    requireRole: (
      request: IncomingMessage,
      response: ServerResponse,
      role: string | readonly string[],
      requirement: Requirement = {},
    ) => requireUser(request, response, { ...requirement, role }),
    requireFresh: (request: IncomingMessage, response: ServerResponse, requirement: FreshRequirement = {}) =>
      requireUser(request, response, fresh(requirement)),
  };
};
