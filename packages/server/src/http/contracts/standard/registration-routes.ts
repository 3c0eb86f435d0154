import { endpoints } from '@tegata/contract';
import type { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { readBody, readQuery } from '../../request.ts';
import { locale, refuse, success, text } from './answer.ts';
import { passwordRefusal, type Refusal } from './failures.ts';
import { limits } from './policy.ts';
import { texts } from './texts.ts';

/** Registering and proving an address. */
export const registrationRoutes = (app: Hono<HttpEnv>, { auth, config, limit, refuseForeign }: Door): void => {
  app.post(endpoints.register.path, async (c) => {
    refuseForeign(c);
    await limit(limits.register, c.get('ipBucket'));
    const { email, password, name } = await readBody(c, endpoints.register.body);
    const registered = await auth.register({
      email,
      password,
      name,
      locale: locale(c),
      ipAddress: c.get('ipAddress'),
      policy: { activation: 'verify_first', verifyTtlSeconds: config.ttl.verify, addressLimit: limits.resendAddress },
    });
    if (registered.ok) return success(c, { user_id: registered.value.user.id, message: text(c, 'registered') }, 201);
    const { failure } = registered;
    switch (failure.code) {
      case 'email_invalid': {
        const details = [{ field: 'email', message: texts[locale(c)].emailMalformed }];
        return refuse(c, { code: 'VALIDATION_ERROR', text: 'validationFailed', details });
      }
      case 'email_taken':
        return refuse(c, { code: 'CONFLICT', text: 'emailExists' });
      case 'password_rejected':
        return refuse(c, passwordRefusal('password', failure.problem, locale(c)));
    }
  });

  app.post(endpoints.verifyEmail.path, async (c) => {
    await limit(limits.verify, c.get('ipBucket'));
    const query = readQuery(c, endpoints.verifyEmail.query);
    const { token, email, code } = await readBody(c, endpoints.verifyEmail.body, { optional: true });
    const proof =
      token || query.token ? { token: token || (query.token as string) } : email && code ? { email, code } : undefined;
    if (!proof) return refuse(c, { code: 'VALIDATION_ERROR', text: 'tokenRequired' });
    const verified = await auth.verifyEmail(proof);
    if (verified.ok) {
      return success(c, { message: text(c, verified.value.alreadyVerified ? 'alreadyVerified' : 'verified') });
    }
    const refusals: Record<typeof verified.failure.code, Refusal> = {
      token_invalid: { code: 'VALIDATION_ERROR', text: 'verificationInvalid' },
      token_expired: { code: 'VALIDATION_ERROR', text: 'verificationExpired' },
      email_taken: { code: 'CONFLICT', text: 'emailExists' },
    };
    return refuse(c, refusals[verified.failure.code]);
  });

  app.post(endpoints.resendVerification.path, async (c) => {
    await limit(limits.resend, c.get('ipBucket'));
    const { email } = await readBody(c, endpoints.resendVerification.body);
    const policy = { addressLimit: limits.resendAddress, verifyTtlSeconds: config.ttl.verify };
    const requested = await auth.requestVerification({ email, locale: locale(c), policy });
    if (!requested.ok) {
      const details = [{ field: 'email', message: texts[locale(c)].emailMalformed }];
      return refuse(c, { code: 'VALIDATION_ERROR', text: 'validationFailed', details });
    }
    return success(c, { message: text(c, 'verificationSent') });
  });

  app.post(endpoints.undoEmailChange.path, async (c) => {
    await limit(limits.reset, c.get('ipBucket'));
    const { token } = await readBody(c, endpoints.undoEmailChange.body);
    const policy = { resetTtlSeconds: config.ttl.reset, verifyTtlSeconds: config.ttl.verify };
    const undone = await auth.undoPrimaryEmail({ token, policy });
    if (undone.ok) return success(c, { message: text(c, 'primaryRestored') });
    const refusals: Record<typeof undone.failure.code, Refusal> = {
      token_invalid: { code: 'VALIDATION_ERROR', text: 'undoInvalid' },
      token_used: { code: 'VALIDATION_ERROR', text: 'undoUsed' },
      token_expired: { code: 'VALIDATION_ERROR', text: 'undoExpired' },
    };
    return refuse(c, refusals[undone.failure.code]);
  });
};
