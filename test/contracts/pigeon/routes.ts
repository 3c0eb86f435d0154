import type { Locale } from '@tegata/core';
import { Hono } from 'hono';
import type { Contract, Door, HttpContext, HttpEnv } from '../../../packages/server/src/http/contract.ts';
import { languageOf } from '../../../packages/server/src/http/language.ts';
import { bearerToken, clientInfo, readBody } from '../../../packages/server/src/http/request.ts';
import { limits, sessionPolicy } from './policy.ts';
import { credentials } from './schemas.ts';
import { type PigeonText, texts } from './texts.ts';

const squawk = (c: HttpContext, text: PigeonText, status: 400 | 401 | 403 | 409) =>
  c.json({ squawk: texts[languageOf(c.req.header('accept-language'), 'en')][text] }, status);

export const pigeonRoutes = ({ auth, config, limit }: Door): Hono<HttpEnv> => {
  const app = new Hono<HttpEnv>();

  app.post('/pigeon/nest', async (c) => {
    await limit(limits.nest, c.get('ipBucket'));
    const { loft, secret } = await readBody(c, credentials);
    const nested = await auth.register({
      email: loft,
      password: secret,
      name: 'Pigeon',
      locale: 'en',
      ipAddress: c.get('ipAddress'),
      policy: {
        activation: 'at_once',
        verifyTtlSeconds: config.ttl.verify,
        addressLimit: limits.nest,
        logIn: { client: clientInfo(c), session: sessionPolicy },
      },
    });
    if (nested.ok) return c.json({ ring: nested.value.loggedIn?.tokens.accessToken }, 201);
    switch (nested.failure.code) {
      case 'email_invalid':
        return squawk(c, 'addressOdd', 400);
      case 'email_taken':
        return squawk(c, 'addressTaken', 409);
      case 'password_rejected':
        return squawk(c, 'passwordWeak', 400);
    }
  });

  app.post('/pigeon/fly', async (c) => {
    await limit(limits.fly, c.get('ipBucket'));
    const { loft, secret } = await readBody(c, credentials);
    const flown = await auth.logIn({
      email: loft,
      password: secret,
      remember: false,
      client: clientInfo(c),
      policy: sessionPolicy,
    });
    if (flown.ok) return c.json({ ring: flown.value.tokens.accessToken });
    return flown.failure.code === 'account_locked' ? squawk(c, 'locked', 403) : squawk(c, 'unknown', 401);
  });

  app.get('/pigeon/home', async (c) => {
    const ring = bearerToken(c);
    const caller = ring.state === 'present' ? await auth.authenticate(ring.token) : undefined;
    if (!caller?.ok) return squawk(c, 'unknown', 401);
    return c.json({ loft: caller.value.user.email, keeper: caller.value.claims.keeper });
  });

  return app;
};

type Kind = Parameters<Contract['present']>[0]['kind'];

const problems: Record<Kind, readonly [status: number, text: PigeonText]> = {
  validation: [400, 'requestOdd'],
  invalid_json: [400, 'requestOdd'],
  unsupported_media_type: [415, 'requestOdd'],
  body_too_large: [413, 'requestOdd'],
  foreign_origin: [403, 'requestOdd'],
  not_found: [404, 'nothingHere'],
  method_not_allowed: [405, 'nothingHere'],
  rate_limited: [429, 'tooMany'],
  unavailable: [503, 'broken'],
  internal: [500, 'broken'],
};

export const presentProblem: Contract['present'] = ({ kind }, locale: Locale) => {
  const [status, text] = problems[kind];
  return { status, body: { squawk: texts[locale][text] } };
};
