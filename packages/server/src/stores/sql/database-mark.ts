/**
 * Tells one database from another without reading anything of anybody: the moment its first migration ran, which every
 * database has for its own, and which a backup keeps.
 */
import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Database } from './database.ts';

export const databaseMark = async (db: Kysely<Database>): Promise<string> => {
  const { rows } = await sql<{ first: string }>`select min(timestamp) as first from tegata_migrations`.execute(db);
  return createHash('sha256').update(`tegata ${rows[0]?.first}`).digest('base64url').slice(0, 22);
};
