import type { Deps, UserEmail } from '../deps.ts';
import { parseEmailAddress } from '../emails/email-address.ts';
import { listEmails } from '../emails/list-emails.ts';
import { fail, ok, type Result } from '../result.ts';
import { listSessions } from '../sessions/list-sessions.ts';
import type { Session } from '../sessions/session.ts';
import type { User } from './user.ts';

/** For operators: one user, by id or address, with addresses and live sessions. */
export type ShowUserFailure = { code: 'user_not_found' };

export type ShownUser = { user: User; emails: UserEmail[]; sessions: Session[]; hasPassword: boolean };

export const showUser = async (
  deps: Pick<Deps, 'users' | 'emails' | 'oneTimeTokens' | 'sessions' | 'passwords' | 'clock'>,
  { idOrEmail }: { idOrEmail: string },
): Promise<Result<ShownUser, ShowUserFailure>> => {
  const email = parseEmailAddress(idOrEmail);
  const user = email ? await deps.users.findByEmail(email) : await deps.users.find(idOrEmail);
  if (!user) return fail('user_not_found');
  const userId = user.id;
  const emails = await listEmails(deps, { userId });
  const sessions = await listSessions(deps, { userId });
  return ok({ user, emails, sessions, hasPassword: (await deps.passwords.find(userId)) !== undefined });
};
