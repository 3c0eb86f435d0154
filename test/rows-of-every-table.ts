import { sql } from 'kysely';
import { migrateToLatest } from '../packages/server/src/stores/sql/migrate.ts';
import { openDatabase } from '../packages/server/src/stores/sql/sql-stores.ts';
import type { Row } from '../packages/server/src/stores/sql/transfer/checksum.ts';
import { rowAdder } from '../packages/server/src/stores/sql/transfer/rows.ts';
import { tablesToMove } from '../packages/server/src/stores/sql/transfer/tables.ts';

// Fills every table of the schema, also one that nobody had thought of when this was written: values come from the types
// of the columns, and a foreign key gets the row of the same number.

/** Columns that take only certain values. */
const certain: Record<string, (number: number) => unknown> = {
  'users.inactive_reason': (number) => [null, 'pending', 'suspended', 'deactivated'][number % 4],
};

const awkward = ['', 'ä', '人と国', "it's", '"quoted" \\ back', '\u2028', '😀', '{"a":[1]}', ' blank '];

export const fillEveryTable = async (url: string, rowsOfEach: number): Promise<void> => {
  const schema = await openDatabase('sqlite::memory:');
  await migrateToLatest(schema);
  const database = await openDatabase(url);
  await migrateToLatest(database);
  const add = rowAdder(url);
  for (const table of await tablesToMove()) {
    const columns = (
      await sql<{
        name: string;
        type: string;
        notnull: number;
        pk: number;
      }>`select * from pragma_table_info(${table.name})`.execute(schema.db)
    ).rows;
    const references = (
      await sql<{ from: string; table: string; to: string }>`select * from pragma_foreign_key_list(${table.name})`.execute(
        schema.db,
      )
    ).rows;
    const valueIn = (column: (typeof columns)[number], number: number): unknown => {
      const parent = references.find(({ from }) => from === column.name);
      if (parent) return keyText(parent.table, parent.to, number);
      const only = certain[`${table.name}.${column.name}`];
      if (only) return only(number);
      if (column.notnull === 0 && column.pk === 0 && number % 3 === 0) return null;
      // Flags are 0 or 1, times are large: both are what an integer column may hold.
      if (column.type.toLowerCase() === 'integer') return number % 2;
      if (column.type.toLowerCase() === 'bigint') return 1_800_000_000_000 + number;
      return keyText(table.name, column.name, number);
    };
    const rows: Row[] = Array.from({ length: rowsOfEach }, (_, number) =>
      Object.fromEntries(columns.map((column) => [column.name, valueIn(column, number)])),
    );
    await add(database.db, table, rows);
  }
  await database.close();
  await schema.close();
};

const keyText = (table: string, column: string, number: number) =>
  `${table}.${column} ${number} ${awkward[number % awkward.length]}`;
