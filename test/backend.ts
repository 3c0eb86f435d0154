import { Client } from 'pg';
import { inject } from 'vitest';
import { template } from './services/postgres-template.ts';

/** What a test server keeps its data in. Each kind is a project of vitest.config.ts, which runs the same tests. */
export type BackendKind = 'sqlite' | 'postgres' | 'postgres+redis';

declare module 'vitest' {
  interface ProvidedContext {
    backend: BackendKind;
  }
}

/** The tests that are about SQLite itself, such as its file, say `describe.runIf(backend === 'sqlite')`. */
export const backend: BackendKind = inject('backend');

/** Settings that lead a server to stores of its own, empty ones, until they are released. */
export type Backend = { settings: Record<string, string>; release: () => Promise<void> };

export const openBackend = async (): Promise<Backend> => {
  if (backend === 'sqlite') return { settings: {}, release: async () => {} };
  const url = idle.pop() ?? (await newDatabase());
  return {
    settings: { DATABASE_URL: url, TEGATA_DATABASE_POOL: '5', ...(backend === 'postgres+redis' ? newPrefix() : {}) },
    release: async () => {
      if (await emptied(url)) idle.push(url);
    },
  };
};

/** Whatever was kept under the prefix of another server is not there under this one. */
const newPrefix = () => {
  prefixes += 1;
  return { REDIS_URL: inject('redis').url, TEGATA_REDIS_PREFIX: `test-${process.pid}-${prefixes}:` };
};
let prefixes = 0;

/** Databases of this worker that a test has finished with. Emptying one takes a tenth of the time of making one. */
const idle: string[] = [];
let made = 0;
/** What the tables of a new database look like. */
let untouched: string | undefined;

const newDatabase = async (): Promise<string> => {
  const { url } = inject('postgres');
  made += 1;
  const name = `tegata_${process.pid}_${made}`;
  await connected(url, (client) => client.query(`create database ${name} template ${template}`));
  const own = new URL(`/${name}`, url).href;
  untouched ??= (await connected(own, tablesOf)).schema;
  return own;
};

/** False when the test has changed more than rows: then nobody else gets the database. It goes with the server. */
const emptied = (url: string): Promise<boolean> =>
  connected(url, async (client) => {
    const { names, schema } = await tablesOf(client);
    if (schema !== untouched) return false;
    await client.query(names.map((name) => `delete from ${name}`).join(';'));
    return true;
  });

const tablesOf = async (client: Client): Promise<{ names: string[]; schema: string }> => {
  const { rows } = await client.query(`
    select c.relname, string_agg(a.attname || a.atttypid, ',' order by a.attnum) as columns, c.relhastriggers, c.relchecks
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    group by c.oid order by c.relname`);
  return {
    names: rows.map((row) => String(row.relname)).filter((name) => !name.startsWith('tegata_migration')),
    schema: JSON.stringify(rows),
  };
};

const connected = async <Value>(url: string, work: (client: Client) => Promise<Value>): Promise<Value> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};
