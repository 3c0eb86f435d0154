import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import type { SecretToken } from '../tokens/secret-token.ts';
import type { Service, ServiceScope } from './service.ts';

/**
 * For operators: gives another program a credential of its own. The secret is 256 random bits, told here and never again:
 * the store has its digest. Records `service.added`.
 */
export type AddServiceFailure = { code: 'service_name_invalid' } | { code: 'service_without_scope' };

export const addService = async (
  { atomically, clock, secrets }: Pick<Deps, 'atomically' | 'clock' | 'secrets'>,
  input: { name: string; scopes: readonly ServiceScope[] },
): Promise<Result<{ service: Service; secret: SecretToken; credential: string }, AddServiceFailure>> => {
  const name = input.name.trim();
  if (name === '' || [...name].length > 100 || !name.isWellFormed() || /\p{Cc}/u.test(name)) return fail('service_name_invalid');
  const scopes = [...new Set(input.scopes)];
  if (scopes.length === 0) return fail('service_without_scope');
  const secret = secrets.token();
  return atomically(async (stores) => {
    const now = clock();
    const service: Service = { id: secrets.uuid(), name, scopes, createdAt: now, revokedAt: null };
    await stores.services.create(service, secrets.digestToken(secret));
    await stores.audit.add({ type: 'service.added', reason: service.id }, now);
    return ok({ service, secret, credential: `${service.id}.${secret}` });
  });
};
