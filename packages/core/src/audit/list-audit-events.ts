import type { Deps } from '../deps.ts';
import { parseEmailAddress } from '../emails/email-address.ts';
import { fail, ok, type Result } from '../result.ts';
import type { AuditQuery, AuditRecord } from './audit-event.ts';

/**
 * For operators: what happened, the newest last. Somebody who has closed their account is found by id, which the log
 * keeps, and not by address, which it never had.
 */
export type ListAuditEventsFailure = { code: 'user_not_found' };

export const listAuditEvents = async (
  { audit, users }: Pick<Deps, 'audit' | 'users'>,
  { idOrEmail, ...query }: Omit<AuditQuery, 'userId'> & { idOrEmail?: string | undefined },
): Promise<Result<AuditRecord[], ListAuditEventsFailure>> => {
  const email = idOrEmail === undefined ? undefined : parseEmailAddress(idOrEmail);
  const userId = email ? (await users.findByEmail(email))?.id : idOrEmail;
  if (email && userId === undefined) return fail('user_not_found');
  return ok((await audit.list({ ...query, userId })).reverse());
};
