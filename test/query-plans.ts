import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';

// How a database would carry out a statement: which tables it reads from the first row to the last.

/** Tables of a handful of rows, whatever the number of people. Every other one grows. */
const small = new Set(['signing_keys', 'services', 'leases', 'tegata_migrations', 'tegata_migration_lock']);

/** What is read whole on purpose, because it holds only what waits. */
const shortIndexes = new Set(['mail_outbox_due']);

/** The statement, and what of it reads more the more people there are. */
export type Finding = { statement: string; reads: string };

/**
 * What SQLite or PostgreSQL would read whole, of each statement. PostgreSQL plans with a table's content: fill and `analyze` it
 * before. It is asked for the plan that it makes once for all values, and told to avoid what we look for wherever it can.
 */
export const wholeReads = async (url: string, statements: readonly string[]): Promise<Finding[]> => {
  const explain = url.startsWith('sqlite:') ? sqliteReads(url.slice('sqlite:'.length)) : await postgresReads(url);
  try {
    const findings: Finding[] = [];
    for (const statement of new Set(statements)) {
      if (!/^(select|insert|update|delete|with)\b/i.test(statement)) continue;
      for (const reads of await explain.reads(statement)) findings.push({ statement, reads });
    }
    return findings;
  } finally {
    await explain.close();
  }
};

type Explain = { reads: (statement: string) => Promise<string[]>; close: () => Promise<void> };

const sqliteReads = (file: string): Explain => {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  return {
    reads: async (statement) => {
      const steps = database
        .prepare(`explain query plan ${statement}`)
        .all()
        .map(({ detail }) => String(detail));
      // `SEARCH` follows an index; `SCAN` reads a table or an index from end to end. A table goes by its alias.
      const ownNames = new Set([...statement.matchAll(/\bwith "(\w+)"/g)].map(([, name]) => name));
      return steps.filter((step) => {
        if (/^SCAN (CONSTANT ROW|\d+-ROW VALUES CLAUSE)$/.test(step)) return false;
        const [, table = '', index = ''] = /^SCAN (\w+)(?: .*INDEX (\w+))?/.exec(step) ?? [];
        return table !== '' && !small.has(table) && !ownNames.has(table) && !shortIndexes.has(index);
      });
    },
    close: async () => database.close(),
  };
};

type Plan = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  Plans?: Plan[];
};

const postgresReads = async (url: string): Promise<Explain> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('set plan_cache_mode = force_generic_plan');
  await client.query('set enable_seqscan = off');
  /** An index that is read without a condition is read from end to end, as a table is. */
  const readsOf = (plan: Plan, table = plan['Relation Name'] ?? ''): string[] => {
    const { 'Node Type': type, 'Index Name': index = '' } = plan;
    const isWhole = type === 'Seq Scan' || (/^(Index|Bitmap Index|Index Only) Scan$/.test(type) && !plan['Index Cond']);
    const own = isWhole && !small.has(table) && !shortIndexes.has(index) ? [`${type} ${table} ${index}`.trim()] : [];
    // The node below a bitmap scan names its index alone.
    return [...own, ...(plan.Plans ?? []).flatMap((child) => readsOf(child, child['Relation Name'] ?? table))];
  };
  return {
    reads: async (statement) => {
      const count = Math.max(0, ...[...statement.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
      const values = count === 0 ? '' : `(${Array.from({ length: count }, () => 'null').join(', ')})`;
      await client.query(`prepare explained as ${statement}`);
      const { rows } = await client.query(`explain (format json) execute explained${values}`);
      await client.query('deallocate explained');
      return readsOf(rows[0]['QUERY PLAN'][0].Plan);
    },
    close: () => client.end(),
  };
};
