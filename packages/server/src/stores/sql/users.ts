/** People and their state. Being active is the row in `active_users` and nothing else; the reason column only explains its absence. */
import type { UserStore } from '@tegata/core';
import { type Kysely, type SqlBool, sql } from 'kysely';
import { type Database, inTransaction, type SqlDatabase } from './database.ts';
import { findUser, selectUsers, toUser } from './user-row.ts';

export const createUserStore = (db: Kysely<Database>, { lockRow }: Pick<SqlDatabase, 'lockRow'>): UserStore => {
  const find: UserStore['find'] = (id) => findUser(db, id);

  return {
    create: ({ id, name, avatarUrl, locale, status, createdAt, updatedAt }) =>
      inTransaction(db, async (transaction) => {
        await transaction
          .insertInto('users')
          .values({
            id,
            name,
            avatar_url: avatarUrl,
            locale,
            inactive_reason: status === 'active' ? null : status,
            created_at: createdAt,
            updated_at: updatedAt,
          })
          .execute();
        if (status === 'active') await addActive(transaction, id, createdAt);
      }),

    find,

    lock: async (id) => {
      const row = await db.selectFrom('users').select('id').where('id', '=', id).modifyEnd(lockRow).executeTakeFirst();
      return row !== undefined;
    },

    findByEmail: async (email) => {
      const row = await selectUsers(db)
        .innerJoin('user_emails as named', 'named.user_id', 'users.id')
        .where('named.email', '=', email)
        .executeTakeFirst();
      return row && toUser(row);
    },

    findForLogIn: async (email) => {
      const row = await selectUsers(db)
        .innerJoin('user_emails as named', 'named.user_id', 'users.id')
        .leftJoin('password_credentials', 'password_credentials.user_id', 'users.id')
        .select('password_credentials.password_hash')
        .where('named.email', '=', email)
        .executeTakeFirst();
      return row && { user: toUser(row), passwordHash: row.password_hash };
    },

    update: async (id, { name, avatarUrl }, now) => {
      const { numUpdatedRows } = await db
        .updateTable('users')
        .set({
          ...(name !== undefined && { name }),
          ...(avatarUrl !== undefined && { avatar_url: avatarUrl }),
          updated_at: now,
        })
        .where('id', '=', id)
        .executeTakeFirst();
      return numUpdatedRows === 1n ? find(id) : undefined;
    },

    activatePending: (id, now) =>
      inTransaction(db, async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('users')
          .set({ inactive_reason: null, updated_at: now })
          .where('id', '=', id)
          .where('inactive_reason', '=', 'pending')
          .where(({ not, exists, selectFrom }) =>
            not(exists(selectFrom('active_users').select('user_id').whereRef('user_id', '=', 'users.id'))),
          )
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        await addActive(transaction, id, now);
        return true;
      }),

    setStatus: (id, status, now) =>
      inTransaction(db, async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('users')
          .set({ inactive_reason: status === 'active' ? null : status, updated_at: now })
          .where('id', '=', id)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        if (status === 'active') await addActive(transaction, id, now);
        else await transaction.deleteFrom('active_users').where('user_id', '=', id).execute();
        return true;
      }),

    // The foreign keys cascade to everything that is the user's.
    delete: async (id) => {
      await db.deleteFrom('users').where('id', '=', id).execute();
    },

    // Ids are UUIDv7: their order is the order of registration.
    list: async ({ limit, before, search }) => {
      let query = selectUsers(db).orderBy('users.id', 'desc').limit(limit);
      if (before !== undefined) query = query.where('users.id', '<', before);
      if (search !== undefined) query = query.where(matches(search));
      return (await query.execute()).map(toUser);
    },
  };
};

const addActive = async (db: Kysely<Database>, userId: string, now: number): Promise<void> => {
  await db
    .insertInto('active_users')
    .values({ user_id: userId, activated_at: now })
    .onConflict((conflict) => conflict.column('user_id').doNothing())
    .execute();
};

/** The name as typed or without regard to case (SQLite folds ASCII only), or any address, which are all in lower case. */
const matches = (search: string) => {
  const literal = search.replace(/[\\%_]/g, '\\$&');
  const exact = `%${literal}%`;
  const folded = `%${literal.toLowerCase()}%`;
  return sql<SqlBool>`(users.name like ${exact} escape '\\' or lower(users.name) like ${folded} escape '\\'
    or exists (select 1 from user_emails where user_emails.user_id = users.id and user_emails.email like ${folded} escape '\\'))`;
};
