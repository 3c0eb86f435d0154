import type { FinishConnectionFailure } from '@tegata/core';
import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { createFlowCookie, providerAnswer } from '../../flow-cookie.ts';
import { clientInfo, readBody, readQuery } from '../../request.ts';
import { locale, refuse, text } from './answer.ts';
import { readCookies, setDeviceCookie, setSessionCookies } from './cookies.ts';
import { endpoints } from './endpoints.ts';
import type { Failure } from './failures.ts';
import { limits, sessionPolicy } from './policy.ts';
import { presentUser } from './presenters.ts';

const flowCookie = createFlowCookie('/auth/oauth');

/** Signing in through providers. The list of connections is the standard contract's. */
export const connectionRoutes = (app: Hono<HttpEnv>, door: Door): void => {
  const { auth, config, limit, refuseForeign } = door;
  const policy = sessionPolicy(config);

  app.get(endpoints.listProviders.path, (c) => c.json({ providers: auth.listProviders() }));

  app.get(endpoints.beginConnection.path.replace('{provider}', ':provider'), async (c) => {
    refuseForeign(c);
    await limit(limits.oauthAuthorize, c.get('ipBucket'));
    const { redirect_to: redirectTo } = readQuery(c, endpoints.beginConnection.query);
    const begun = await auth.beginConnection({ provider: c.req.param('provider') ?? '', redirectTo });
    if (begun.ok) {
      flowCookie.set(c, begun.value.sealedFlow, begun.value.ttlSeconds);
      return c.json({ url: begun.value.url });
    }
    if (begun.failure.code === 'provider_unknown') return refuse(c, 'providerUnsupported');
    return refuse(c, { fields: [{ field: 'redirect_to', text: 'redirectNotAllowed' }] });
  });

  app.post(endpoints.finishConnection.path.replace('{provider}', ':provider'), async (c) => {
    refuseForeign(c);
    await limit(limits.oauth, c.get('ipBucket'));
    const body = await readBody(c, endpoints.finishConnection.body);
    const provider = c.req.param('provider') ?? '';
    if (!auth.listProviders().some(({ name }) => name === provider)) return refuse(c, 'providerUnsupported');
    const answer = providerAnswer(body);
    if (!answer) return refuse(c, { fields: [{ field: 'code', text: 'codeRequired' }] });
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
    if (!finished.ok) return refuse(c, refusals[finished.failure.code]);
    const { user, isNewUser, loggedIn } = finished.value;
    if (!loggedIn) throw new Error('a log-in through a provider left out the session');
    flowCookie.clear(c);
    const { session, tokens, deviceCookie } = loggedIn;
    const { csrfToken } = setSessionCookies(c, door, { sessionId: session.id, tokens });
    setDeviceCookie(c, deviceCookie);
    const answered = { user: presentUser(user), message: text(c, 'signedIn'), is_new_user: isNewUser };
    return c.json({ ...answered, expires_in: tokens.accessSeconds, csrf_token: csrfToken });
  });
};

/** A flow that adds a connection begins and ends in the standard contract, so here it is a foreign one. */
const refusals: Record<FinishConnectionFailure['code'], Failure> = {
  provider_unknown: 'providerUnsupported',
  code_invalid: 'authorizationCodeInvalid',
  provider_denied: 'providerDenied',
  log_in_required: 'authorizationCodeInvalid',
  account_not_active: 'accountNotActive',
  address_missing: 'providerAddressMissing',
  address_unverified: 'providerAddressUnverified',
  connected_to_other: 'authorizationCodeInvalid',
  provider_taken: 'providerTaken',
  verify_own_address: 'authorizationCodeInvalid',
};
