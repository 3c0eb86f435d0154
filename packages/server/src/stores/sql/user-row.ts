/**
 * How a user is read, always with the primary address and the state, in one query. Shared by the users and by the
 * sessions, whose look-up brings the owner along.
 */
import type { User } from '@tegata/core';
import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Database, UserEmailsTable, UsersTable } from './database.ts';
import { precompiled } from './precompiled.ts';

/** Columns over `users`, `primary_email` and `active_users`; the names cannot collide with those of a table joined to it. */
export const userColumns = [
  'users.id as account_id',
  'primary_email.email as account_email',
  'primary_email.verified_at as account_email_verified_at',
  'users.name as account_name',
  'users.avatar_url as account_avatar_url',
  'users.locale as account_locale',
  'users.inactive_reason as account_inactive_reason',
  'active_users.activated_at as account_activated_at',
  'users.created_at as account_created_at',
  'users.updated_at as account_updated_at',
] as const;

export type UserRow = {
  account_id: string;
  account_email: UserEmailsTable['email'];
  account_email_verified_at: number | null;
  account_name: string;
  account_avatar_url: string | null;
  account_locale: UsersTable['locale'];
  account_inactive_reason: UsersTable['inactive_reason'];
  account_activated_at: number | null;
  account_created_at: number;
  account_updated_at: number;
};

/** The condition of the partial index `user_emails_one_primary`, with its literal. */
export const isPrimary = (eb: ExpressionBuilder<Database & { primary_email: UserEmailsTable }, 'primary_email'>) =>
  eb('primary_email.is_primary', '=', eb.lit(1));

export const toUser = (row: UserRow): User => ({
  id: row.account_id,
  email: row.account_email,
  emailVerified: row.account_email_verified_at !== null,
  name: row.account_name,
  avatarUrl: row.account_avatar_url,
  locale: row.account_locale,
  status: row.account_activated_at === null ? (row.account_inactive_reason ?? 'deactivated') : 'active',
  createdAt: row.account_created_at,
  updatedAt: row.account_updated_at,
});

export const selectUsers = (db: Kysely<Database>) =>
  db
    .selectFrom('users')
    .innerJoin('user_emails as primary_email', (join) => join.onRef('primary_email.user_id', '=', 'users.id').on(isPrimary))
    .leftJoin('active_users', 'active_users.user_id', 'users.id')
    .select(userColumns);

const selectUser = precompiled((db, { id }: { id: string }) => selectUsers(db).where('users.id', '=', id));

export const findUser = async (db: Kysely<Database>, id: string): Promise<User | undefined> => {
  const [row] = (await selectUser(db, { id })).rows;
  return row && toUser(row);
};
