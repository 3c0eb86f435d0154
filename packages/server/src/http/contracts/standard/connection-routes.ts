import { endpoints } from '@tegata/contract';
import type { Authenticated, FinishConnectionFailure } from '@tegata/core';
import type { Hono } from 'hono';
import type { Door, HttpContext, HttpEnv } from '../../contract.ts';
import { readCookie } from '../../cookies.ts';
import { createFlowCookie, failureReason, providerAnswer } from '../../flow-cookie.ts';
import { bearerToken, clientInfo, readBody, readQuery } from '../../request.ts';
import { list, locale, refuse, success, text } from './answer.ts';
import { deviceCookie, deviceCookieName, refreshCookie } from './cookies.ts';
import type { Refusal } from './failures.ts';
import { limits, sessionPolicy } from './policy.ts';
import { paginate, presentConnection, presentUser } from './presenters.ts';
import { createRequireUser } from './require-user.ts';
import { texts } from './texts.ts';

const flowCookie = createFlowCookie('/api/v1/auth/oauth');

/** Logging in through providers, and the list of connections. */
export const connectionRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, clock, config, limit, refuseForeign } = door;
  const requireUser = createRequireUser(door);
  const policy = sessionPolicy(config);

  /** A header makes it the call of a logged-in person, and a bad one is refused; without one, nobody is logged in. */
  const withCaller = (handler: (c: HttpContext, caller: Authenticated | undefined) => Promise<Response>) => {
    const guarded = requireUser(handler);
    return (c: HttpContext) => (bearerToken(c).state === 'missing' ? handler(c, undefined) : guarded(c));
  };

  app.get(endpoints.listProviders.path, (c) => success(c, auth.listProviders()));

  app.get(
    endpoints.beginConnection.path.replace('{provider}', ':provider'),
    withCaller(async (c, caller) => {
      refuseForeign(c);
      await limit(limits.oauthAuthorize, c.get('ipBucket'));
      const { redirect_to: redirectTo } = readQuery(c, endpoints.beginConnection.query);
      const provider = c.req.param('provider') ?? '';
      const begun = await auth.beginConnection({ provider, redirectTo, userId: caller?.user.id });
      if (begun.ok) {
        flowCookie.set(c, begun.value.sealedFlow, begun.value.ttlSeconds);
        return success(c, { url: begun.value.url });
      }
      if (begun.failure.code === 'provider_unknown') return refuse(c, unsupported);
      const details = [{ field: 'redirect_to', message: texts[locale(c)].redirectNotAllowed }];
      return refuse(c, { code: 'VALIDATION_ERROR', text: 'redirectNotAllowed', details });
    }),
  );

  const finish = withCaller(async (c, caller) => {
    refuseForeign(c);
    await limit(limits.oauth, c.get('ipBucket'));
    const body = await readBody(c, endpoints.finishConnection.body);
    const provider = c.req.param('provider')?.trim() ?? '';
    if (provider === '') return refuse(c, { code: 'VALIDATION_ERROR', text: 'providerRequired' });
    if (!auth.listProviders().some(({ name }) => name === provider)) return refuse(c, unsupported);
    const answer = providerAnswer(body);
    if (!answer) {
      const details = [{ field: 'code', message: texts[locale(c)].codeRequired }];
      return refuse(c, { code: 'VALIDATION_ERROR', text: 'validationFailed', details });
    }
    const finished = await auth.finishConnection({
      provider,
      answer,
      state: body.state,
      sealedFlow: flowCookie.read(c),
      caller,
      client: clientInfo(c),
      deviceCookie: readCookie(c.req.header('cookie'), deviceCookieName),
      locale: locale(c),
      policy,
    });
    if (!finished.ok) return refuse(c, finishRefusal(finished.failure));
    flowCookie.clear(c);
    const { user, isNewUser, loggedIn } = finished.value;
    const common = { user: presentUser(user), is_new_user: isNewUser };
    if (!loggedIn) {
      // The session goes on, so the answer has the access token that came with the call: no stolen one lives longer by this.
      const token = bearerToken(c);
      const expires_in = Math.max(0, (caller?.claims.exp ?? 0) - Math.floor(clock() / 1000));
      return success(c, { access_token: token.state === 'present' ? token.token : '', expires_in, ...common });
    }
    const { session, tokens } = loggedIn;
    const inBody = body.token_transport === 'body';
    const maxAgeSeconds = Math.ceil((session.expiresAt - session.createdAt) / 1000);
    if (!inBody) c.header('Set-Cookie', refreshCookie(tokens.refreshToken, maxAgeSeconds), { append: true });
    c.header('Set-Cookie', deviceCookie(loggedIn.deviceCookie), { append: true });
    return success(c, {
      access_token: tokens.accessToken,
      expires_in: tokens.accessSeconds,
      ...(inBody ? { refresh_token: tokens.refreshToken } : {}),
      ...common,
    });
  });
  app.post(endpoints.finishConnection.path.replace('{provider}', ':provider'), finish);
  // Where the provider's name was left out.
  app.post(endpoints.listProviders.path, finish);
  app.post(`${endpoints.listProviders.path}/`, finish);

  app.get(
    endpoints.listConnections.path,
    requireUser(async (c, { user }) => {
      const page = readQuery(c, endpoints.listConnections.query);
      const connections = await auth.listConnections({ userId: user.id });
      return list(c, paginate(connections.map(presentConnection), page));
    }),
  );

  app.delete(
    endpoints.removeConnection.path.replace('{provider}', ':provider'),
    requireUser(async (c, { user, session }) => {
      const provider = c.req.param('provider') ?? '';
      const ipAddress = c.get('ipAddress');
      const removed = await auth.removeConnection({ userId: user.id, sessionId: session.id, provider, ipAddress });
      if (removed.ok) return success(c, { message: text(c, 'connectionRemoved') });
      const refusals: Record<typeof removed.failure.code, Refusal> = {
        connection_not_found: { code: 'NOT_FOUND', text: 'connectionNotFound' },
        last_way_in: { code: 'CONFLICT', text: 'lastWayIn', reason: 'last_way_in' },
      };
      return refuse(c, refusals[removed.failure.code]);
    }),
  );
};

const unsupported: Refusal = { code: 'VALIDATION_ERROR', text: 'providerUnsupported' };

const refusals: Record<Exclude<FinishConnectionFailure['code'], 'provider_unknown'>, Refusal> = {
  code_invalid: { code: 'VALIDATION_ERROR', text: 'authorizationCodeInvalid' },
  provider_denied: { code: 'INVALID_REQUEST', text: 'providerDenied' },
  log_in_required: { code: 'UNAUTHORIZED', text: 'authorizationRequired' },
  account_not_active: { code: 'UNAUTHORIZED', text: 'accountNotActive' },
  address_missing: { code: 'INVALID_REQUEST', text: 'providerAddressMissing' },
  address_unverified: { code: 'INVALID_REQUEST', text: 'providerAddressUnverified' },
  connected_to_other: { code: 'CONFLICT', text: 'connectedToOther' },
  provider_taken: { code: 'CONFLICT', text: 'providerTaken' },
  verify_own_address: { code: 'CONFLICT', text: 'verifyFirst' },
};

const finishRefusal = (failure: FinishConnectionFailure): Refusal =>
  failure.code === 'provider_unknown' ? unsupported : { ...refusals[failure.code], reason: failureReason(failure) };
