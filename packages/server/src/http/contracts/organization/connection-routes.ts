import type { FinishConnectionFailure } from '@tegata/core';
import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { createFlowCookie, providerAnswer } from '../../flow-cookie.ts';
import { clientInfo, readBody, readQuery } from '../../request.ts';
import { locale, refuse, refuseField, success } from './answer.ts';
import { readCookies, setDeviceCookie, setSessionCookies } from './cookies.ts';
import { endpoints } from './endpoints.ts';
import { limits, sessionPolicy } from './policy.ts';
import { presentToken, presentUser } from './presenters.ts';
import type { FailureCode } from './texts.ts';

const flowCookie = createFlowCookie('/api/auth/oauth');

/** Logging in through providers. The list of connections is the standard contract's. */
export const connectionRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, config, limit, refuseForeign } = door;
  const policy = sessionPolicy(config);

  app.get(endpoints.listProviders.path, (c) => success(c, { providers: auth.listProviders() }));

  app.get(endpoints.beginConnection.path.replace('{provider}', ':provider'), async (c) => {
    refuseForeign(c);
    await limit(limits.oauthAuthorize, c.get('ipBucket'));
    const { redirectTo } = readQuery(c, endpoints.beginConnection.query);
    const begun = await auth.beginConnection({ provider: c.req.param('provider') ?? '', redirectTo });
    if (begun.ok) {
      flowCookie.set(c, begun.value.sealedFlow, begun.value.ttlSeconds);
      return success(c, { url: begun.value.url });
    }
    if (begun.failure.code === 'provider_unknown') return refuseField(c, 'provider', 'providerUnsupported');
    return refuseField(c, 'redirectTo', 'redirectNotAllowed');
  });

  app.post(endpoints.finishConnection.path.replace('{provider}', ':provider'), async (c) => {
    refuseForeign(c);
    await limit(limits.oauth, c.get('ipBucket'));
    const body = await readBody(c, endpoints.finishConnection.body);
    const provider = c.req.param('provider') ?? '';
    if (!auth.listProviders().some(({ name }) => name === provider)) return refuseField(c, 'provider', 'providerUnsupported');
    const answer = providerAnswer(body);
    if (!answer) return refuseField(c, 'code', 'codeRequired');
    const finished = await auth.finishConnection({
      provider,
      answer,
      state: body.state,
      sealedFlow: flowCookie.read(c),
      client: clientInfo(c),
      deviceCookie: readCookies(c).device,
      locale: locale(c),
      policy,
    });
    if (!finished.ok) {
      const { code } = finished.failure;
      if (code === 'provider_unknown') return refuseField(c, 'provider', 'providerUnsupported');
      return refuse(c, { code: refusals[code] });
    }
    const { user, isNewUser, loggedIn } = finished.value;
    if (!loggedIn) throw new Error('a log-in through a provider left out the session');
    flowCookie.clear(c);
    const { session, tokens, deviceCookie } = loggedIn;
    const membership = await auth.showMembership({ userId: user.id });
    setSessionCookies(c, door, { sessionId: session.id, tokens });
    setDeviceCookie(c, deviceCookie);
    return success(c, { user: presentUser(user, membership), token: presentToken(tokens), isNewUser });
  });
};

/** A flow that adds a connection begins and ends in the standard contract, so here it is a foreign one. */
const refusals: Record<Exclude<FinishConnectionFailure['code'], 'provider_unknown'>, Exclude<FailureCode, 'ACCOUNT_LOCKED'>> = {
  code_invalid: 'INVALID_AUTHORIZATION_CODE',
  provider_denied: 'PROVIDER_DENIED',
  log_in_required: 'INVALID_AUTHORIZATION_CODE',
  account_not_active: 'ACCOUNT_NOT_ACTIVE',
  address_missing: 'PROVIDER_EMAIL_MISSING',
  address_unverified: 'PROVIDER_EMAIL_UNVERIFIED',
  connected_to_other: 'INVALID_AUTHORIZATION_CODE',
  provider_taken: 'PROVIDER_ALREADY_CONNECTED',
  verify_own_address: 'INVALID_AUTHORIZATION_CODE',
};
