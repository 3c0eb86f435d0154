/** Organizations and who belongs to them. */
import type { OrganizationStore, Role } from '@tegata/core';
import type { Kysely } from 'kysely';
import { type Database, inTransaction } from './database.ts';

export const createOrganizationStore = (db: Kysely<Database>): OrganizationStore => ({
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

  findMembership: async (userId) => {
    const row = await db
      .selectFrom('memberships')
      .innerJoin('organizations', 'organizations.id', 'memberships.organization_id')
      .select(['organizations.id', 'organizations.name', 'organizations.created_at', 'memberships.role'])
      .where('memberships.user_id', '=', userId)
      .orderBy('memberships.created_at')
      .limit(1)
      .executeTakeFirst();
    if (!row) return undefined;
    const { id, name, created_at: createdAt } = row;
    return { organization: { id, name, subscription: 'free', createdAt }, role: row.role as Role };
  },

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
