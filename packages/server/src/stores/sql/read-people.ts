import type { PasswordHash, Role } from '@tegata/core';
import { type Kysely, sql } from 'kysely';
import type { Database } from './database.ts';
import type { PersonRows } from './people.ts';

/** Everybody in the order of their ids, `size` at a time. A person who changes meanwhile is as they were when read. */
export async function* readPeople(
  db: Kysely<Database>,
  size: number,
): AsyncGenerator<{ rows: PersonRows; passwordHash: PasswordHash | undefined }[]> {
  for (let after = ''; ; ) {
    const users = await db
      .selectFrom('users')
      .selectAll('users')
      // Not a join, which PostgreSQL may carry out along the whole index of the other table, for every batch again.
      .select(({ selectFrom }) =>
        selectFrom('active_users')
          .select('active_users.activated_at')
          .whereRef('active_users.user_id', '=', 'users.id')
          .as('activated_at'),
      )
      .where('users.id', '>', after)
      .orderBy('users.id')
      .limit(sql.lit(size))
      .execute();
    const last = users.at(-1);
    if (!last) return;
    after = last.id;
    const ids = users.map(({ id }) => id);
    const of = <Row>(rows: Row[], owner: (row: Row) => string) => Map.groupBy(rows, owner);
    const emails = of(
      await db
        .selectFrom('user_emails')
        .selectAll()
        .where('user_id', 'in', ids)
        .orderBy('is_primary', 'desc')
        .orderBy('created_at')
        .orderBy('email')
        .execute(),
      (row) => row.user_id,
    );
    const passwords = of(
      await db.selectFrom('password_credentials').select(['user_id', 'password_hash']).where('user_id', 'in', ids).execute(),
      (row) => row.user_id,
    );
    const connections = of(
      await db
        .selectFrom('oauth_accounts')
        .selectAll()
        .where('user_id', 'in', ids)
        .orderBy('created_at')
        .orderBy('provider')
        .execute(),
      (row) => row.user_id,
    );
    const memberships = of(
      await db
        .selectFrom('memberships')
        .innerJoin('organizations', 'organizations.id', 'memberships.organization_id')
        .select(['memberships.user_id', 'memberships.role', 'organizations.id', 'organizations.name', 'organizations.created_at'])
        .where('memberships.user_id', 'in', ids)
        .orderBy('memberships.created_at')
        .execute(),
      (row) => row.user_id,
    );
    yield users.flatMap((user) => {
      // Gone between two reads.
      if (!emails.has(user.id)) return [];
      const organization = memberships.get(user.id)?.[0];
      return [
        {
          passwordHash: passwords.get(user.id)?.[0]?.password_hash,
          rows: {
            id: user.id,
            name: user.name,
            avatarUrl: user.avatar_url,
            locale: user.locale,
            status: user.activated_at === null ? (user.inactive_reason ?? 'deactivated') : 'active',
            createdAt: user.created_at,
            emails: emails.get(user.id)!.map((row) => ({
              email: row.email,
              isPrimary: row.is_primary === 1,
              verifiedAt: row.verified_at,
              createdAt: row.created_at,
            })),
            organization: organization && {
              id: organization.id,
              name: organization.name,
              role: organization.role as Role,
              createdAt: organization.created_at,
            },
            connections: (connections.get(user.id) ?? []).map((row) => ({
              provider: row.provider,
              providerUserId: row.provider_user_id,
              email: row.email,
              createdAt: row.created_at,
            })),
          },
        },
      ];
    });
  }
}
