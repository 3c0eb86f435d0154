import { serviceEndpoints } from '@tegata/contract';
import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { readForm } from '../../request.ts';
import { limits } from './policy.ts';
import { createRequireService } from './require-service.ts';

/** What other services ask: which tokens are revoked, and whether one is good. */
export const serviceRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, config, limit, openFeed } = door;
  const requireService = createRequireService(door);

  app.get(
    serviceEndpoints.readRevocations.path,
    requireService('revocations:read', async (c, service, credential) => {
      await limit(limits.feeds, service.id);
      const headers = {
        'Content-Type': 'text/event-stream; charset=utf-8',
        // What a proxy keeps back comes too late.
        'X-Accel-Buffering': 'no',
      };
      if (c.req.method === 'HEAD') return c.body(null, 200, headers);
      const stream = await openFeed({
        lastEventId: c.req.header('last-event-id'),
        isAllowed: async () => (await auth.authenticateService({ ...credential, scope: 'revocations:read' })).ok,
      });
      return c.body(stream, 200, headers);
    }),
  );

  app.post(
    serviceEndpoints.introspectToken.path,
    requireService('introspect', async (c, service) => {
      await limit(limits.services, service.id);
      const { token } = await readForm(c, serviceEndpoints.introspectToken.form);
      const introspected = await auth.introspectToken({ token });
      if (!introspected) return c.json({ active: false });
      const { claims, user } = introspected;
      const { sub, sid, jti, iat, exp } = claims;
      const { issuer: iss, audience: aud } = config;
      // The contract's other claims are left out: a role in a token may no longer be so.
      return c.json({ active: true, token_type: 'Bearer', iss, aud, sub, uid: user.id, sid, jti, iat, exp });
    }),
  );
};
