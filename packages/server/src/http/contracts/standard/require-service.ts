import { parseServiceCredential, type Service, type ServiceScope } from '@tegata/core';
import type { Door, HttpContext } from '../../contract.ts';
import { bearerToken } from '../../request.ts';
import { refuse } from './answer.ts';
import { limits } from './policy.ts';

type Credential = { id: string; secret: string };
type Handler = (c: HttpContext, service: Service, credential: Credential) => Promise<Response>;

/**
 * The guard of calls that other services make: `Authorization: Bearer <id>.<secret>`, or Basic with the id as the user (RFC
 * 6749, section 2.3.1). Refused credentials are counted by address, so that trying many gets slow.
 */
export const createRequireService =
  ({ auth, limit }: Pick<Door, 'auth' | 'limit'>) =>
  (scope: ServiceScope, handler: Handler) =>
  async (c: HttpContext): Promise<Response> => {
    if (!c.req.header('authorization')) {
      return refuse(c, { code: 'UNAUTHORIZED', text: 'serviceRequired' }, { authenticate: challenge() });
    }
    const credential = credentialOf(c);
    const caller = credential && (await auth.authenticateService({ ...credential, scope }));
    if (credential && caller?.ok) return handler(c, caller.value, credential);
    await limit(limits.serviceRefused, c.get('ipBucket'));
    if (caller && !caller.ok && caller.failure.code === 'scope_missing') {
      const authenticate = challenge(`error="insufficient_scope", scope="${scope}"`);
      return refuse(c, { code: 'FORBIDDEN', text: 'serviceScope', reason: 'insufficient_scope' }, { authenticate });
    }
    const authenticate = challenge('error="invalid_token"');
    return refuse(c, { code: 'UNAUTHORIZED', text: 'serviceInvalid', reason: 'invalid_client' }, { authenticate });
  };

const challenge = (error?: string) => `Bearer realm="tegata"${error ? `, ${error}` : ''}, Basic realm="tegata"`;

const credentialOf = (c: HttpContext): Credential | undefined => {
  const bearer = bearerToken(c);
  if (bearer.state === 'present') return parseServiceCredential(bearer.token);
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(c.req.header('authorization') ?? '') ?? [];
  // Ids and secrets have no character that form encoding would change, and none of them is a colon.
  return parseServiceCredential(
    Buffer.from(encoded ?? '', 'base64')
      .toString('latin1')
      .replace(':', '.'),
  );
};
