/** Organizations and who belongs to them. */
import type { Membership, OrganizationStore, Role } from '@tegata/core';
import type { Kysely } from 'kysely';
import { type Database, inTransaction, type SqlDatabase } from './database.ts';

export const createOrganizationStore = (
  db: Kysely<Database>,
  { waitForWriters }: Pick<SqlDatabase, 'waitForWriters'>,
): OrganizationStore => ({
  create: ({ id, name, subscription, createdAt }, { userId, role }) =>
    inTransaction(db, async (transaction) => {
      await transaction
        .insertInto('organizations')
        .values({ id, name, subscription, created_at: createdAt, updated_at: createdAt })
        .execute();
      await transaction
        .insertInto('memberships')
        .values({ user_id: userId, organization_id: id, role, created_at: createdAt })
        .execute();
    }),

  findMembership: async (userId) => toMembership(await selectMembership(db, userId).executeTakeFirst()),

  // A transaction, because on SQLite that is what waits for other writers.
  findSettledMembership: (userId) =>
    inTransaction(db, async (transaction) => {
      const settled = selectMembership(transaction, userId).modifyEnd(waitForWriters('memberships'));
      return toMembership(await settled.executeTakeFirst());
    }),

  changeRole: (userId, organizationId, role, now) =>
    inTransaction(db, async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('memberships')
        .set({ role })
        .where('user_id', '=', userId)
        .where('organization_id', '=', organizationId)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      await transaction.updateTable('organizations').set({ updated_at: now }).where('id', '=', organizationId).execute();
      return true;
    }),
});

const selectMembership = (db: Kysely<Database>, userId: string) =>
  db
    .selectFrom('memberships')
    .innerJoin('organizations', 'organizations.id', 'memberships.organization_id')
    .select(['organizations.id', 'organizations.name', 'organizations.created_at', 'memberships.role'])
    .where('memberships.user_id', '=', userId)
    .orderBy('memberships.created_at')
    .limit(1);

const toMembership = (
  row: { id: string; name: string; created_at: number; role: string } | undefined,
): Membership | undefined => {
  if (!row) return undefined;
  const { id, name, created_at: createdAt, role } = row;
  return { organization: { id, name, subscription: 'free', createdAt }, role: role as Role };
};
