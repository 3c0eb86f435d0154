import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { clientInfo, readBody, readQuery } from '../../request.ts';
import { locale, refuse, refuseField, success } from './answer.ts';
import { readCookies, setDeviceCookie, setSessionCookies } from './cookies.ts';
import { createRequireUser } from './credentials.ts';
import { endpoints } from './endpoints.ts';
import { passwordText } from './failures.ts';
import { limits, sessionPolicy } from './policy.ts';
import { presentMe, presentRegistered, presentToken } from './presenters.ts';

/** Registering, with an organization, and the person's own record. */
export const accountRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, config, limit, refuseForeign } = door;
  const requireUser = createRequireUser(door);
  const policy = sessionPolicy(config);

  app.post(endpoints.register.path, async (c) => {
    refuseForeign(c);
    await limit(limits.register, c.get('ipBucket'));
    const { email, password, name, organizationName } = await readBody(c, endpoints.register.body);
    const registered = await auth.register({
      email,
      password,
      name,
      locale: locale(c),
      ipAddress: c.get('ipAddress'),
      policy: {
        activation: 'at_once',
        verifyTtlSeconds: config.ttl.verify,
        addressLimit: limits.registerAddress,
        organizationName,
        logIn: { client: clientInfo(c), session: policy, deviceCookie: readCookies(c).device },
      },
    });
    if (registered.ok) {
      const { user, organization, loggedIn } = registered.value;
      if (!organization || !loggedIn) throw new Error('a registration left out the organization or the session');
      const { session, tokens } = loggedIn;
      setSessionCookies(c, door, { sessionId: session.id, tokens });
      setDeviceCookie(c, loggedIn.deviceCookie);
      return success(c, { user: presentRegistered(user, organization), token: presentToken(tokens) }, 201);
    }
    const { failure } = registered;
    switch (failure.code) {
      case 'email_invalid':
        return refuseField(c, 'email', 'emailMalformed');
      case 'email_taken':
        return refuse(c, { code: 'DUPLICATE_EMAIL' });
      case 'password_rejected':
        return refuseField(c, 'password', passwordText[failure.problem]);
    }
  });

  app.get(
    endpoints.me.path,
    requireUser(async (c, { user }) => {
      await limit(limits.me, user.id);
      const { fields } = readQuery(c, endpoints.me.query);
      const me = presentMe(user, await auth.showMembership({ userId: user.id }));
      const kept = fields ? Object.fromEntries(fields.map((field) => [field, me[field]])) : me;
      return success(c, { user: kept });
    }),
  );
};
