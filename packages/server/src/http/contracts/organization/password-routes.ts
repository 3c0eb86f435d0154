import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { readBody } from '../../request.ts';
import { locale, message, refuse, refuseField } from './answer.ts';
import { endpoints } from './endpoints.ts';
import { passwordText } from './failures.ts';
import { limits } from './policy.ts';

/** Forgotten passwords. Links that this contract asks for live longer than the others': its own preset. */
export const passwordRoutes = (app: Hono<HttpEnv>, { auth, config, limit }: Door): void => {
  app.post(endpoints.requestPasswordReset.path, async (c) => {
    await limit(limits.resetRequest, c.get('ipBucket'));
    const { email } = await readBody(c, endpoints.requestPasswordReset.body);
    await auth.requestPasswordReset({
      email,
      locale: locale(c),
      policy: {
        addressLimit: limits.resetRequestAddress,
        resetTtlSeconds: config.ttl.organizationReset,
        verifyTtlSeconds: config.ttl.verify,
      },
    });
    return message(c, 'resetSent');
  });

  app.post(endpoints.confirmPasswordReset.path, async (c) => {
    await limit(limits.resetConfirm, c.get('ipBucket'));
    const { token, password } = await readBody(c, endpoints.confirmPasswordReset.body);
    const reset = await auth.resetPassword({ token, password, ipAddress: c.get('ipAddress') });
    if (reset.ok) return message(c, 'resetDone');
    const { failure } = reset;
    switch (failure.code) {
      case 'token_invalid':
      case 'token_used':
        return refuse(c, { code: 'INVALID_RESET_TOKEN' });
      case 'token_expired':
        return refuse(c, { code: 'RESET_TOKEN_EXPIRED' });
      case 'password_rejected':
        return refuseField(c, 'password', passwordText[failure.problem]);
    }
  });
};
