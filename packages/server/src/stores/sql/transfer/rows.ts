/** Reading a table in batches, by its primary key, and adding a batch in one statement. The same on both databases. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { isPostgresUrl } from '../../../config/database-url.ts';
import type { Database } from '../database.ts';
import { createSum, type Row, type Sum } from './checksum.ts';
import type { Table } from './tables.ts';

type Db = Kysely<Database>;

const names = (columns: readonly string[]): RawBuilder<unknown> => sql.join(columns.map((column) => sql.ref(column)));

export const countRows = async (db: Db, { name }: Table): Promise<number> => {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(name)}`.execute(db);
  return Number(rows[0]?.n);
};

/** The key of the row that stands at `place`, counted from one, in the order in which `batches` reads. */
export const keyAt = async (db: Db, { name, key }: Table, place: number): Promise<Row | undefined> => {
  const found = await sql<Row>`
    select ${names(key)} from ${sql.table(name)} order by ${names(key)} limit 1 offset ${sql.lit(place - 1)}`.execute(db);
  return found.rows[0];
};

/** All rows behind `after`, or the first `most` of them, in the order of the primary key, whatever that is in this database. */
export async function* batches(
  db: Db,
  { name, columns, key }: Table,
  { size, after, most = Number.POSITIVE_INFINITY }: { size: number; after?: Row | undefined; most?: number },
): AsyncGenerator<Row[]> {
  let last = after;
  for (let left = most; left > 0; ) {
    const behind = last ? sql`where (${names(key)}) > (${sql.join(key.map((column) => last![column]))})` : sql``;
    const { rows } = await sql<Row>`
      select ${names(columns)} from ${sql.table(name)} ${behind}
      order by ${names(key)} limit ${sql.lit(Math.min(size, left))}`.execute(db);
    if (rows.length === 0) return;
    yield rows;
    left -= rows.length;
    last = rows.at(-1);
  }
}

export const sumOf = async (db: Db, table: Table, options: { size: number; most?: number }): Promise<Sum> => {
  const sum = createSum(table.columns);
  for await (const rows of batches(db, table, options)) for (const row of rows) sum.add(row);
  return sum.value();
};

/** Adds the rows that are not there yet: all of the batch or none, and again without harm. The batch is one parameter. */
export const rowAdder = (url: string): ((db: Db, table: Table, rows: readonly Row[]) => Promise<void>) => {
  const isPostgres = isPostgresUrl(url);
  return async (db, { name, columns }, rows) => {
    const read = isPostgres
      ? sql`select ${names(columns)} from json_populate_recordset(null::${sql.table(name)}, ${JSON.stringify(rows)}::json)`
      : sql`select ${sql.join(columns.map((column) => sql`value ->> ${sql.lit(column)}`))} from json_each(${JSON.stringify(rows)}) where true`;
    await sql`insert into ${sql.table(name)} (${names(columns)}) ${read} on conflict do nothing`.execute(db);
  };
};
