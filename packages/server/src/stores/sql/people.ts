/** Whole people at once, for bringing them in: a few statements for a batch, whatever their number. */
import type { EmailAddress, Locale, PasswordHash, Role, UserStatus } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { Database } from './database.ts';
import { newRowId } from './row-id.ts';

export type PersonRows = {
  id: string;
  name: string;
  avatarUrl: string | null;
  locale: Locale;
  status: UserStatus;
  createdAt: number;
  /** The primary one first. */
  emails: { email: EmailAddress; isPrimary: boolean; verifiedAt: number | null; createdAt: number }[];
  organization: { id: string; name: string; role: Role; createdAt: number } | undefined;
  connections: { provider: string; providerUserId: string; email: EmailAddress | null; createdAt: number }[];
};

/** What is somebody's already. */
export type Taken = {
  ids: Set<string>;
  emails: Map<string, { userId: string; isPrimary: boolean }>;
  /** By `connectionKey`. */
  connections: Set<string>;
};

export const connectionKey = ({ provider, providerUserId }: { provider: string; providerUserId: string }): string =>
  `${provider} ${providerUserId}`;

export const findTaken = async (db: Kysely<Database>, people: readonly PersonRows[]): Promise<Taken> => {
  const ids = people.map(({ id }) => id);
  const emails = people.flatMap((person) => person.emails.map(({ email }) => email));
  const accounts = people.flatMap((person) => person.connections);
  const providers = [...new Set(accounts.map(({ provider }) => provider))];
  const subjects = accounts.map(({ providerUserId }) => providerUserId);
  const users = await db.selectFrom('users').select('id').where('id', 'in', ids).execute();
  const addresses = await db
    .selectFrom('user_emails')
    .select(['email', 'user_id', 'is_primary'])
    .where('email', 'in', emails)
    .execute();
  const connections =
    subjects.length === 0
      ? []
      : await db
          .selectFrom('oauth_accounts')
          .select(['provider', 'provider_user_id'])
          // Too many by the pairs that nobody has; the provider leads the index.
          .where('provider', 'in', providers)
          .where('provider_user_id', 'in', subjects)
          .execute();
  return {
    ids: new Set(users.map(({ id }) => id)),
    emails: new Map(addresses.map((row) => [row.email, { userId: row.user_id, isPrimary: row.is_primary === 1 }])),
    connections: new Set(
      connections.map(({ provider, provider_user_id }) => connectionKey({ provider, providerUserId: provider_user_id })),
    ),
  };
};

/** Adds all of them or, when anything of theirs has been taken meanwhile, throws and adds nobody. */
export const addPeople = (
  db: Kysely<Database>,
  people: readonly { rows: PersonRows; passwordHash: PasswordHash | undefined }[],
  now: number,
): Promise<void> =>
  db.transaction().execute(async (transaction) => {
    const insert = async <Table extends keyof Database>(table: Table, values: Database[Table][]) => {
      // Fewer than 32 000 parameters in a statement, which is where SQLite ends.
      for (let from = 0; from < values.length; from += 1000) {
        await transaction
          .insertInto(table)
          .values(values.slice(from, from + 1000) as never)
          .execute();
      }
    };
    const rows = people.map((person) => person.rows);
    await insert(
      'users',
      rows.map(({ id, name, avatarUrl, locale, status, createdAt }) => ({
        id,
        name,
        avatar_url: avatarUrl,
        locale,
        inactive_reason: status === 'active' ? null : status,
        created_at: createdAt,
        updated_at: now,
      })),
    );
    await insert(
      'active_users',
      rows.filter(({ status }) => status === 'active').map(({ id, createdAt }) => ({ user_id: id, activated_at: createdAt })),
    );
    await insert(
      'user_emails',
      rows.flatMap(({ id, emails }) =>
        emails.map(({ email, isPrimary, verifiedAt, createdAt }) => ({
          id: newRowId(createdAt),
          user_id: id,
          email,
          is_primary: isPrimary ? (1 as const) : (0 as const),
          verified_at: verifiedAt,
          created_at: createdAt,
          updated_at: now,
        })),
      ),
    );
    await insert(
      'password_credentials',
      people.flatMap(({ rows: { id }, passwordHash }) =>
        passwordHash === undefined
          ? []
          : [{ id: newRowId(now), user_id: id, password_hash: passwordHash, created_at: now, updated_at: now }],
      ),
    );
    await insert(
      'oauth_accounts',
      rows.flatMap(({ id, connections }) =>
        connections.map(({ provider, providerUserId, email, createdAt }) => ({
          id: newRowId(createdAt),
          user_id: id,
          provider,
          provider_user_id: providerUserId,
          email,
          sealed_tokens: null,
          created_at: createdAt,
          updated_at: now,
        })),
      ),
    );
    for (const { id, organization } of rows) {
      if (!organization) continue;
      await transaction
        .insertInto('organizations')
        .values({
          id: organization.id,
          name: organization.name,
          subscription: 'free',
          created_at: organization.createdAt,
          updated_at: now,
        })
        // Of several members the first one brings it along.
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
      await insert('memberships', [
        { user_id: id, organization_id: organization.id, role: organization.role, created_at: organization.createdAt },
      ]);
    }
    await insert(
      'audit_events',
      rows.map(({ id }) => ({
        id: newRowId(now),
        at: now,
        type: 'user.imported' as const,
        user_id: id,
        session_id: null,
        ip_address: null,
        reason: null,
      })),
    );
  });
