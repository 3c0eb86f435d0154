import type { TestProject } from 'vitest/node';
import { migrateToLatest } from '../../packages/server/src/stores/sql/migrate.ts';
import { openDatabase } from '../../packages/server/src/stores/sql/sql-stores.ts';
import { startPostgres } from './postgres.ts';
import { template } from './postgres-template.ts';

/** One PostgreSQL for all tests of a project, with a database to copy. */
export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const postgres = await startPostgres();
  try {
    await postgres.query(`create database ${template}`);
    const database = await openDatabase(postgres.url(template));
    await migrateToLatest(database);
    await database.close();
  } catch (error) {
    await postgres.remove();
    throw error;
  }
  provide('postgres', { url: postgres.url(), psql: postgres.psql });
  return postgres.remove;
};

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { url: string; psql: string };
  }
}
