/** Other programs that may ask about tokens, with the digests of their secrets. */
import { type Service, type ServiceStore, serviceScopes } from '@tegata/core';
import type { Kysely, Selectable } from 'kysely';
import type { Database, ServicesTable } from './database.ts';

export const createServiceStore = (db: Kysely<Database>): ServiceStore => ({
  create: async ({ id, name, scopes, createdAt, revokedAt }, digest) => {
    await db
      .insertInto('services')
      .values({ id, name, digest, scopes: scopes.join(' '), created_at: createdAt, revoked_at: revokedAt })
      .execute();
  },

  find: async (id) => {
    const row = await db.selectFrom('services').selectAll().where('id', '=', id).executeTakeFirst();
    return row && { service: toService(row), digest: row.digest };
  },

  list: async () => (await db.selectFrom('services').selectAll().orderBy('id', 'desc').execute()).map(toService),

  revoke: async (id, now) => {
    const { numUpdatedRows } = await db
      .updateTable('services')
      .set({ revoked_at: now })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  },
});

const toService = (row: Selectable<ServicesTable>): Service => ({
  id: row.id,
  name: row.name,
  // A scope that this release does not know gives nothing.
  scopes: serviceScopes.filter((scope) => row.scopes.split(' ').includes(scope)),
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
});
