import { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { bearerToken, clientInfo, readBody } from '../../request.ts';
import { locale, presentUser, refuse, refuseLocked } from './answer.ts';
import { endpoints } from './endpoints.ts';
import { passwordFailure } from './failures.ts';
import { limits, sessionPolicy } from './policy.ts';

/** Every call of the contract. No cookie is read or set anywhere here, so there is nothing that a foreign page could ride on. */
export const bearerRoutes = ({ auth, clock, config, limit }: Door): Hono<HttpEnv> => {
  const policy = sessionPolicy(config);
  const app = new Hono<HttpEnv>();

  app.post(endpoints.register.path, async (c) => {
    await limit(limits.register, c.get('ipBucket'));
    const { name, email, password } = await readBody(c, endpoints.register.body);
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
        logIn: { client: clientInfo(c), session: policy },
      },
    });
    if (registered.ok) {
      const { user, loggedIn } = registered.value;
      if (!loggedIn) throw new Error('a registration left out the session');
      return c.json({ user: presentUser(user), token: loggedIn.tokens.accessToken }, 201);
    }
    const { failure } = registered;
    switch (failure.code) {
      case 'email_invalid':
        return refuse(c, 'emailInvalid');
      case 'email_taken':
        return refuse(c, 'emailTaken');
      case 'password_rejected':
        return refuse(c, passwordFailure[failure.problem]);
    }
  });

  app.post(endpoints.logIn.path, async (c) => {
    await limit(limits.logIn, c.get('ipBucket'));
    const { email, password } = await readBody(c, endpoints.logIn.body);
    const loggedIn = await auth.logIn({ email, password, remember: false, client: clientInfo(c), policy });
    if (loggedIn.ok) {
      const { user, tokens } = loggedIn.value;
      return c.json({ user: presentUser(user), token: tokens.accessToken });
    }
    const { failure } = loggedIn;
    if (failure.code === 'account_locked') return refuseLocked(c, failure.lockedUntil - clock());
    // Whatever else is wrong with the account: here nobody is told, not even behind the right password.
    return refuse(c, 'credentialsWrong');
  });

  app.get(endpoints.me.path, async (c) => {
    const credential = bearerToken(c);
    if (credential.state === 'missing') return refuse(c, 'authenticationRequired');
    if (credential.state === 'malformed') return refuse(c, 'authorizationMalformed');
    const caller = await auth.authenticate(credential.token);
    return caller.ok ? c.json(presentUser(caller.value.user)) : refuse(c, 'tokenInvalid');
  });

  return app;
};
