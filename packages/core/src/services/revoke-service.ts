import type { Deps } from '../deps.ts';
import { fail, ok, type Result } from '../result.ts';

/**
 * For operators: the credential of a service is refused from now on. A stream of revocations that it holds open ends
 * within seconds. Records `service.revoked`.
 */
export type RevokeServiceFailure = { code: 'service_not_found' };

export const revokeService = async (
  { atomically, clock }: Pick<Deps, 'atomically' | 'clock'>,
  { serviceId }: { serviceId: string },
): Promise<Result<undefined, RevokeServiceFailure>> =>
  atomically(async (stores) => {
    if (!(await stores.services.revoke(serviceId, clock()))) return fail('service_not_found');
    await stores.audit.add({ type: 'service.revoked', reason: serviceId }, clock());
    return ok(undefined);
  });
