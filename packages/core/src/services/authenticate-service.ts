import { timingSafeEqual } from 'node:crypto';
import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';
import type { Service, ServiceScope } from './service.ts';

/**
 * Which service is calling, and may it do that? An unknown id, a wrong secret and a revoked service are one failure:
 * ids tell nothing. The digests are compared whole, in constant time.
 */
export type AuthenticateServiceFailure = { code: 'service_unknown' } | { code: 'scope_missing' };

export const authenticateService = async (
  { services, secrets }: Pick<Deps, 'services' | 'secrets'>,
  { id, secret, scope }: { id: string; secret: string; scope: ServiceScope },
): Promise<Result<Service, AuthenticateServiceFailure>> => {
  const found = await services.find(id);
  const presented = Buffer.from(secrets.digestToken(secret));
  // Compared with something also when there is nothing to compare with.
  const expected = Buffer.from(found?.digest ?? secrets.digestToken(`no secret ${secret}`));
  const matches = presented.length === expected.length && timingSafeEqual(presented, expected);
  if (!found || !matches || found.service.revokedAt !== null) return fail('service_unknown');
  if (!found.service.scopes.includes(scope)) return fail('scope_missing');
  return ok(found.service);
};
