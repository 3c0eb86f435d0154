/** The keys that sign access tokens. There are a handful, and every node reads them once a second. */
import type { KeyRecord, SigningKeyStore } from '@tegata/core';
import type { Kysely, Selectable } from 'kysely';
import { type Database, inTransaction, type SigningKeysTable, type SqlDatabase } from './database.ts';
import { precompiled } from './precompiled.ts';

const everyKey = precompiled((db) =>
  db.selectFrom('signing_keys').selectAll().orderBy('created_at').orderBy('alg').orderBy('sequence'),
);

export const createSigningKeyStore = (db: Kysely<Database>, { serialize }: Pick<SqlDatabase, 'serialize'>): SigningKeyStore => ({
  lock: () => inTransaction(db, (transaction) => serialize(transaction, 'signing-keys')),

  list: async () => (await everyKey(db, {})).rows.map(toRecord),

  add: async (key) => {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('signing_keys')
      .values({
        kid: key.kid,
        alg: key.algorithm,
        sequence: key.sequence,
        public_jwk: key.publicJwk,
        sealed_private: key.sealedPrivate,
        created_at: key.createdAt,
        activates_at: key.activatesAt,
        retires_at: key.retiresAt,
        revoked_at: key.revokedAt,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  },

  change: async (kid, { activatesAt, retiresAt, revokedAt, sealedPrivate }) => {
    await db
      .updateTable('signing_keys')
      .set({
        ...(activatesAt !== undefined && { activates_at: activatesAt }),
        ...(retiresAt !== undefined && { retires_at: retiresAt }),
        ...(revokedAt !== undefined && { revoked_at: revokedAt }),
        ...(sealedPrivate !== undefined && { sealed_private: sealedPrivate }),
      })
      .where('kid', '=', kid)
      .execute();
  },

  remove: async (kid) => {
    await db.deleteFrom('signing_keys').where('kid', '=', kid).execute();
  },
});

const toRecord = (row: Selectable<SigningKeysTable>): KeyRecord => ({
  kid: row.kid,
  algorithm: row.alg,
  sequence: row.sequence,
  publicJwk: row.public_jwk,
  sealedPrivate: row.sealed_private,
  createdAt: row.created_at,
  activatesAt: row.activates_at,
  retiresAt: row.retires_at,
  revokedAt: row.revoked_at,
});
